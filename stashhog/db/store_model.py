"""`ports.ModelStore` on the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from stashhog.db import model_calls
from stashhog.db.access import Access
from stashhog.domain.asking.budget import Refusal
from stashhog.ports.model import Reservation, Settlement


class ModelRows:
    """Calls to the model and their answers; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def kept_answers(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Question key → the answer that was kept."""
        return await self._db.read(model_calls.kept_answers, keys)

    async def book(
        self, settled: Sequence[Settlement], wanted: Sequence[Reservation], now: datetime
    ) -> Sequence[int | Refusal]:
        """Book ended calls and hold new ones; see `ports.ModelStore.book`."""
        return await self._db.write(model_calls.book_calls, settled, wanted, now)

    async def forget_answers(self, now: datetime) -> int:
        """Let go of old answers; see `ports.ModelStore.forget_answers`."""
        return await self._db.write(model_calls.forget_answers, now)

    async def settle_lost(self) -> int:
        """Book what a former process left; see `ports.ModelStore.settle_lost`."""
        return await self._db.write(model_calls.settle_lost_calls)
