"""The tree of actors: what it is made of, in which order it starts, and how it stops.

job registry → worker pool → sync manager → analysis planner, each supervised; beside them, in a
nursery that outlives them, the jobs at work. They stop in reverse.

Rules:
- `open_actors` lies around the server. When the tree gives up, its error ends that block.
- `stop` makes no job any more, interrupts those at work in parallel, and returns when how they
  stand is on disk or its budget is spent. What queued stays queued.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
import trio

from actors.analysis_planner import AnalysisPlanner, KnowledgeCache, PlannerHandle, PlannerParts
from actors.cpu import on_cpu
from actors.crew import Crew
from actors.estimating import Estimating
from actors.job_registry import JobRegistry, RegistryHandle, RegistryParts
from actors.jobs import analysis, apply, sync, undo
from actors.jobs.context import ActorPorts, Shared, Surroundings
from actors.live import Live
from actors.mailbox import Mailbox, MailboxCounts
from actors.messages import (
    Abandon,
    InterruptAll,
    ToPlanner,
    ToPool,
    ToRegistry,
    ToSyncManager,
)
from actors.model_calls import ModelCalls
from actors.news import News
from actors.schedules import ScheduleBook
from actors.supervisor import PER_ACTOR, PER_TREE, ActorSpec, RestartLimit, Supervisor
from actors.sync_manager import SyncManager, SyncManagerHandle, SyncManagerParts
from actors.tasks import TaskQueue, tasks
from actors.watching import Hub
from actors.worker_pool import PoolParts, WorkerPool
from stashhog.core.config import Settings
from stashhog.core.exceptions import StashHogException

_log = structlog.get_logger(__name__)

JOB_MODULES = (sync, analysis, apply, undo)
"""Importing them registered what they run."""

STOP_S = 5.0
SHIELD_S = 4.0
"""How long a shielded section (send and record) may go on after a stop."""
SAVE_S = 1.0
"""Part of a stop's budget that is kept for saving how the jobs stand."""
HASTE_S = 0.8
"""What a stop takes that is itself cancelled."""


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """What tests tighten: how many crashes are borne."""

    per_actor: RestartLimit = PER_ACTOR
    per_tree: RestartLimit = PER_TREE


class Actors:
    """The running tree, as the rest of the service sees it.

    Attributes:
        registry: Submit, cancel and watch jobs.
        sync_manager: Ask for syncs.
        planner: Ask for analyses.
        schedules: Tell that a person changed them.
        failed: Set when the tree gave up; the process is about to end.
    """

    def __init__(
        self,
        registry: RegistryParts,
        sync_manager: SyncManagerParts,
        planner: PlannerParts,
        supervisor: Supervisor,
    ) -> None:
        self.registry = RegistryHandle(registry)
        self.sync_manager = SyncManagerHandle(sync_manager)
        self.planner = PlannerHandle(planner)
        self.schedules = sync_manager.schedules
        self.failed = supervisor.failed
        self._parts = registry
        self._supervisor = supervisor
        self._stopped = trio.Event()

    def status(self) -> dict[str, Any]:
        """How the tree fares, for readiness: `status` is `ok` or `down`, and each actor's state."""
        actors = self._supervisor.status()
        alive = all(actor["alive"] for actor in actors.values())
        return {
            "status": "ok" if alive and not self.failed.is_set() else "down",
            "running": len(self._parts.crew),
            "live": len(self._parts.hub.live),
            "watchers": self._parts.hub.watchers,
            "actors": actors,
        }

    def mailboxes(self) -> dict[str, MailboxCounts]:
        """How each actor's mailbox fared so far."""
        return self._supervisor.mailboxes()

    async def stop(self, budget_s: float = STOP_S) -> None:
        """Interrupt all jobs and save how they stand, within a budget in seconds.

        A second call waits for the first. Cancelling it makes haste: what is at work is ended at
        once, and saved within `HASTE_S`. What is not on disk is settled at the next start.
        """
        if self._parts.closing.is_set():
            await self._stopped.wait()
            return
        self._parts.closing.set()
        try:
            await self._interrupt(max(budget_s - SAVE_S, budget_s / 2))
            await self._save(SAVE_S)
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await self._interrupt(HASTE_S / 2)
                await self._save(HASTE_S / 2)
            raise
        finally:
            self._stopped.set()

    async def _interrupt(self, budget_s: float) -> None:
        crew = self._parts.crew
        self._parts.pool.post(InterruptAll(min(SHIELD_S, budget_s)))
        with trio.move_on_after(budget_s):
            await crew.wait_idle()
        if len(crew):
            _log.warning("jobs_abandoned", jobs=len(crew))
            self._parts.pool.post(Abandon())
            with trio.move_on_after(SAVE_S):
                await crew.wait_idle()

    async def _save(self, budget_s: float) -> None:
        with trio.move_on_after(budget_s) as saving:
            try:
                await self.registry.flush()
            except StashHogException as error:
                _log.warning("jobs_not_saved_at_stop", code=error.public_code)
        if saving.cancelled_caught:
            _log.warning("jobs_not_saved_at_stop", code="too_slow")


@dataclass(frozen=True, slots=True)
class _Tree:
    """The parts of the running tree that outlive its actors."""

    actors: Actors
    supervisor: Supervisor
    crew: Crew
    hub: Hub


@asynccontextmanager
async def open_actors(
    ports: ActorPorts,
    settings: Callable[[], Settings],
    *,
    resume: bool = True,
    catalogue: TaskQueue = tasks,
    now: Callable[[], datetime] = utc_now,
    limits: Limits = Limits(),
) -> AsyncGenerator[Actors]:
    """Run the actors around a block; leaving it stops them as `Actors.stop` does.

    Args:
        ports: The outside.
        settings: Gives the settings as they are now.
        resume: Whether jobs that a former process left are taken up, schedules followed and
            Stash listened to; only the service does that.
        catalogue: What jobs run.
        now: The clock, aware, in UTC.
        limits: How many crashes are borne.

    Raises:
        ActorsFailedError: the tree crashed past its limits.
    """
    try:
        async with trio.open_nursery() as jobs:
            tree = _Setup(ports, settings, catalogue, now, limits, jobs, resume=resume).build()
            async with trio.open_nursery() as nursery:
                await nursery.start(tree.supervisor.run)
                try:
                    yield tree.actors
                finally:
                    await _close(tree)
            jobs.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _only(group) from None


async def _close(tree: _Tree) -> None:
    try:
        if tree.actors.failed.is_set():
            await tree.crew.shut(SHIELD_S)
        else:
            await tree.actors.stop()
    finally:
        tree.hub.close()
        tree.supervisor.stop()


def _only(error: BaseException) -> BaseException:
    """The one exception in a group of one, however deep."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@dataclass(frozen=True, slots=True)
class _Setup:
    """What the tree is built from."""

    ports: ActorPorts
    settings: Callable[[], Settings]
    catalogue: TaskQueue
    now: Callable[[], datetime]
    limits: Limits
    jobs: trio.Nursery
    resume: bool

    def build(self) -> _Tree:
        """Make the mailboxes, what outlives the actors' lives, and the actors' specs."""
        registry_inbox = Mailbox[ToRegistry]("job registry")
        pool_inbox = Mailbox[ToPool]("worker pool")
        sync_inbox = Mailbox[ToSyncManager]("sync manager")
        planner_inbox = Mailbox[ToPlanner]("analysis planner")
        hub, closing = Hub(os.urandom(8).hex()), trio.Event()
        cache = KnowledgeCache(self.ports.plans)
        calls = ModelCalls(self.ports.model, self.ports.model_store, self.settings, self.now)
        shared = Shared(cache.knowledge, calls)
        around = Surroundings(
            self.ports,
            self.settings,
            shared,
            registry_inbox,
            sync_inbox,
            self.now,
            lambda: hub.progress_every_s,
        )
        crew = Crew(around, pool_inbox, self.jobs)
        registry = RegistryParts(
            mailbox=registry_inbox,
            pool=pool_inbox,
            sync_manager=sync_inbox,
            planner=planner_inbox,
            store=self.ports.jobs,
            hub=hub,
            crew=crew,
            most_active=lambda: self.settings().jobs.max_active,
            now=self.now,
            closing=closing,
            resume=self.resume,
        )
        pool = PoolParts(
            mailbox=pool_inbox,
            registry=registry_inbox,
            crew=crew,
            tasks=self.catalogue,
            workers=lambda: self.settings().jobs.workers,
        )
        book = ScheduleBook(self.ports.schedules if self.resume else None, self.now)
        manager = self._sync_manager(sync_inbox, registry, book)
        planner = self._planner(planner_inbox, registry_inbox, shared, cache, hub=hub, book=book)
        supervisor = Supervisor(
            _specs(registry, pool, manager, planner),
            per_actor=self.limits.per_actor,
            per_tree=self.limits.per_tree,
        )
        actors = Actors(registry, manager, planner, supervisor)
        return _Tree(actors, supervisor, crew, hub)

    def _sync_manager(
        self, inbox: Mailbox[ToSyncManager], registry: RegistryParts, book: ScheduleBook
    ) -> SyncManagerParts:
        news = News()
        return SyncManagerParts(
            mailbox=inbox,
            planner=registry.planner,
            registry=RegistryHandle(registry),
            hub=registry.hub,
            closing=registry.closing,
            settings=self.settings,
            schedules=book,
            stash=self.ports.stash,
            own_writes=self.ports.own_writes if self.resume else None,
            news=news,
            live=Live(self.ports.events if self.resume else None, news, self.now),
        )

    def _planner(
        self,
        inbox: Mailbox[ToPlanner],
        registry: Mailbox[ToRegistry],
        shared: Shared,
        cache: KnowledgeCache,
        *,
        hub: Hub,
        book: ScheduleBook,
    ) -> PlannerParts:
        estimating = Estimating(
            cache.knowledge,
            lambda work: on_cpu(work, shared.cpu_slot),
            self.ports.model,
            self.ports.model_store,
            self.settings,
        )
        calls = shared.calls
        return PlannerParts(inbox, registry, cache, estimating, calls, self.now, hub, book)


def _specs(
    registry: RegistryParts, pool: PoolParts, manager: SyncManagerParts, planner: PlannerParts
) -> list[ActorSpec]:
    """The actors in the order in which they start."""
    return [
        ActorSpec("job_registry", registry.mailbox, lambda ok: JobRegistry(registry).run(ok)),
        ActorSpec("worker_pool", pool.mailbox, lambda ok: WorkerPool(pool).run(ok)),
        ActorSpec("sync_manager", manager.mailbox, lambda ok: SyncManager(manager).run(ok)),
        ActorSpec("analysis_planner", planner.mailbox, lambda ok: AnalysisPlanner(planner).run(ok)),
    ]
