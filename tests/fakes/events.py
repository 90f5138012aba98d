"""What Stash tells, what it holds and what we wrote, in memory, as the sync manager meets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import trio

from stashhog.core.exceptions import StashConnectionError, StashHogException
from stashhog.domain.events import EntityHook, StashEvent
from stashhog.domain.library import Scene
from stashhog.ports import ScenesById


@dataclass
class FakeEvents:
    """`ports.events.StashEvents` that a test steers; `fails` is raised in place of connecting."""

    fails: StashHogException | None = None
    tries: list[float] = field(default_factory=list)
    tell: Callable[[StashEvent], None] | None = None
    same_server: bool = True
    _end: trio.Event = field(default_factory=trio.Event)
    _changed: trio.Event = field(default_factory=trio.Event)

    async def listen(
        self, tell: Callable[[StashEvent], None], connected: Callable[[], None]
    ) -> NoReturn:
        self.tries.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if self.fails is not None:
            raise self.fails
        self.tell, self._end = tell, trio.Event()
        connected()
        try:
            await self._end.wait()
        finally:
            self.tell = None
        raise StashConnectionError("broken")

    async def changed(self) -> bool:
        await self._changed.wait()
        return self.same_server

    def break_down(self) -> None:
        self._end.set()

    def change(self) -> None:
        event, self._changed = self._changed, trio.Event()
        event.set()


@dataclass
class FakeStash:
    """What Stash holds now, by id; `fails` is raised in place of an answer."""

    held: dict[str, Scene] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    fails: StashHogException | None = None

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        await trio.lowlevel.checkpoint()
        self.asked.append(tuple(ids))
        if self.fails is not None:
            raise self.fails
        found = tuple(self.held[one] for one in ids if one in self.held)
        return ScenesById(found, tuple(one for one in ids if one not in self.held))


@dataclass
class FakeWrites:
    """`ports.events.OwnWrites` over a copy in memory; `errors` come before its next answers."""

    copy: dict[str, Scene] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    ours: set[EntityHook] = field(default_factory=set)
    stale: list[str] = field(default_factory=list)
    errors: list[StashHogException] = field(default_factory=list)

    async def unsettled(self, scene_ids: Sequence[str]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        return frozenset(self.open.intersection(scene_ids))

    async def as_held(self, scenes: Sequence[Scene]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        if self.errors:
            raise self.errors.pop()
        return frozenset(scene.id for scene in scenes if self.copy.get(scene.id) == scene)

    async def held(self, scene_ids: Sequence[str]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        return frozenset(self.copy).intersection(scene_ids)

    async def by_us(self, hooks: Sequence[EntityHook]) -> frozenset[EntityHook]:
        await trio.lowlevel.checkpoint()
        return frozenset(self.ours.intersection(hooks))

    async def mark_stale(self, scene_ids: Sequence[str]) -> None:
        await trio.lowlevel.checkpoint()
        self.stale += scene_ids
