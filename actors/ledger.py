"""The registry's memory: every job as it is, what of it is not yet on disk, and what is not told.

Rules:
- Synchronous and free of I/O: the registry's inbox changes it, the registry's writer empties it.
- A change of status goes through `domain.jobs.advance` and takes the job's next `seq`; so does a
  log line. Both are told after they were saved, in the order of their `seq`.
- While the store cannot save, what is no promise is told all the same: log lines, and what a job
  waits for. They are saved later.
- Progress is told at once, as its items are committed, unless something older still waits to be
  told: then it follows that.
- The stored `seq` may lie behind what was told of progress, but never by `SEQ_AHEAD`; a job that a
  crash stopped goes on that much higher, so that `seq` rises over restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from actors.mailbox import Reply
from actors.messages import Line
from actors.watching import Hub
from stashhog.domain.jobs import (
    IllegalTransitionError,
    Job,
    JobError,
    JobSignal,
    JobStatus,
    LogLine,
    Progress,
    Waiting,
    advance,
    recover,
)

SEQ_AHEAD = 1024
SAVE_SEQ_EVERY = SEQ_AHEAD // 2
MOST_UNTOLD_LINES = 1000
"""Log lines of one job that wait for a full disk at the most; later ones are dropped."""


def at_rest(progress: Progress) -> Progress:
    """The progress of a job that is not at work: without a speed."""
    return replace(progress, rate=None, eta_s=None)


@dataclass(slots=True, eq=False)
class Entry:
    """One job in memory.

    `untold` are snapshots (status, waiting) and log lines in the order of their `seq`; the first
    `in_flight` of them are being saved, the first `told_early` could not be saved and were told.
    `asked` are the people who wait to hear that their cancel
    is on disk.
    """

    job: Job
    saved_seq: int
    dirty: bool = False
    untold: list[Job | LogLine] = field(default_factory=list)
    in_flight: int = 0
    told_early: int = 0
    progress_untold: bool = False
    asked: list[Reply[Job | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one write saves: jobs and log lines, with how much of each entry's `untold` that is."""

    jobs: tuple[Job, ...]
    lines: tuple[LogLine, ...]
    taken: tuple[tuple[Entry, int, tuple[Reply[Job | None], ...]], ...]


class Ledger:
    """All jobs in memory; an ended one leaves when its end was told."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._entries: dict[str, Entry] = {}
        self._dirty: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def job(self, job_id: str) -> Job | None:
        """A job as it is now, told or not."""
        entry = self._entries.get(job_id)
        return None if entry is None else entry.job

    @property
    def jobs(self) -> Sequence[Job]:
        """All jobs in memory as they are now, in the order in which they came."""
        return [entry.job for entry in self._entries.values()]

    @property
    def dirty(self) -> bool:
        """Whether anything is not on disk."""
        return bool(self._dirty)

    # --- what happens to jobs -------------------------------------------------------------------

    def insert(self, job: Job) -> None:
        """Take in a job that was just made and saved, and tell it."""
        self._entries[job.id] = Entry(job, job.seq)
        self._hub.tell_status(job)

    def adopt(self, row: Job) -> None:
        """Take in a row as it is, because its job still runs in this process."""
        told = self._hub.job(row.id)
        seq = max(row.seq, told.seq if told is not None else 0)
        self._entries[row.id] = Entry(replace(row, seq=seq), row.seq)
        if told is None or told.status is not row.status:
            self._touch(self._entries[row.id])

    def take_up(self, row: Job, now: datetime) -> None:
        """Take in a row that a former process, or a former life of the registry, left."""
        job = recover(row, now)
        told = self._hub.job(row.id)
        seq = max(row.seq, told.seq if told is not None else 0)
        if job is not row:
            entry = Entry(replace(job, seq=seq + SEQ_AHEAD), row.seq)
            self._entries[row.id] = entry
            self._touch(entry)
            return
        self._entries[row.id] = Entry(replace(job, seq=seq), row.seq)
        if told is None:
            self._touch(self._entries[row.id])

    def signal(
        self,
        job_id: str,
        signal: JobSignal,
        now: datetime,
        *,
        error: JobError | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> bool:
        """Advance a job; False, and nothing happened, where its status does not know the signal."""
        entry = self._entries.get(job_id)
        if entry is None:
            return False
        try:
            job = advance(entry.job, signal, now, error=error, result=result)
        except IllegalTransitionError:
            return False
        stands = job.final or job.status is JobStatus.INTERRUPTED
        entry.job = replace(job, progress=at_rest(job.progress)) if stands else job
        self._touch(entry)
        return True

    def report(self, job_id: str, progress: Progress, waiting: Waiting | None) -> None:
        """Take a running job's progress, and what it waits for."""
        entry = self._entries.get(job_id)
        if entry is None or entry.job.final:
            return
        if waiting != entry.job.waiting:
            entry.job = replace(entry.job, progress=progress, waiting=waiting)
            self._touch(entry)
        elif progress != entry.job.progress:
            entry.job = replace(entry.job, progress=progress)
            self._tell_progress(entry)

    def log(self, job_id: str, lines: Sequence[Line]) -> None:
        """Add lines to a job's log."""
        entry = self._entries.get(job_id)
        if entry is None or entry.job.final:
            return
        room = MOST_UNTOLD_LINES - len(entry.untold)
        for line in lines[: max(room, 0)]:
            entry.job = replace(entry.job, seq=entry.job.seq + 1)
            entry.untold.append(LogLine(job_id, entry.job.seq, line.at, line.level, line.message))
            self._mark(entry)

    def ask(self, job_id: str, reply: Reply[Job | None]) -> None:
        """Answer with the job as it is now once that is on disk."""
        entry = self._entries[job_id]
        if entry.dirty or entry.untold:
            entry.asked.append(reply)
        else:
            reply.set(entry.job)

    def _touch(self, entry: Entry) -> None:
        """Note a new snapshot that has to be saved and told."""
        entry.job = replace(entry.job, seq=entry.job.seq + 1)
        settled = max(entry.in_flight, entry.told_early)
        last = entry.untold[-1] if len(entry.untold) > settled else None
        if isinstance(last, Job) and last.status is entry.job.status:
            entry.untold[-1] = entry.job  # only what it waits for has changed again
        else:
            entry.untold.append(entry.job)
        entry.progress_untold = False
        self._mark(entry)

    def _mark(self, entry: Entry) -> None:
        entry.dirty = True
        self._dirty[entry.job.id] = entry

    def _tell_progress(self, entry: Entry) -> None:
        ahead = entry.job.seq + 1 - entry.saved_seq
        if ahead >= SAVE_SEQ_EVERY:
            self._mark(entry)
        if entry.untold or ahead >= SEQ_AHEAD:
            entry.progress_untold = True
            return
        entry.progress_untold = False
        entry.job = replace(entry.job, seq=entry.job.seq + 1)
        self._hub.tell_progress(entry.job)

    # --- the writer's ---------------------------------------------------------------------------

    def take(self) -> Batch:
        """Take everything that is not on disk; `saved` or `not_saved` must follow."""
        entries = list(self._dirty.values())
        self._dirty.clear()
        taken = []
        lines: list[LogLine] = []
        for entry in entries:
            entry.dirty = False
            entry.in_flight = len(entry.untold)
            taken.append((entry, len(entry.untold), tuple(entry.asked)))
            entry.asked.clear()
            lines += [item for item in entry.untold if isinstance(item, LogLine)]
        return Batch(tuple(entry.job for entry in entries), tuple(lines), tuple(taken))

    def not_saved(self, batch: Batch, error: Exception) -> None:
        """Keep what could not be saved for another try; who asked for a cancel hears why."""
        for entry, _, asked in batch.taken:
            entry.in_flight = 0
            self._mark(entry)
            self._tell_early(entry)
            for reply in asked:
                reply.fail(error)

    def saved(self, batch: Batch, stored: Sequence[Job]) -> Sequence[Job]:
        """Tell what is on disk now; returns the jobs as they are there."""
        by_id = {job.id: job for job in stored}
        on_disk = []
        for job, (entry, count, asked) in zip(batch.jobs, batch.taken, strict=True):
            now_stored = by_id.get(job.id, job) if job.final else job
            entry.in_flight = 0
            entry.saved_seq = job.seq
            self._tell(entry, count, now_stored)
            for reply in (*asked, *_asked_meanwhile(entry)):
                reply.set(now_stored)
            on_disk.append(now_stored)
        return on_disk

    def _tell(self, entry: Entry, count: int, stored: Job) -> None:
        told, entry.untold = entry.untold[entry.told_early : count], entry.untold[count:]
        entry.told_early = max(entry.told_early - count, 0)
        for item in told:
            if isinstance(item, LogLine):
                self._hub.tell_log(item)
            else:
                self._hub.tell_status(stored if item.final else item)
        if stored.final:
            del self._entries[stored.id]
        elif entry.progress_untold and not entry.untold:
            self._tell_progress(entry)

    def _tell_early(self, entry: Entry) -> None:
        known = self._hub.job(entry.job.id)
        for item in entry.untold[entry.told_early :]:
            if known is None or item.seq - entry.saved_seq >= SEQ_AHEAD:
                return
            if isinstance(item, LogLine):
                self._hub.tell_log(item)
            elif item.status is known.status:
                self._hub.tell_status(item)
            else:
                return
            entry.told_early += 1


def _asked_meanwhile(entry: Entry) -> Sequence[Reply[Job | None]]:
    """Those who asked while the write was under way about nothing newer than what it saved."""
    if entry.dirty:
        return ()
    asked, entry.asked = entry.asked, []
    return asked
