"""Actors that raise, hang, run out of memory or misuse a cancellation, and those beside them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from actors.mailbox import ActorRestartedError, Ask, Mailbox, Reply
from actors.supervisor import ActorsFailedError, ActorSpec, RestartLimit, Supervisor
from stashhog.core.exceptions import BusyError

SOON_S = 1.0
ROUNDS = 40
BORNE = RestartLimit(10_000, 30.0)


@dataclass(frozen=True)
class Deed(Ask[str]):
    """What an actor shall do before it answers."""

    act: Callable[[], Awaitable[Any]]


async def nothing() -> None:
    await trio.lowlevel.checkpoint()


async def raises() -> None:
    raise RuntimeError("on purpose")


async def raises_deep() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raises)
        nursery.start_soon(raises)


async def hangs() -> None:
    await trio.sleep(60)


async def runs_out_of_memory() -> None:
    raise MemoryError


async def raises_a_group() -> None:
    raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("", [KeyError("two")])])


async def misuses_a_cancellation() -> None:
    kept: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            kept.append(error)
            raise
    raise kept[0]


async def misuses_a_cancellation_in_a_group() -> None:
    try:
        await misuses_a_cancellation()
    except trio.Cancelled as error:
        raise BaseExceptionGroup("odd", [error, ValueError("and more")]) from None


DEEDS = [
    raises,
    raises_deep,
    hangs,
    runs_out_of_memory,
    raises_a_group,
    misuses_a_cancellation,
    misuses_a_cancellation_in_a_group,
]


class Actor:
    """An actor that does what it is told, and counts its lives."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.mailbox = Mailbox[Deed](name)
        self.spec = ActorSpec(name, self.mailbox, self.life)
        self.lives = 0
        self._diary = diary

    async def life(self, ready: Callable[[], None]) -> None:
        self.lives += 1
        self._diary.append(f"{self.mailbox.name} begins")
        ready()
        try:
            await self.mailbox.serve(self._handle)
        finally:
            self._diary.append(f"{self.mailbox.name} ends")

    async def _handle(self, deed: Deed) -> None:
        await deed.act()
        deed.reply.set(self.mailbox.name)

    async def ask(self, act: Callable[[], Awaitable[Any]] = nothing) -> str:
        reply = Reply[str]()
        self.mailbox.offer(Deed(reply, act))
        return await reply.wait()


@dataclass
class Tree:
    first: Actor
    second: Actor
    third: Actor
    supervisor: Supervisor
    diary: list[str]

    @property
    def all(self) -> tuple[Actor, ...]:
        return self.first, self.second, self.third


@asynccontextmanager
async def tree_of_three(limit: RestartLimit = BORNE) -> AsyncGenerator[Tree]:
    diary: list[str] = []
    actors = [Actor(name, diary) for name in ("first", "second", "third")]
    supervisor = Supervisor([a.spec for a in actors], per_actor=limit, per_tree=limit)
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        yield Tree(*actors, supervisor, diary)
        supervisor.stop()


@pytest.mark.parametrize("act", DEEDS)
async def test_a_dying_actor_is_back_soon_and_disturbs_nobody(
    autojump_clock: trio.testing.MockClock, act: Callable[[], Awaitable[Any]]
) -> None:
    with capture_logs():
        async with tree_of_three() as tree:
            for number in range(ROUNDS):
                began = trio.current_time()
                with pytest.raises(ActorRestartedError):
                    await tree.second.ask(act)
                assert trio.current_time() - began <= SOON_S, number
                for other in (tree.first, tree.third):
                    asked = trio.current_time()
                    assert await other.ask() == other.mailbox.name
                    assert trio.current_time() == asked
                assert await tree.second.ask() == "second"
                assert trio.current_time() - began <= 2 * SOON_S, number
            assert [actor.lives for actor in tree.all] == [1, ROUNDS + 1, 1]
            assert tree.supervisor.status()["second"]["crashes"] == ROUNDS


async def test_what_was_queued_behind_a_crash_is_answered_by_the_next_life(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told: list[str] = []

    async def ask(actor: Actor, act: Callable[[], Awaitable[Any]]) -> None:
        try:
            told.append(await actor.ask(act))
        except ActorRestartedError as error:
            told.append(error.public_code)

    with capture_logs():
        async with tree_of_three() as tree, trio.open_nursery() as asking:
            for act in (raises, nothing, nothing):
                asking.start_soon(ask, tree.first, act)
    assert sorted(told) == ["actor_restarted", "first", "first"]


async def test_whoever_gives_up_waiting_is_not_served_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    done: list[str] = []

    async def note() -> None:
        done.append("done")

    async def slow() -> None:
        await trio.sleep(0.5)

    async with tree_of_three() as tree:
        async with trio.open_nursery() as asking:
            asking.start_soon(tree.first.ask, slow)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(0.1):
                await tree.first.ask(note)
        assert await tree.first.ask() == "first"
    assert not done


async def test_actors_start_in_order_and_stop_in_reverse() -> None:
    async with tree_of_three() as tree:
        pass
    begins = [f"{name} begins" for name in ("first", "second", "third")]
    ends = [f"{name} ends" for name in ("third", "second", "first")]
    assert tree.diary == [*begins, *ends]


async def test_after_the_stop_everybody_is_told_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with tree_of_three() as tree:
        pass
    with pytest.raises(BusyError):
        await tree.first.ask()


async def test_an_actor_that_keeps_crashing_ends_the_tree_after_saying_so(
    autojump_clock: trio.testing.MockClock,
) -> None:
    times: dict[str, float] = {}

    async def crash_until_the_end() -> None:
        async with tree_of_three(RestartLimit(2, 30.0)) as tree, trio.open_nursery() as nursery:
            nursery.start_soon(crash_for_ever, tree.second)
            await tree.supervisor.failed.wait()
            times["failed"] = trio.current_time()
            try:
                await trio.sleep_forever()
            finally:
                times["ended"] = trio.current_time()

    with capture_logs(), pytest.raises(ExceptionGroup) as raised:
        await crash_until_the_end()
    assert raised.group_contains(ActorsFailedError)
    assert 0.5 <= times["ended"] - times["failed"] <= 2 * SOON_S


async def crash_for_ever(actor: Actor) -> None:
    while True:
        with trio.move_on_after(5):
            try:
                await actor.ask(raises)
            except BusyError:
                await trio.sleep(0.01)


async def test_starting_and_stopping_again_and_again_leaves_nothing_behind() -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    for _ in range(50):
        async with tree_of_three() as tree:
            assert await tree.third.ask() == "third"
    assert trio.lowlevel.current_statistics().tasks_living == before
