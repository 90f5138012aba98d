"""What a job is and how its status may move.

Rules:
- Everything that moves a job's status is in `TRANSITIONS`; who sends which signal is not.
- An illegal signal raises and nothing has happened.
- **Cancel** is a person's wish, **interrupt** a shutdown or crash, **fail** the job's own error.
  A job that completes in the race with a cancel stays completed; one that fails or is interrupted
  after a person asked for its end is cancelled, because that is what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from stashhog.core.exceptions import StashHogException
from stashhog.domain.schedules import ScheduledRun


class JobKind(StrEnum):
    """What a job does; stable and public."""

    SYNC = "sync"
    ANALYSIS = "analysis"
    APPLY = "apply"
    UNDO = "undo"


class JobStatus(StrEnum):
    """Where a job stands; stable and public."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


FINAL: frozenset[JobStatus] = frozenset(
    {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
)


class JobSignal(StrEnum):
    """What can happen to a job."""

    START = "start"
    CANCEL = "cancel"
    STOPPED = "stopped"
    COMPLETE = "complete"
    FAIL = "fail"
    INTERRUPT = "interrupt"
    RESUME = "resume"


TRANSITIONS: Mapping[tuple[JobStatus, JobSignal], JobStatus] = {
    (JobStatus.QUEUED, JobSignal.START): JobStatus.RUNNING,
    (JobStatus.QUEUED, JobSignal.CANCEL): JobStatus.CANCELLED,
    (JobStatus.RUNNING, JobSignal.CANCEL): JobStatus.CANCELLING,
    (JobStatus.RUNNING, JobSignal.COMPLETE): JobStatus.COMPLETED,
    (JobStatus.RUNNING, JobSignal.FAIL): JobStatus.FAILED,
    (JobStatus.RUNNING, JobSignal.INTERRUPT): JobStatus.INTERRUPTED,
    (JobStatus.CANCELLING, JobSignal.CANCEL): JobStatus.CANCELLING,
    (JobStatus.CANCELLING, JobSignal.STOPPED): JobStatus.CANCELLED,
    (JobStatus.CANCELLING, JobSignal.COMPLETE): JobStatus.COMPLETED,
    (JobStatus.CANCELLING, JobSignal.FAIL): JobStatus.CANCELLED,
    (JobStatus.CANCELLING, JobSignal.INTERRUPT): JobStatus.CANCELLED,
    (JobStatus.INTERRUPTED, JobSignal.RESUME): JobStatus.QUEUED,
    (JobStatus.INTERRUPTED, JobSignal.CANCEL): JobStatus.CANCELLED,
    (JobStatus.INTERRUPTED, JobSignal.FAIL): JobStatus.FAILED,
}


class IllegalTransitionError(StashHogException):
    """A signal that the job's status does not know; nothing has happened."""

    code = "illegal_transition"


def next_status(status: JobStatus, signal: JobSignal) -> JobStatus:
    """Look up where a signal leads.

    Raises:
        IllegalTransitionError: the table has no such row.
    """
    try:
        return TRANSITIONS[status, signal]
    except KeyError:
        raise IllegalTransitionError(f"a {status} job knows no {signal}") from None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come: `done` of `total` committed items.

    `total` is None while unknown; `rate` in items a second and `eta_s` in seconds are None until
    enough was seen to say something true.
    """

    done: int = 0
    total: int | None = None
    unit: str = "items"
    message: str = ""
    rate: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a running job waits for, since when, and when it tries again."""

    code: str
    since: datetime
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a stable code and a sentence for a person."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Job:
    """An immutable snapshot of a job.

    `seq` is the job's own counter of frames: it rises with each thing told about the job, over
    restarts too. `attempt` counts from 1 and rises when a crash stopped the job while it ran.
    `crashes` counts crashes in a row without one more committed item; `crash_done` is
    `progress.done` at the last of them.
    """

    id: str
    kind: JobKind
    status: JobStatus
    params: Mapping[str, Any]
    created_at: datetime
    progress: Progress = field(default_factory=Progress)
    waiting: Waiting | None = None
    result: Mapping[str, Any] | None = None
    error: JobError | None = None
    attempt: int = 1
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seq: int = 0
    crashes: int = 0
    crash_done: int = -1

    @property
    def final(self) -> bool:
        """Whether nothing can happen to this job any more."""
        return self.status in FINAL


def advance(
    job: Job,
    signal: JobSignal,
    now: datetime,
    *,
    error: JobError | None = None,
    result: Mapping[str, Any] | None = None,
) -> Job:
    """Return the job after a signal, its times, error and result set; `seq` is the caller's.

    Raises:
        IllegalTransitionError: the job's status does not know the signal.
    """
    status = next_status(job.status, signal)
    changed = replace(job, status=status, error=error or job.error, result=result or job.result)
    if status is JobStatus.RUNNING:
        return replace(changed, started_at=job.started_at or now, error=None)
    if status in FINAL:
        return replace(changed, finished_at=now, waiting=None)
    if status in (JobStatus.INTERRUPTED, JobStatus.QUEUED):
        return replace(changed, waiting=None)
    return changed


CRASH_LIMIT = 3


def recover(job: Job, now: datetime) -> Job:
    """Return what a row left by a former process becomes at the next start.

    `running` means that the process died: the attempt counts, and the third crash in a row without
    one more committed item fails the job. `interrupted` means a clean stop. `queued` never ran.
    A `cancelling` one ends as its person wished.
    """
    if job.status is JobStatus.CANCELLING:
        return advance(job, JobSignal.INTERRUPT, now)
    if job.status is JobStatus.INTERRUPTED:
        return advance(job, JobSignal.RESUME, now)
    if job.status is not JobStatus.RUNNING:
        return job
    stuck = job.progress.done == job.crash_done
    crashes = job.crashes + 1 if stuck else 1
    stopped = replace(
        advance(job, JobSignal.INTERRUPT, now), crashes=crashes, crash_done=job.progress.done
    )
    if crashes >= CRASH_LIMIT:
        loop = JobError("crash_loop", f"the service stopped {crashes} times at the same item")
        return advance(stopped, JobSignal.FAIL, now, error=loop)
    return replace(advance(stopped, JobSignal.RESUME, now), attempt=job.attempt + 1)


LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log; `seq` is one of the job's own."""

    job_id: str
    seq: int
    at: datetime
    level: LogLevel
    message: str


# --- what is asked for --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SceneSelection:
    """Which scenes: exactly one of ids, a filter (the query names of `GET /api/scenes`), or all."""

    ids: tuple[str, ...] | None = None
    filter: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SyncSubmission:
    """A sync: `full`, `incremental`, or only some scenes; `scheduled` names the run it is for.

    `adopt` takes the library that Stash serves now, whatever was synced before.
    """

    mode: Literal["full", "incremental"] = "incremental"
    scene_ids: tuple[str, ...] | None = None
    adopt: bool = False
    kind: Literal[JobKind.SYNC] = JobKind.SYNC
    scheduled: ScheduledRun | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The job's public parameters."""
        ids = list(self.scene_ids) if self.scene_ids else None
        adopt = {"adopt": True} if self.adopt else {}
        return {"mode": self.mode, "scene_ids": ids, **adopt}


@dataclass(frozen=True, slots=True)
class AnalysisSubmission:
    """An analysis of a selection of scenes into a new plan, or on into `plan_id` (a retry)."""

    selection: SceneSelection
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    plan_id: int | None = None
    retry_of: str | None = None
    kind: Literal[JobKind.ANALYSIS] = JobKind.ANALYSIS
    scheduled: ScheduledRun | None = None


@dataclass(frozen=True, slots=True)
class ChangeSelection:
    """Which changes of a plan; neither: all that are accepted (apply) or applied (undo)."""

    change_ids: tuple[int, ...] | None = None
    scene_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ApplySubmission:
    """Write a plan's accepted changes to Stash."""

    plan_id: int
    selection: ChangeSelection = ChangeSelection()
    kind: Literal[JobKind.APPLY] = JobKind.APPLY


@dataclass(frozen=True, slots=True)
class UndoSubmission:
    """Put back what a plan wrote, where Stash still has it."""

    plan_id: int
    selection: ChangeSelection = ChangeSelection()
    remove_created: bool = False
    kind: Literal[JobKind.UNDO] = JobKind.UNDO


Submission = SyncSubmission | AnalysisSubmission | ApplySubmission | UndoSubmission

RESULT_SHAPES: Mapping[JobKind, Mapping[str, Any]] = {
    JobKind.SYNC: {"created": 0, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 0},
    JobKind.ANALYSIS: {"scenes": 0, "changes": 0},
    JobKind.APPLY: {"applied": 0, "already": 0, "conflicts": 0, "failed": 0, "skipped": 0},
    JobKind.UNDO: {"undone": 0, "conflicts": 0, "failed": 0, "skipped": 0, "removed": 0},
}


def add_tally(tally: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """Add counts to a tally; a dotted key (`skipped.organized`) counts inside an object."""
    out: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in tally.items()}
    for name, count in counts.items():
        group, dot, member = name.partition(".")
        if dot:
            inner = out.setdefault(group, {})
            inner[member] = inner.get(member, 0) + count
        else:
            out[name] = out.get(name, 0) + count
    return out


def result_of(kind: JobKind, params: Mapping[str, Any], tally: Mapping[str, Any]) -> dict[str, Any]:
    """Build a job's public `result` from what its transactions counted."""
    result: dict[str, Any] = {**RESULT_SHAPES[kind], **tally}
    if kind is JobKind.ANALYSIS:
        result.setdefault("skipped", {})
        result["plan_id"] = params.get("plan_id")
    if kind is JobKind.APPLY:
        created = {"tags": 0, "performers": 0, "studios": 0}
        result["created"] = {**created, **result.get("created", {})}
    return result


def retry_submission(job: Job) -> Submission:
    """Build the submission that runs an ended job once more with the same parameters."""
    params = job.params
    match job.kind:
        case JobKind.SYNC:
            ids: Sequence[str] | None = params.get("scene_ids")
            adopt = bool(params.get("adopt"))
            return SyncSubmission(params["mode"], tuple(ids) if ids else None, adopt)
        case JobKind.ANALYSIS:
            return AnalysisSubmission(
                selection=SceneSelection(
                    tuple(params["scene_ids"]) if params.get("scene_ids") else None,
                    params.get("filter"),
                ),
                options=params.get("options") or {},
                name=params.get("name"),
                plan_id=params["plan_id"],
                retry_of=job.id,
            )
        case JobKind.APPLY:
            return ApplySubmission(params["plan_id"], _selection(params))
        case JobKind.UNDO:
            return UndoSubmission(
                params["plan_id"], _selection(params), bool(params.get("remove_created"))
            )


def _selection(params: Mapping[str, Any]) -> ChangeSelection:
    changes, scenes = params.get("change_ids"), params.get("scene_ids")
    return ChangeSelection(
        tuple(changes) if changes is not None else None,
        tuple(scenes) if scenes is not None else None,
    )
