"""The analysis planner: who analyses when, and what was learned from the library.

Rules:
- What is learned is kept for one revision of the library, and learned at most once for it; the
  learning runs in the analysis job that needs it, on the CPU slot, and goes with that job's cancel.
- Requests go on to the registry, which answers them.
- Mailbox: people are refused when it is full, other actors use the reserve.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

import structlog
import trio

from actors.cpu import Cpu
from actors.estimating import Estimate, Estimating
from actors.learning import Tell, learned, with_decisions
from actors.mailbox import Mailbox, Reply
from actors.messages import (
    AnalyseRequest,
    JobEnded,
    LibraryChanged,
    Submit,
    ToPlanner,
    ToRegistry,
)
from actors.model_calls import ModelCalls
from actors.schedules import RunEnd, ScheduleBook
from actors.watching import Hub
from stashhog.core.exceptions import BusyError, StorageError, ValidationError
from stashhog.core.ids import RANDOM_BYTES, uuid7
from stashhog.domain.detection import explained
from stashhog.domain.jobs import AnalysisSubmission, Job, JobKind, SceneSelection
from stashhog.domain.learning import Knowledge
from stashhog.domain.library import Scene
from stashhog.domain.schedules import (
    UNATTENDED,
    NothingToDoError,
    Schedule,
    ScheduledRun,
    ScheduleName,
)
from stashhog.ports import PlanStore

_log = structlog.get_logger(__name__)

ANALYSIS_SCHEDULES: tuple[ScheduleName, ...] = ("analysis",)


def _nobody(_: str) -> None:
    """Nobody who waits wants to hear how far it is."""


class KnowledgeCache:
    """What was learned last, and from which revision of the library."""

    def __init__(self, plans: PlanStore) -> None:
        self._plans = plans
        self._lock = trio.Lock()
        self._knowledge: Knowledge | None = None
        self._revision = -1

    async def knowledge(self, cpu: Cpu, tell: Tell = _nobody) -> Knowledge:
        """Give what the present library teaches, learning it where that was not done yet.

        What people decided about proposals is read each time: it is little, and changes often.
        `tell` hears meanwhile how far the learning is.

        Raises:
            StorageError: the library could not be read.
        """
        async with self._lock:
            revision = await self._plans.library_revision()
            if self._knowledge is None or revision != self._revision:
                self._knowledge = None
                self._knowledge = await learned(self._plans, revision, cpu, tell)
                self._revision = revision
            return await with_decisions(self._plans, self._knowledge)

    async def forget_stale(self) -> None:
        """Let go of what was learned from another revision of the library."""
        if self._knowledge is None or self._lock.locked():
            return
        try:
            revision = await self._plans.library_revision()
        except StorageError as error:
            _log.warning("library_revision_unknown", code=error.public_code)
            return
        if revision != self._revision and not self._lock.locked():
            self._knowledge = None


@dataclass(frozen=True, slots=True)
class PlannerParts:
    """What the planner works with; all of it outlives its lives."""

    mailbox: Mailbox[ToPlanner]
    registry: Mailbox[ToRegistry]
    cache: KnowledgeCache
    estimating: Estimating
    calls: ModelCalls
    now: Callable[[], datetime]
    hub: Hub
    schedules: ScheduleBook


class AnalysisPlanner:
    """One life of the analysis planner."""

    def __init__(self, parts: PlannerParts) -> None:
        self._parts = parts
        self._nursery: trio.Nursery

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve the inbox until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._parts.schedules.keep, ANALYSIS_SCHEDULES, self._scheduled)
            ready()
            await self._parts.mailbox.serve(self._handle)

    async def _handle(self, message: ToPlanner) -> None:
        match message:
            case AnalyseRequest(reply, submission):
                self._pass_on(submission, reply)
            case LibraryChanged():
                self._nursery.start_soon(self._parts.cache.forget_stale)
            case JobEnded():
                self._parts.schedules.changed()  # a run may have waited for this job's end
            case _:
                assert_never(message)

    async def _scheduled(self, schedule: Schedule, run: ScheduledRun) -> RunEnd | None:
        """Make the analysis of a run: after a sync that is on its way, and never two at once."""
        live = self._parts.hub.live
        if schedule.last_job_id in live:
            return RunEnd("skipped", schedule.last_job_id)
        if any(job.kind is JobKind.SYNC for job in live.values()):
            return None
        submission = AnalysisSubmission(
            SceneSelection(filter=schedule.filter),
            {**UNATTENDED, **(schedule.options or {})},
            f"Scheduled analysis of {self._parts.now():%Y-%m-%d %H:%M}",
            scheduled=run,
        )
        reply = Reply[Job]()
        self._pass_on(submission, reply)
        try:
            job = await reply.wait()
        except NothingToDoError:
            return RunEnd("nothing_to_do")
        except ValidationError as error:
            _log.warning("scheduled_analysis_refused", code=error.public_code, detail=error.detail)
            return RunEnd("refused")
        return RunEnd("started", job.id)

    def _pass_on(self, submission: AnalysisSubmission, reply: Reply[Job]) -> None:
        now = self._parts.now()
        job_id = uuid7(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES))
        try:
            self._parts.registry.offer(Submit(reply, job_id, submission, now))
        except BusyError as error:
            reply.fail(error)
        else:
            self._parts.mailbox.passed_on(reply)


class PlannerHandle:
    """What the rest of the service asks of the planner."""

    def __init__(self, parts: PlannerParts) -> None:
        self._parts = parts

    async def submit(self, submission: AnalysisSubmission) -> Job:
        """Ask for an analysis: its job, whose `params` name the plan.

        Raises:
            StashHogException: what `JobStore.insert` raises; BusyError while there is too much.
        """
        reply = Reply[Job]()
        self._parts.mailbox.offer(AnalyseRequest(reply, submission))
        return await reply.wait()

    async def explain(self, scene: Scene) -> dict[str, Any]:
        """What is found in one scene and why, learning first where that was not done yet.

        Raises:
            StorageError: the library could not be read.
        """
        cpu = self._parts.estimating.cpu
        knowledge = await self._parts.cache.knowledge(cpu)
        return await cpu(lambda _: explained(scene, knowledge))

    async def estimate(
        self, sample: Sequence[Scene], total: int, options: Mapping[str, Any]
    ) -> Estimate:
        """What an analysis would send to the model and cost; see `Estimating.estimate`."""
        return await self._parts.estimating.estimate(sample, total, options)

    @property
    def model_calls(self) -> ModelCalls:
        """All calls to the model of this process."""
        return self._parts.calls
