"""The jobs at work: each in a cancel scope of its own, in a nursery that outlives the pool's lives.

Rules:
- A job's function begins only after `go`: when it is on disk that the job runs. So a job that was
  cancelled while queued never runs, and one that kills the process is counted.
- How a job ended stays in `unsettled` until that is on disk, so that a crash of the registry
  between the two loses nothing.
- Here is the one broad `except` around a job: whatever it raises ends that job, nothing else.
- A cancel by a person ends as STOPPED, one by the service's stop as INTERRUPT; a function that
  returned before it noticed has completed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
import trio
from structlog.contextvars import bound_contextvars

from actors.boundaries import StrayCancelledError, caught
from actors.jobs.context import JobContext, Surroundings, tellable
from actors.mailbox import Mailbox
from actors.messages import Ended, Freed, ToPool
from actors.tasks import Slot, Task
from stashhog.core.exceptions import StashHogException
from stashhog.domain.jobs import Job, JobError, JobSignal

_log = structlog.get_logger(__name__)

INTERNAL = JobError("internal_error", "an internal error; the service's log says more")


@dataclass(slots=True, eq=False)
class Running:
    """One job at work; `why` says who ended its scope, None while nobody did."""

    context: JobContext
    task: Task
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    go: trio.Event = field(default_factory=trio.Event)
    why: JobSignal | None = None

    def end(self, why: JobSignal) -> None:
        """Cancel the job's scope; the first to want it is the reason."""
        self.why = self.why or why
        self.scope.cancel()


class Crew:
    """The jobs at work and those whose end is not on disk yet.

    Args:
        around: What every job's context is made of.
        pool: Hears of each worker that is free again.
        nursery: Where jobs run; it must outlive the worker pool.
    """

    def __init__(self, around: Surroundings, pool: Mailbox[ToPool], nursery: trio.Nursery) -> None:
        self._around = around
        self._pool = pool
        self._nursery = nursery
        self._running: dict[str, Running] = {}
        self._unsettled: dict[str, Ended] = {}
        self._idle = trio.Event()
        self._idle.set()

    # --- reading --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._running

    @property
    def unsettled(self) -> Mapping[str, Ended]:
        """How jobs ended that the registry has not confirmed yet."""
        return self._unsettled

    @property
    def slots(self) -> Iterator[Slot]:
        """The slots that are taken."""
        return (r.task.slot for r in self._running.values() if r.task.slot is not None)

    def held(self, job_id: str) -> bool:
        """Whether a job has a worker but may not begin yet."""
        running = self._running.get(job_id)
        return running is not None and not running.go.is_set()

    async def wait_idle(self) -> None:
        """Wait until no job is at work."""
        while self._running:
            await self._idle.wait()

    # --- the pool's -----------------------------------------------------------------------------

    def start(self, job: Job, task: Task) -> None:
        """Give a job a worker; its function waits for `go`."""
        running = Running(JobContext(job, self._around), task)
        self._running[job.id] = running
        self._idle = trio.Event()
        self._nursery.start_soon(self._work, running, name=f"{job.kind} {job.id}")

    def go(self, job_id: str) -> None:
        """Let a job begin."""
        if job_id in self._running:
            self._running[job_id].go.set()

    def cancel(self, job_id: str) -> None:
        """End a job because a person wants it."""
        if job_id in self._running:
            self._running[job_id].end(JobSignal.STOPPED)

    def interrupt_all(self, grace_s: float) -> None:
        """End all jobs because the service stops; shielded sections `grace_s` seconds later."""
        if self._running:
            self._nursery.start_soon(self.shut, grace_s)

    async def shut(self, grace_s: float) -> None:
        """End all jobs, let shielded sections go on for `grace_s` seconds, then end those too."""
        for running in self._running.values():
            running.end(JobSignal.INTERRUPT)
        with trio.move_on_after(grace_s, shield=True):
            await self.wait_idle()
        for running in self._running.values():
            running.context.lift_shields()

    def abandon(self) -> None:
        """Count what still runs as interrupted; what it says later is not heard."""
        for job_id, running in list(self._running.items()):
            running.context.lift_shields()
            self._end(running, Ended(job_id, JobSignal.INTERRUPT))

    def settle(self, job_id: str) -> None:
        """Forget how a job ended: it is on disk."""
        self._unsettled.pop(job_id, None)

    # --- one job --------------------------------------------------------------------------------

    async def _work(self, running: Running) -> None:
        job = running.context.job
        with bound_contextvars(job_id=job.id, job_kind=job.kind.value):
            signal, error, result = await self._run(running)
        progress, lines = running.context.last_words()
        self._end(running, Ended(job.id, signal, progress, lines, error, result))

    async def _run(
        self, running: Running
    ) -> tuple[JobSignal, JobError | None, Mapping[str, Any] | None]:
        context, results = running.context, list[Mapping[str, Any] | None]()
        try:
            with running.scope:
                await running.go.wait()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(context.keep_telling)
                    results.append(await running.task.function(context))
                    nursery.cancel_scope.cancel()
        except BaseException as error:  # noqa: BLE001 - the one job boundary
            known, rest = caught(error)
            if rest is not None or known is None:
                raise rest or error from None
            if running.why is JobSignal.INTERRUPT:
                _log.info("job_ended_by_stop", error=repr(error))
                return JobSignal.INTERRUPT, None, None
            return JobSignal.FAIL, _job_error(known), None
        if results:
            return JobSignal.COMPLETE, None, results[0]
        if running.why is None:  # swallowed by the nursery, whose scope it took for its own
            return JobSignal.FAIL, _job_error(StrayCancelledError()), None
        return running.why, None, None

    def _end(self, running: Running, ended: Ended) -> None:
        if self._running.get(ended.job_id) is not running:
            return
        del self._running[ended.job_id]
        if not self._running:
            self._idle.set()
        self._unsettled[ended.job_id] = ended
        self._around.registry.post(ended)
        self._pool.post(Freed())


def _job_error(error: Exception) -> JobError:
    """What a person should read of it: our own errors as they are, of others nothing."""
    known = _our_own(error)
    if known is None:
        _log.error("job_crashed", exc_info=error)
        return INTERNAL
    _log.warning("job_failed", code=known.public_code, detail=known.detail)
    return JobError(known.public_code, tellable(known.detail))


def _our_own(error: Exception) -> StashHogException | None:
    """The error if it is ours; of a group the first, if all of them are."""
    if isinstance(error, ExceptionGroup):
        leaves = [_our_own(inner) for inner in error.exceptions]
        return leaves[0] if all(leaves) else None
    return error if isinstance(error, StashHogException) else None
