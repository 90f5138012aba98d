"""The job registry: the one owner of what jobs there are and how they stand.

Rules:
- The inbox changes memory only (`actors.ledger`) and never awaits the store, so a cancel fires the
  job's scope on receipt. A writer beside it takes everything that is not on disk in one batch,
  saves, and only then tells: watchers, people who asked, the pool, the other actors.
- A write that fails is told to those who asked and tried again; nothing is told that is not on
  disk. A job is dispatched when its queued row is on disk, begins when its running row is.
- A crashed registry is rebuilt from the store and from the jobs still at work.
- Mailbox: people are refused when it is full (503), progress and log lines wait with their job.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog
import trio

from actors.crew import Crew
from actors.ledger import Ledger
from actors.mailbox import Mailbox, Reply
from actors.messages import (
    Cancel,
    CancelRun,
    Ended,
    Flush,
    Go,
    JobEnded,
    Logged,
    PoolUp,
    Reported,
    Run,
    Settled,
    Started,
    Submit,
    ToPlanner,
    ToPool,
    ToRegistry,
    ToSyncManager,
)
from actors.quiet import Quiet
from actors.watching import Hub, Watch, watch_ended
from stashhog.core.exceptions import BusyError, StashHogException
from stashhog.core.ids import RANDOM_BYTES, uuid7
from stashhog.domain.jobs import Job, JobSignal, JobStatus, Submission
from stashhog.ports import JobStore

_log = structlog.get_logger(__name__)

WRITE_LIMIT_S = 60.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
LAST_ANSWERS_S = 0.5
"""How long a dying registry lets a write end before it tells those who wait."""


@dataclass(frozen=True, slots=True)
class RegistryParts:
    """What the registry works with; all of it outlives the registry's lives.

    `closing` is set when the service begins to stop: no job is made any more.
    """

    mailbox: Mailbox[ToRegistry]
    pool: Mailbox[ToPool]
    sync_manager: Mailbox[ToSyncManager]
    planner: Mailbox[ToPlanner]
    store: JobStore
    hub: Hub
    crew: Crew
    most_active: Callable[[], int]
    now: Callable[[], datetime]
    closing: trio.Event
    resume: bool


class JobRegistry:
    """One life of the registry."""

    def __init__(self, parts: RegistryParts) -> None:
        self._parts = parts
        self._ledger = Ledger(parts.hub)
        self._submits: deque[Submit] = deque()
        self._flushes: list[Reply[None]] = []
        self._work = trio.Event()
        self._asked = trio.Event()
        self._quiet = Quiet()
        self._at_rest = trio.Event()
        self._at_rest.set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Rebuild memory, then serve the inbox until cancelled."""
        await self._rebuild()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_writing)
            ready()
            try:
                await self._parts.mailbox.serve(self._handle)
            finally:
                # A write under way cannot be cut short. Who waits for it hears how it went, or
                # after a moment that the registry is gone.
                with trio.move_on_after(LAST_ANSWERS_S, shield=True):
                    await self._at_rest.wait()
                self._parts.mailbox.fail_owed()

    # --- starting -------------------------------------------------------------------------------

    async def _rebuild(self) -> None:
        """Take up what the store has, oldest first, and what is at work in this process."""
        parts = self._parts
        known = set(parts.hub.live) | set(parts.crew.unsettled)
        if not (parts.resume or known or len(parts.crew)):
            return
        rows = await parts.store.unfinished()
        for row in rows:
            self._take_up(row, ours=row.id in known)
        for job_id in known.difference(row.id for row in rows):
            await self._already_ended(job_id)
        self._dispatch_queued()
        self._wake()

    def _take_up(self, row: Job, *, ours: bool) -> None:
        parts = self._parts
        if row.id in parts.crew.unsettled:
            self._ledger.adopt(row)
            self._begin_late(row)
            self._ended(parts.crew.unsettled[row.id])
        elif row.id in parts.crew:
            self._ledger.adopt(row)
            self._begin_late(row)
            if row.status is JobStatus.CANCELLING:
                parts.pool.post(CancelRun(row.id))
            elif row.status is JobStatus.RUNNING:
                parts.pool.post(Go(row.id))
        elif (parts.resume or ours) and not parts.closing.is_set():
            self._ledger.take_up(row, parts.now())

    def _begin_late(self, row: Job) -> None:
        """The former registry heard that the job started, but could not save it."""
        if row.status is JobStatus.QUEUED:
            self._ledger.signal(row.id, JobSignal.START, self._parts.now())

    async def _already_ended(self, job_id: str) -> None:
        """A job whose end is on disk: tell it, where it was not, and let the pool forget it."""
        self._parts.pool.post(Settled(job_id))
        if job_id in self._parts.hub.live:
            job = await self._parts.store.get(job_id)
            if job.final:
                self._parts.hub.tell_status(job)

    def _dispatch_queued(self) -> None:
        """Send the pool every queued job that is on disk; those it knows it ignores."""
        for job in self._ledger.jobs:
            told = self._parts.hub.live.get(job.id)
            if job.status is JobStatus.QUEUED and told is not None and told.status is job.status:
                self._parts.pool.post(Run(job))

    # --- the inbox ------------------------------------------------------------------------------

    async def _handle(self, message: ToRegistry) -> None:
        match message:
            case Submit():
                self._submit(message)
            case Cancel():
                self._cancel(message)
            case Started(job_id):
                self._started(job_id)
            case Reported(job_id, progress, waiting):
                self._ledger.report(job_id, progress, waiting)
            case Logged(job_id, lines):
                self._ledger.log(job_id, lines)
            case Ended():
                self._ended(message)
            case PoolUp():
                self._dispatch_queued()
            case Flush(reply):
                self._flushes.append(reply)
                self._asked.set()
                self._work.set()
            case _:
                assert_never(message)
        self._wake()

    def _started(self, job_id: str) -> None:
        job = self._ledger.job(job_id)
        if job is not None and job.status is JobStatus.RUNNING:
            return  # the message outlived the registry that it was for; `_begin_late` knew
        if not self._ledger.signal(job_id, JobSignal.START, self._parts.now()):
            self._parts.pool.post(CancelRun(job_id))

    def _submit(self, submit: Submit) -> None:
        if self._parts.closing.is_set():
            submit.reply.fail(BusyError("the service is stopping", retry_after_seconds=5.0))
        elif len(self._ledger) + len(self._submits) >= self._parts.most_active():
            submit.reply.fail(BusyError("too many jobs wait already", retry_after_seconds=5.0))
        else:
            self._submits.append(submit)
            self._asked.set()
            self._work.set()

    def _cancel(self, cancel: Cancel) -> None:
        job = self._ledger.job(cancel.job_id)
        if job is None and cancel.found is not None:
            self._ledger.adopt(cancel.found)
            job = cancel.found
        if job is None:
            told = self._parts.hub.job(cancel.job_id)
            cancel.reply.set(told if told is not None and told.final else None)
            return
        now = self._parts.now()
        if job.status is not JobStatus.CANCELLING:
            self._ledger.signal(job.id, JobSignal.CANCEL, now)
        self._parts.pool.post(CancelRun(job.id))
        if job.id not in self._parts.crew and job.id not in self._parts.crew.unsettled:
            self._ledger.signal(job.id, JobSignal.INTERRUPT, now)
        self._ledger.ask(job.id, cancel.reply)
        self._asked.set()

    def _ended(self, ended: Ended) -> None:
        job = self._ledger.job(ended.job_id)
        if job is None:
            self._parts.pool.post(Settled(ended.job_id))
            return
        now = self._parts.now()
        self._ledger.log(job.id, ended.lines)
        if ended.progress is not None:
            self._ledger.report(job.id, ended.progress, job.waiting)
        stopped_early = ended.signal is JobSignal.STOPPED and job.status is JobStatus.RUNNING
        if stopped_early:  # a former registry passed the cancel on and could not save it
            self._ledger.signal(job.id, JobSignal.CANCEL, now)
        wanted = stopped_early or job.status is JobStatus.CANCELLING
        error = None if wanted else ended.error
        if not self._ledger.signal(job.id, ended.signal, now, error=error, result=ended.result):
            self._parts.pool.post(Settled(job.id))

    # --- the writer -----------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._ledger.dirty:
            self._work.set()

    async def _keep_writing(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            await self._work.wait()
            self._work, self._asked, self._at_rest = trio.Event(), trio.Event(), trio.Event()
            saved = await self._save() if self._ledger.dirty else True
            if self._submits:
                await self._insert(self._submits.popleft())
            self._at_rest.set()
            if self._submits or (saved and self._ledger.dirty):
                self._work.set()
            elif saved:
                self._answer_flushes(None)
            if saved:
                pause = FIRST_PAUSE_S
                continue
            self._work.set()
            with trio.move_on_after(pause):
                await self._asked.wait()
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _save(self) -> bool:
        batch = self._ledger.take()
        try:
            with trio.fail_after(WRITE_LIMIT_S, shield=True):
                stored = await self._parts.store.save(batch.jobs, batch.lines)
        except StashHogException as error:
            self._ledger.not_saved(batch, error)
            self._answer_flushes(error)
            self._complain(error)
            return False
        for job in self._ledger.saved(batch, stored):
            self._on_disk(job)
        return True

    def _on_disk(self, job: Job) -> None:
        """Let others act on what is on disk now."""
        parts = self._parts
        if job.status is JobStatus.QUEUED:
            parts.pool.post(Run(job))
        elif job.status is JobStatus.RUNNING:
            if parts.crew.held(job.id):
                parts.pool.post(Go(job.id))
        elif job.final or job.status is JobStatus.INTERRUPTED:
            parts.pool.post(Settled(job.id))
        if job.final:
            parts.sync_manager.post(JobEnded(job))
            parts.planner.post(JobEnded(job))

    async def _insert(self, submit: Submit) -> None:
        if submit.reply.abandoned:
            return
        try:
            with trio.fail_after(WRITE_LIMIT_S, shield=True):
                job = await self._parts.store.insert(submit.job_id, submit.submission, submit.at)
        except StashHogException as error:
            submit.reply.fail(error)
            return
        self._ledger.insert(job)
        submit.reply.set(job)
        self._parts.pool.post(Run(job))

    def _answer_flushes(self, error: Exception | None) -> None:
        flushes, self._flushes = self._flushes, []
        for reply in flushes:
            if error is None:
                reply.set(None)
            else:
                reply.fail(error)

    def _complain(self, error: StashHogException) -> None:
        if self._quiet.may(error.public_code):
            _log.warning("jobs_not_saved", code=error.public_code, detail=error.detail)


class RegistryHandle:
    """What the rest of the service asks of the registry."""

    def __init__(self, parts: RegistryParts) -> None:
        self._parts = parts
        self.boot = parts.hub.boot

    async def submit(self, submission: Submission) -> Job:
        """Make a job; returns it when it is on disk.

        A cancelled call leaves the job unmade where the registry had not begun with it.

        Raises:
            StashHogException: what `JobStore.insert` raises; BusyError while there is too much.
        """
        now = self._parts.now()
        job_id = uuid7(int(now.timestamp() * 1000), os.urandom(RANDOM_BYTES))
        reply = Reply[Job]()
        self._parts.mailbox.offer(Submit(reply, job_id, submission, now))
        return await reply.wait()

    async def cancel(self, job_id: str) -> Job:
        """Ask for a job's end; returns it when that is on disk, an ended one as it ended.

        Raises:
            JobNotFoundError: no job has this id.
        """
        job = await self._cancel(job_id, None)
        if job is not None:
            return job
        found = await self._parts.store.get(job_id)
        return found if found.final else await self._cancel(job_id, found) or found

    async def _cancel(self, job_id: str, found: Job | None) -> Job | None:
        reply = Reply[Job | None]()
        self._parts.mailbox.offer(Cancel(reply, job_id, found))
        return await reply.wait()

    def live(self) -> Mapping[str, Job]:
        """The jobs that have not ended, as they were last told."""
        return self._parts.hub.live

    @asynccontextmanager
    async def watch(self, job_id: str, after: int | None = None) -> AsyncGenerator[Watch]:
        """Watch a job: frames as API.md has them, ending after the final status.

        Raises:
            JobNotFoundError: no job has this id.
        """
        if self._parts.hub.job(job_id) is None:
            yield watch_ended(await self._parts.store.get(job_id))
            return
        with self._parts.hub.watch(job_id, after) as watch:
            yield watch

    @asynccontextmanager
    async def watch_all(
        self, boot: str | None = None, after: int | None = None
    ) -> AsyncGenerator[Watch]:
        """Watch all jobs and the library."""
        with self._parts.hub.watch_all(boot, after) as watch:
            yield watch

    async def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            StashHogException: it could not be saved.
        """
        reply = Reply[None]()
        self._parts.mailbox.post(Flush(reply))
        await reply.wait()
