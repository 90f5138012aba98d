"""Stores in memory, held by the same contract tests as those of `stashhog.db`.

They are pure async: no thread, so that an autojump clock may run over them. `Faults` says what
goes wrong and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import trio

from stashhog.core.exceptions import ConflictError, JobNotFoundError, PlanNotFoundError
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    Job,
    JobKind,
    JobStatus,
    LogLine,
    Submission,
    SyncSubmission,
    UndoSubmission,
    add_tally,
    result_of,
)
from stashhog.domain.learning.decisions import Decided
from stashhog.domain.library import Library, Scene
from stashhog.domain.schedules import NothingToDoError
from stashhog.ports import ScenePath
from tests.fakes.schedules import FakeScheduleStore


@dataclass
class Faults:
    """What goes wrong: an error for the next calls of a method, or a door that stays shut."""

    errors: dict[str, list[Exception]] = field(default_factory=dict)
    always: dict[str, Exception] = field(default_factory=dict)
    shut: dict[str, trio.Event] = field(default_factory=dict)

    async def meet(self, method: str) -> None:
        """Go through what waits for this method."""
        await trio.lowlevel.checkpoint()
        if method in self.shut:
            await self.shut[method].wait()
        if self.errors.get(method):
            raise self.errors[method].pop(0)
        if method in self.always:
            raise self.always[method]


@dataclass
class FakeJobStore:
    """`ports.JobStore` in memory.

    `writes` counts transactions; `told` is every status that was saved, in order, by job.
    A scheduled analysis finds `scenes_to_look_at` scenes.
    """

    faults: Faults = field(default_factory=Faults)
    rows: dict[str, Job] = field(default_factory=dict)
    logs: dict[str, list[LogLine]] = field(default_factory=dict)
    tallies: dict[str, dict[str, Any]] = field(default_factory=dict)
    busy: dict[int, str] = field(default_factory=dict)
    plans: int = 0
    writes: int = 0
    schedules: FakeScheduleStore = field(default_factory=FakeScheduleStore)
    scenes_to_look_at: int = 0
    history: dict[str, list[JobStatus]] = field(default_factory=dict)

    async def unfinished(self) -> Sequence[Job]:
        await self.faults.meet("unfinished")
        rows = [row for row in self.rows.values() if not row.final]
        return sorted(rows, key=lambda row: (row.created_at, row.id))

    async def get(self, job_id: str) -> Job:
        await self.faults.meet("get")
        if job_id not in self.rows:
            raise JobNotFoundError("no job has this id")
        return self.rows[job_id]

    async def insert(self, job_id: str, submission: Submission, now: datetime) -> Job:
        await self.faults.meet("insert")
        self._note_scheduled(job_id, submission, now)
        params = self._params(submission)
        if "plan_id" in params:
            self._take_plan(params["plan_id"], job_id)
        self.writes += 1
        row = Job(job_id, submission.kind, JobStatus.QUEUED, params, now)
        unit = "scenes" if row.kind in (JobKind.SYNC, JobKind.ANALYSIS) else "changes"
        self.rows[job_id] = replace(row, progress=replace(row.progress, unit=unit))
        self.history[job_id] = [JobStatus.QUEUED]
        return self.rows[job_id]

    def _note_scheduled(self, job_id: str, submission: Submission, now: datetime) -> None:
        run = getattr(submission, "scheduled", None)
        if run is None:
            return
        if submission.kind is JobKind.ANALYSIS and not self.scenes_to_look_at:
            raise NothingToDoError("no scene is to be looked at")
        self.schedules.note(run, "started", job_id, now)

    def _take_plan(self, plan_id: int, job_id: str) -> None:
        if not 0 < plan_id <= self.plans:
            raise PlanNotFoundError("no plan has this id")
        other = self.busy.setdefault(plan_id, job_id)
        if other != job_id:
            raise ConflictError("the plan is busy", code="plan_busy", context={"job_id": other})

    def _params(self, submission: Submission) -> dict[str, Any]:
        match submission:
            case SyncSubmission():
                return submission.params
            case AnalysisSubmission():
                if submission.plan_id is None:
                    self.plans += 1
                return {"plan_id": submission.plan_id or self.plans}
            case ApplySubmission() | UndoSubmission():
                return {"plan_id": submission.plan_id}

    async def save(self, jobs: Sequence[Job], logs: Sequence[LogLine]) -> Sequence[Job]:
        await self.faults.meet("save")
        if any(job.id not in self.rows for job in jobs):
            raise JobNotFoundError("no job has this id")
        self.writes += 1
        stored = [self._save(job) for job in jobs]
        for line in logs:
            self.logs.setdefault(line.job_id, []).append(line)
        return stored

    def _save(self, job: Job) -> Job:
        row = self.rows[job.id]
        progress = replace(job.progress, done=row.progress.done, total=row.progress.total)
        stored = replace(job, progress=progress)
        if job.final:
            tally = self.tallies.get(job.id, {})
            result = {**result_of(job.kind, job.params, tally), **(job.result or {})}
            stored = replace(stored, result=result)
            self.busy = {plan: owner for plan, owner in self.busy.items() if owner != job.id}
        at_rest = replace(progress, rate=None, eta_s=None)
        self.rows[job.id] = replace(stored, progress=at_rest)
        if self.history[job.id][-1] is not job.status:
            self.history[job.id].append(job.status)
        return stored

    async def commit_items(
        self, job_id: str, count: int, total: int | None = None, **tally: int
    ) -> int:
        """What the item transactions of the other stores do; returns the items done so far."""
        await self.faults.meet("commit_items")
        row = self.rows[job_id]
        done = row.progress.done + count
        progress = replace(row.progress, done=done, total=total or row.progress.total)
        self.rows[job_id] = replace(row, progress=progress)
        self.tallies[job_id] = add_tally(self.tallies.get(job_id, {}), tally)
        self.writes += 1
        return done


@dataclass
class FakePlanStore:
    """What learning asks of `ports.PlanStore`, in memory."""

    revision: int = 1
    organized_scenes: Sequence[Scene] = ()
    entities: Library = field(default_factory=Library)
    decisions: Sequence[Decided] = ()
    kept: bytes | None = None
    reads: int = 0

    async def library_revision(self) -> int:
        await trio.lowlevel.checkpoint()
        return self.revision

    async def library(self) -> Library:
        await trio.lowlevel.checkpoint()
        self.reads += 1
        return self.entities

    async def organized(self, after_id: str | None, limit: int) -> Sequence[Scene]:
        await trio.lowlevel.checkpoint()
        start = 0 if after_id is None else int(after_id)
        return [scene for scene in self.organized_scenes if int(scene.id) > start][:limit]

    async def paths(self, after_id: str | None, limit: int) -> Sequence[ScenePath]:
        await trio.lowlevel.checkpoint()
        start = 0 if after_id is None else int(after_id)
        return [
            ScenePath(scene.id, scene.path or "", scene.created_at)
            for scene in self.organized_scenes
            if int(scene.id) > start and scene.path
        ][:limit]

    async def decided(self) -> Sequence[Decided]:
        await trio.lowlevel.checkpoint()
        return self.decisions

    async def kept_knowledge(self) -> bytes | None:
        await trio.lowlevel.checkpoint()
        return self.kept

    async def keep_knowledge(self, content: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.kept = content


def unused(mapping: Mapping[str, Any] | None = None) -> Any:
    """A port that a test does not touch: any use is an AttributeError."""
    return mapping or object()
