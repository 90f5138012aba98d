"""Many small bookings in few transactions: what comes while one is written goes with the next.

Rules:
- A transaction costs one wait for the disk, however many calls it books; so a slow disk does not
  slow down the calls.
- A reservation whose asker was cancelled meanwhile is given back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import trio

from stashhog.core.exceptions import StashHogException
from stashhog.domain.asking.budget import Refusal
from stashhog.ports.model import ModelStore, ModelUsage, Reservation, Settlement

NOT_EXECUTED = ModelUsage("", 0, 0, 0.0, 0, 0.0, requests=0)


@dataclass(slots=True, eq=False)
class _Entry:
    """One booking that waits: `outcome` is what came of it, or why nothing did."""

    what: Reservation | Settlement
    outcome: int | Refusal | StashHogException | None = None
    abandoned: bool = False


class Bookings:
    """Books for all calls of the process."""

    def __init__(self, store: ModelStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._waiting: list[_Entry] = []
        self._writing = trio.Lock()

    async def reserve(self, call: Reservation) -> int | Refusal:
        """Hold what a call can cost at the most; its id, or why it may not go out.

        Raises:
            StorageError: nothing was held.
        """
        outcome = await self._book(_Entry(call))
        if not isinstance(outcome, int | str):
            raise TypeError("a reservation ends with an id or a refusal")
        return outcome

    async def settle(self, call: Settlement) -> None:
        """Book a call that ended.

        Raises:
            StorageError: it was not booked.
        """
        await self._book(_Entry(call))

    async def _book(self, entry: _Entry) -> int | Refusal | None:
        self._waiting.append(entry)
        try:
            async with self._writing:
                if entry in self._waiting:
                    await self._write()
        except trio.Cancelled:
            entry.abandoned = True
            if entry in self._waiting:
                self._waiting.remove(entry)
            elif isinstance(entry.outcome, int):
                self._give_back(entry.outcome)
            raise
        if isinstance(entry.outcome, StashHogException):
            raise entry.outcome
        return entry.outcome

    async def _write(self) -> None:
        """Write all that waits; whoever is cancelled meanwhile waits for the end."""
        entries, self._waiting = self._waiting, []
        settled = [one for one in entries if isinstance(one.what, Settlement)]
        wanted = [one for one in entries if isinstance(one.what, Reservation)]
        try:
            with trio.CancelScope(shield=True):
                outcomes = await self._store.book(
                    [one.what for one in settled if isinstance(one.what, Settlement)],
                    [one.what for one in wanted if isinstance(one.what, Reservation)],
                    self._now(),
                )
        except StashHogException as error:
            for one in entries:
                one.outcome = error
            return
        for one, outcome in zip(wanted, outcomes, strict=True):
            one.outcome = outcome
            if one.abandoned and isinstance(outcome, int):
                self._give_back(outcome)

    def _give_back(self, call_id: int) -> None:
        self._waiting.append(_Entry(Settlement(call_id, NOT_EXECUTED)))
