"""Everything that actors say to each other: frozen values, grouped by who receives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from actors.mailbox import Ask
from stashhog.domain.jobs import (
    AnalysisSubmission,
    Job,
    JobError,
    JobSignal,
    LogLevel,
    Progress,
    Submission,
    SyncSubmission,
    Waiting,
)

LibraryReason = Literal["sync", "apply", "undo", "stash"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a job's log, before the registry gives it its `seq`."""

    at: datetime
    level: LogLevel
    message: str


# --- to the job registry ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit(Ask[Job]):
    """Make a job. Answered when it is on disk."""

    job_id: str
    submission: Submission
    at: datetime


@dataclass(frozen=True, slots=True)
class Cancel(Ask[Job | None]):
    """A person wants a job's end. Answered when that is on disk; None: no such job in memory.

    `found` brings a job along that only the store knew.
    """

    job_id: str
    found: Job | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The pool gave the job a worker; it waits for `Go`."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Reported:
    """How far a running job has come, and what it waits for."""

    job_id: str
    progress: Progress
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Logged:
    """Lines for a running job's log."""

    job_id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A job's function is over: STOPPED, COMPLETE, FAIL or INTERRUPT, and its last words."""

    job_id: str
    signal: JobSignal
    progress: Progress | None = None
    lines: tuple[Line, ...] = ()
    error: JobError | None = None
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PoolUp:
    """The pool (re)started with an empty queue: it needs the queued jobs again."""


@dataclass(frozen=True, slots=True)
class Flush(Ask[None]):
    """Answer when everything is on disk."""


ToRegistry: TypeAlias = Submit | Cancel | Started | Reported | Logged | Ended | PoolUp | Flush


# --- to the worker pool -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Run a queued job when a worker and its slot are free. Known jobs are not run twice."""

    job: Job


@dataclass(frozen=True, slots=True)
class Go:
    """That the job runs is on disk: its function may begin."""

    job_id: str


@dataclass(frozen=True, slots=True)
class CancelRun:
    """End this job's scope now, or forget it where it waits."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """How the job ended is on disk: the pool may forget it."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Freed:
    """A worker is free again."""


@dataclass(frozen=True, slots=True)
class InterruptAll:
    """The service stops: end all jobs' scopes, shielded sections `grace_s` seconds later."""

    grace_s: float


@dataclass(frozen=True, slots=True)
class Abandon:
    """The time to stop is up: what still runs counts as interrupted."""


ToPool: TypeAlias = Run | Go | CancelRun | Settled | Freed | InterruptAll | Abandon


# --- to the sync manager and the analysis planner -----------------------------------------------


@dataclass(frozen=True, slots=True)
class SyncRequest(Ask[Job]):
    """Somebody wants a sync; a fitting one that waits or runs is joined."""

    submission: SyncSubmission


@dataclass(frozen=True, slots=True)
class Nudge:
    """Anything may have changed in Stash: one more sync of everything."""

    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A running sync saved its first page: what changes from now on may be missed by it."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a sync that the sync manager asked the registry for."""

    submission: SyncSubmission
    outcome: Job | Exception


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job reached a final status, on disk."""

    job: Job


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """The local copy holds something else than before."""

    reason: LibraryReason


@dataclass(frozen=True, slots=True)
class AnalyseRequest(Ask[Job]):
    """Somebody wants an analysis."""

    submission: AnalysisSubmission


ToSyncManager: TypeAlias = SyncRequest | Nudge | Begun | Submitted | JobEnded | LibraryChanged
ToPlanner: TypeAlias = AnalyseRequest | JobEnded | LibraryChanged
