"""`ports.ModelStore` on the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from stashhog.db import model_calls
from stashhog.db.access import Access
from stashhog.domain.asking import Caps, Wanted
from stashhog.domain.asking.budget import Refusal
from stashhog.ports.model import ModelUsage


class ModelRows:
    """Calls to the model and their answers; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def kept_answers(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Question key → the answer that was kept."""
        return await self._db.read(model_calls.kept_answers, keys)

    async def reserve(
        self, job_id: str, plan_id: int, wanted: Wanted, caps: Caps, *, now: datetime
    ) -> int | Refusal:
        """Hold what a call can cost at the most; see `ports.ModelStore.reserve`."""
        return await self._db.write(
            model_calls.reserve_call, job_id, plan_id, wanted, caps, now=now
        )

    async def settle(
        self,
        call_id: int,
        usage: ModelUsage | None,
        answers: Mapping[str, Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Book a call and keep its answers; see `ports.ModelStore.settle`."""
        await self._db.write(model_calls.settle_call, call_id, usage, answers, now)

    async def settle_lost(self) -> int:
        """Book what a former process left; see `ports.ModelStore.settle_lost`."""
        return await self._db.write(model_calls.settle_lost_calls)
