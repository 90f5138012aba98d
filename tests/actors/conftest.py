"""A tree of actors over stores in memory, with jobs that a test steers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from actors import ActorPorts, Actors, JobContext, open_actors
from actors.supervisor import PER_ACTOR
from actors.system import Limits, utc_now
from actors.tasks import Slot, TaskQueue
from stashhog.core.config import Settings
from stashhog.domain.jobs import Job, JobKind, JobStatus
from stashhog.ports.events import OwnWrites, StashEvents
from tests.fakes.stores import FakeJobStore, FakePlanStore, unused

SLOTS = {
    JobKind.SYNC: Slot.SYNC,
    JobKind.ANALYSIS: Slot.CPU,
    JobKind.APPLY: Slot.STASH_WRITER,
    JobKind.UNDO: Slot.STASH_WRITER,
}

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

Play = Callable[[JobContext], Awaitable[Any]]


async def wait_for_ever(_: JobContext) -> None:
    await trio.sleep_forever()


@dataclass
class WallClock:
    """Runs with trio's clock; `off` is how far somebody has moved it."""

    off: timedelta = timedelta(0)
    born: float = field(default_factory=trio.current_time)

    def __call__(self) -> datetime:
        return START + self.off + timedelta(seconds=trio.current_time() - self.born)


@dataclass
class Stage:
    """What jobs do (`plays`, by kind; default: wait for ever), and which ones began."""

    store: FakeJobStore = field(default_factory=FakeJobStore)
    plans: FakePlanStore = field(default_factory=FakePlanStore)
    plays: dict[JobKind, Play] = field(default_factory=dict)
    began: list[str] = field(default_factory=list)
    at_work: set[str] = field(default_factory=set)
    most_at_work: int = 0
    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    slots: dict[JobKind, Slot | None] = field(default_factory=lambda: dict(SLOTS))
    now: Callable[[], datetime] = utc_now
    stash: Any = field(default_factory=unused)
    events: StashEvents | None = None
    writes: OwnWrites | None = None

    @property
    def catalogue(self) -> TaskQueue:
        queue = TaskQueue()
        for kind, slot in self.slots.items():
            queue.task(kind, slot=slot)(self._run)
        return queue

    async def _run(self, ctx: JobContext) -> Any:
        self.began.append(ctx.job.id)
        self.at_work.add(ctx.job.id)
        self.most_at_work = max(self.most_at_work, len(self.at_work))
        try:
            return await self.plays.get(ctx.job.kind, wait_for_ever)(ctx)
        finally:
            self.at_work.discard(ctx.job.id)

    @property
    def ports(self) -> ActorPorts:
        return ActorPorts(
            stash=self.stash,
            model=unused(),
            jobs=self.store,
            sync=unused(),
            plans=self.plans,  # type: ignore[arg-type]  # what learning asks for
            journal=unused(),
            schedules=self.store.schedules,
            events=self.events,
            own_writes=self.writes,
            model_store=unused(),
        )

    @asynccontextmanager
    async def open(self, *, resume: bool = True) -> AsyncGenerator[Actors]:
        async with open_actors(
            self.ports,
            lambda: self.settings,
            resume=resume,
            catalogue=self.catalogue,
            limits=self.limits,
            now=self.now,
        ) as actors:
            yield actors


async def until(actors: Actors, job: Job, *statuses: JobStatus) -> Job:
    """Watch a job until it has one of these statuses (default: until it ended)."""
    async with actors.registry.watch(job.id) as frames:
        async for frame in frames:
            status = frame.get("job", {}).get("status")
            if statuses and status in statuses:
                break
    return actors.registry.live().get(job.id) or await actors.registry.cancel(job.id)


@pytest.fixture
def stage() -> Stage:
    return Stage()


__all__ = ["PER_ACTOR", "START", "Stage", "WallClock", "until"]
