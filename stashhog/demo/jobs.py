"""The sample Stash's own jobs: scans that end, and what is told about them.

Rules:
- Ids begin at 1 with each start of the server, as in a real Stash.
- Watchers get events through bounded channels; one that does not read loses events, the rest do
  not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import trio

from stashhog.demo.state import StashState

_WATCHER_SLOTS = 100
_REMEMBERED = 10


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it stands; `progress` is of 1, or None where unknown."""

    id: int
    description: str
    added_at: str
    status: str = "READY"
    progress: float | None = 0.0
    sub_tasks: tuple[str, ...] | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """What `jobsSubscribe` tells: `ADD`, `UPDATE` or `REMOVE`, and the job."""

    type: str
    job: JobRow


@dataclass(frozen=True, slots=True)
class StashEvent:
    """Something for those who subscribed to `subscription`."""

    subscription: str
    value: Any


class Jobs:
    """The queue of scans.

    Args:
        state: What a scan works on.
        scan_seconds: How long a scan takes.
    """

    def __init__(self, state: StashState, scan_seconds: float) -> None:
        self.queue: dict[int, JobRow] = {}
        self.ended: deque[JobRow] = deque(maxlen=_REMEMBERED)
        self._state = state
        self._scan_seconds = scan_seconds
        self._last_id = 0
        self._watchers: set[trio.MemorySendChannel[StashEvent]] = set()
        self._wake = trio.Event()

    def add_scan(self) -> JobRow:
        """Queue a scan."""
        self._last_id += 1
        job = JobRow(self._last_id, "Scanning...", self._state.now())
        self.queue[job.id] = job
        self._tell(StashEvent("jobsSubscribe", JobUpdate("ADD", job)))
        self._wake.set()
        return job

    def find(self, job_id: int) -> JobRow | None:
        """A job that is queued, or among the last that ended."""
        return self.queue.get(job_id) or next((j for j in self.ended if j.id == job_id), None)

    def stop(self, job_id: int) -> None:
        """Take a waiting job from the queue; anything else is ignored."""
        job = self.queue.get(job_id)
        if job is not None and job.status == "READY":
            self._end(job, "CANCELLED")

    @contextmanager
    def watch(self) -> Generator[trio.MemoryReceiveChannel[StashEvent]]:
        """Get events until the block is left."""
        send, receive = trio.open_memory_channel[StashEvent](_WATCHER_SLOTS)
        self._watchers.add(send)
        try:
            with receive:
                yield receive
        finally:
            self._watchers.discard(send)

    async def work(self) -> None:
        """Run queued jobs one after the other, until cancelled."""
        while True:
            for job in list(self.queue.values()):
                await self._scan(job)
            if not self.queue:
                self._wake = trio.Event()
                await self._wake.wait()

    async def _scan(self, waiting: JobRow) -> None:
        if waiting.id not in self.queue:
            return
        job = replace(waiting, status="RUNNING", started_at=self._state.now(), progress=None)
        self.queue[job.id] = job
        self._tell(StashEvent("jobsSubscribe", JobUpdate("UPDATE", job)))
        await trio.sleep(self._scan_seconds)
        self._state.scan()
        self._end(replace(job, progress=1.0), "FINISHED")
        self._tell(StashEvent("scanCompleteSubscribe", value=True))

    def _end(self, job: JobRow, status: str) -> None:
        self.queue.pop(job.id, None)
        ended = replace(job, status=status, ended_at=self._state.now())
        self.ended.append(ended)
        self._tell(StashEvent("jobsSubscribe", JobUpdate("REMOVE", ended)))

    def _tell(self, event: StashEvent) -> None:
        for watcher in self._watchers:
            try:
                watcher.send_nowait(event)
            except trio.WouldBlock:
                continue  # it has a hundred to read already, and polls what it missed
