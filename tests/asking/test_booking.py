"""Bookings share transactions, and none is lost or held for nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.booking import Bookings
from stashhog.core.exceptions import DiskFullError
from stashhog.domain.asking import Caps, Wanted
from stashhog.domain.asking.budget import Refusal
from stashhog.ports.model import Reservation, Settlement
from tests.fakes.stores import Faults

CALL = Reservation("job", 1, Wanted(10, 10, 0.1), Caps())


class Store:
    """Notes what is booked, one transaction a line; `faults` may hold it up."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.transactions: list[tuple[list[int], list[int]]] = []
        self.held: set[int] = set()
        self._last = 0

    async def book(
        self, settled: Sequence[Settlement], wanted: Sequence[Reservation], _now: datetime
    ) -> Sequence[int | Refusal]:
        await self.faults.meet("book")
        self.held -= {call.call_id for call in settled}
        ids = [self._last + at for at in range(1, len(wanted) + 1)]
        self._last += len(ids)
        self.held |= set(ids)
        self.transactions.append(([call.call_id for call in settled], ids))
        return ids

    async def kept_answers(self, _keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return {}

    async def forget_answers(self, _now: datetime) -> int:
        return 0

    async def settle_lost(self) -> int:
        return 0


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def bookings(store: Store) -> Bookings:
    return Bookings(store, lambda: datetime.now(UTC))


async def test_what_comes_while_one_is_written_is_written_together(
    store: Store, bookings: Bookings
) -> None:
    door = store.faults.shut["book"] = trio.Event()
    got: list[object] = []

    async def reserve() -> None:
        got.append(await bookings.reserve(CALL))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(reserve)
        await wait_all_tasks_blocked()
        door.set()
    assert sorted(map(int, map(str, got))) == list(range(1, 21))
    assert len(store.transactions) <= 2


async def test_an_error_reaches_everybody_whose_booking_it_spoiled(
    store: Store, bookings: Bookings
) -> None:
    door = store.faults.shut["book"] = trio.Event()
    store.faults.errors["book"] = [DiskFullError("no room")]
    failed = 0

    async def reserve() -> None:
        nonlocal failed
        try:
            await bookings.reserve(CALL)
        except DiskFullError:
            failed += 1

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(reserve)
        await wait_all_tasks_blocked()
        door.set()
    assert failed > 0
    assert failed + len(store.held) == 5


@pytest.mark.parametrize("cancelled", range(4))
async def test_a_cancelled_asker_holds_nothing(
    store: Store, bookings: Bookings, cancelled: int
) -> None:
    door = store.faults.shut["book"] = trio.Event()
    scopes = [trio.CancelScope() for _ in range(4)]
    got: dict[int, object] = {}

    async def reserve(number: int) -> None:
        with scopes[number]:
            got[number] = await bookings.reserve(CALL)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(reserve, number)
            await wait_all_tasks_blocked()
        scopes[cancelled].cancel()
        await wait_all_tasks_blocked()
        door.set()
    await bookings.settle(Settlement(999, None))
    assert len(got) in (3, 4)  # one that was being written may get through
    assert store.held == set(got.values())
