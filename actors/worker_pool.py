"""The worker pool: which queued job runs next, on how many workers, in which slots.

Rules:
- At most `jobs.workers` jobs run, and one for each slot. A job whose slot is taken waits without
  holding up those behind it; otherwise the oldest runs first.
- The queue is the registry's: after a crash the pool asks for it again. Jobs at work are not
  touched by that (`actors.crew`).
- Mailbox: only the registry and the crew write to it, a bounded number of messages a job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, assert_never

import structlog

from actors.crew import Crew
from actors.mailbox import Mailbox
from actors.messages import (
    Abandon,
    CancelRun,
    Ended,
    Freed,
    Go,
    InterruptAll,
    PoolUp,
    Run,
    Settled,
    Started,
    ToPool,
    ToRegistry,
)
from actors.tasks import TaskQueue
from stashhog.domain.jobs import Job, JobError, JobSignal

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PoolParts:
    """What the worker pool works with; all of it outlives the pool's lives."""

    mailbox: Mailbox[ToPool]
    registry: Mailbox[ToRegistry]
    crew: Crew
    tasks: TaskQueue
    workers: Callable[[], int]


class WorkerPool:
    """One life of the worker pool."""

    def __init__(self, parts: PoolParts) -> None:
        self._parts = parts
        self._queue: dict[str, Job] = {}
        self._stopping = False

    async def run(self, ready: Callable[[], None]) -> NoReturn:
        """Serve the inbox until cancelled."""
        self._parts.registry.post(PoolUp())
        ready()
        await self._parts.mailbox.serve(self._handle)

    async def _handle(self, message: ToPool) -> None:
        crew = self._parts.crew
        match message:
            case Run(job):
                self._enqueue(job)
            case Go(job_id):
                crew.go(job_id)
            case CancelRun(job_id):
                self._queue.pop(job_id, None)
                crew.cancel(job_id)
            case Settled(job_id):
                crew.settle(job_id)
            case Freed():
                self._fill()
            case InterruptAll(grace_s):
                self._stopping = True
                self._queue.clear()
                crew.interrupt_all(grace_s)
            case Abandon():
                crew.abandon()
            case _:
                assert_never(message)

    def _enqueue(self, job: Job) -> None:
        crew = self._parts.crew
        if job.id in crew or job.id in crew.unsettled or self._stopping:
            return
        if job.kind not in self._parts.tasks.kinds:
            _log.error("job_kind_unknown", kind=job.kind.value, job_id=job.id)
            error = JobError("unknown_kind", f"this version cannot run jobs of kind {job.kind}")
            self._parts.registry.post(Started(job.id))
            self._parts.registry.post(Ended(job.id, JobSignal.FAIL, error=error))
            return
        self._queue[job.id] = job
        self._fill()

    def _fill(self) -> None:
        """Start what may start, oldest first."""
        parts = self._parts
        taken = set(parts.crew.slots)
        for job in list(self._queue.values()):
            if len(parts.crew) >= parts.workers():
                return
            task = parts.tasks[job.kind]
            if task.slot is not None and task.slot in taken:
                continue
            del self._queue[job.id]
            if task.slot is not None:
                taken.add(task.slot)
            parts.crew.start(job, task)
            parts.registry.post(Started(job.id))
