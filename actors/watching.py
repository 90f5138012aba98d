"""What watchers are told: frames, made once and shared, and one box a watcher that never blocks.

Rules:
- A status is told once it is on disk; the registry calls `tell_*` after its writer committed
  (progress counts items that the job itself has committed).
- `seq` is the job's own and rises; a job keeps its newest frames, so that a watcher that comes
  back goes on where it was, or gets a snapshot.
- Status frames are never dropped, of progress the latest wins, log lines are bounded. A box that
  grows all the same belongs to a dead reader, and its watch ends.
- The more watch, the less often progress is told, so that a hundred of them do not slow the job.
- The hub outlives the registry's restarts: watchers notice nothing but a pause.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self

import orjson
import trio

from actors.messages import LibraryReason
from stashhog.domain.jobs import Job, LogLine
from stashhog.domain.shapes import job_json, progress_json

KEPT_FRAMES = 128
KEPT_STREAM_FRAMES = 512
KEPT_ENDED = 64
MOST_LOG_FRAMES = 256
MOST_FRAMES = 4096
PROGRESS_EVERY_S = 0.2
A_WATCHER_S = 0.005
"""So much between two tellings for each watcher, at the least: a frame costs some 0.1 ms."""


class Frame(dict[str, Any]):
    """One frame as API.md has it. Shared by all who watch: read it, never change it."""

    __slots__ = ("_encoded",)
    _encoded: str | None

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._encoded = None

    @property
    def text(self) -> str:
        """The frame as JSON text, encoded once however many watch."""
        if self._encoded is None:
            self._encoded = orjson.dumps(self).decode()
        return self._encoded

    @property
    def seq(self) -> int:
        """The frame's number in its own stream."""
        seq: int = self["seq"]
        return seq


class Watch:
    """One watcher's box of frames, read as an async iterator.

    It ends after the final status of the watched job, when the hub closes, and when its reader
    fell too far behind (`lagged`).
    """

    def __init__(self) -> None:
        self._kept: deque[Frame] = deque()
        self._latest: dict[str, Frame] = {}
        self._logs = 0
        self._news = trio.Event()
        self._over = False
        self.lagged = False

    def put(self, frame: Frame) -> None:
        """Add a frame; never blocks."""
        if self._over:
            return
        key = _conflation_key(frame)
        if key is not None:
            self._latest.pop(key, None)
            self._latest[key] = frame
        else:
            self._keep(frame)
        self._news.set()

    def end(self) -> None:
        """End the watch after what is in the box."""
        self._over = True
        self._news.set()

    def _keep(self, frame: Frame) -> None:
        self._kept.append(frame)
        if frame["type"] == "log":
            self._logs += 1
            if self._logs > MOST_LOG_FRAMES:
                self._drop_oldest_log()
        if len(self._kept) > MOST_FRAMES:
            self.lagged = True
            self.end()

    def _drop_oldest_log(self) -> None:
        oldest = next(i for i, frame in enumerate(self._kept) if frame["type"] == "log")
        del self._kept[oldest]
        self._logs -= 1

    def _take(self) -> Frame | None:
        first = next(iter(self._latest), None)
        if first is not None and (not self._kept or self._latest[first].seq < self._kept[0].seq):
            return self._latest.pop(first)
        if not self._kept:
            return None
        frame = self._kept.popleft()
        self._logs -= frame["type"] == "log"
        return frame

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        while True:
            frame = self._take()
            if frame is not None:
                return frame
            if self._over:
                raise StopAsyncIteration
            await self._news.wait()
            self._news = trio.Event()


def _conflation_key(frame: Frame) -> str | None:
    """Of frames with the same key only the latest counts; None: each one counts."""
    if frame["type"] == "progress":
        return f"progress {frame.get('job_id', '')}"
    if frame["type"] == "library":
        return f"library {frame['reason']}"
    return None


@dataclass(slots=True, eq=False)
class _Recent:
    """The newest frames of a stream; those after `floor` are all there."""

    size: int
    floor: int
    frames: deque[Frame] = field(default_factory=deque)

    def add(self, frame: Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) > self.size:
            self.floor = self.frames.popleft().seq

    def since(self, after: int | None, newest: int) -> Iterator[Frame] | None:
        """The frames after one that a watcher saw; None where some of them are not kept."""
        if after is None or not self.floor <= after <= newest:
            return None
        return (frame for frame in self.frames if frame.seq > after)


class _Feed:
    """One job as it was last told, and who watches it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.recent = _Recent(KEPT_FRAMES, job.seq - 1)
        self.watches: set[Watch] = set()

    def tell(self, frame: Frame) -> None:
        self.recent.add(frame)
        for watch in self.watches:
            watch.put(frame)


class Hub:
    """All that was told about jobs of this process, and everybody who listens.

    Args:
        boot: Names this process's stream of frames.
    """

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self._feeds: dict[str, _Feed] = {}
        self._live: dict[str, Job] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._stream = _Recent(KEPT_STREAM_FRAMES, 0)
        self._stream_seq = 0
        self._stream_watches: set[Watch] = set()
        self._closed = False

    # --- reading --------------------------------------------------------------------------------

    @property
    def live(self) -> Mapping[str, Job]:
        """The jobs that have not ended, as they were last told; a view that follows."""
        return MappingProxyType(self._live)

    def job(self, job_id: str) -> Job | None:
        """A live or recently ended job as it was last told."""
        feed = self._feeds.get(job_id)
        return None if feed is None else feed.job

    @property
    def watchers(self) -> int:
        """How many watch a job or everything."""
        return len(self._stream_watches) + sum(len(f.watches) for f in self._feeds.values())

    @property
    def progress_every_s(self) -> float:
        """How often a job should tell how far it has come, so many as watch now."""
        return max(PROGRESS_EVERY_S, A_WATCHER_S * self.watchers)

    # --- telling --------------------------------------------------------------------------------

    def tell_status(self, job: Job) -> None:
        """Tell a job's new status, or what it waits for; its `seq` is the frame's."""
        feed = self._feed(job)
        self._tell(feed, {"type": "status", "seq": job.seq, "job": job_json(job)})
        if job.final:
            self._end(feed)

    def tell_progress(self, job: Job) -> None:
        """Tell how far a job has come; its `seq` is the frame's."""
        feed = self._feed(job)
        progress = progress_json(job.progress)
        self._tell(feed, {"type": "progress", "seq": job.seq, "progress": progress})

    def tell_log(self, line: LogLine) -> None:
        """Tell a line of a job's log."""
        feed = self._feeds.get(line.job_id)
        if feed is None:
            return
        feed.job = replace(feed.job, seq=line.seq)
        self._live[line.job_id] = feed.job
        frame = {"type": "log", "seq": line.seq, "level": line.level, "message": line.message}
        self._tell(feed, frame)

    def tell_library(self, reason: LibraryReason) -> None:
        """Tell that the library changed."""
        self._put_stream({"type": "library", "reason": reason})

    def _feed(self, job: Job) -> _Feed:
        feed = self._feeds.get(job.id)
        if feed is None:
            feed = self._feeds[job.id] = _Feed(job)
        feed.job = job
        self._live[job.id] = job
        return feed

    def _tell(self, feed: _Feed, values: Mapping[str, Any]) -> None:
        feed.tell(Frame(values))
        self._put_stream({**values, "job_id": feed.job.id, "job_seq": values["seq"]})

    def _put_stream(self, values: Mapping[str, Any]) -> None:
        frame = self._stream_frame(values)
        self._stream.add(frame)
        for watch in self._stream_watches:
            watch.put(frame)

    def _stream_frame(self, values: Mapping[str, Any]) -> Frame:
        self._stream_seq += 1
        return Frame({**values, "seq": self._stream_seq, "boot": self.boot})

    def _end(self, feed: _Feed) -> None:
        for watch in feed.watches:
            watch.end()
        feed.watches.clear()
        self._live.pop(feed.job.id, None)
        self._ended[feed.job.id] = None
        if len(self._ended) > KEPT_ENDED:
            oldest, _ = self._ended.popitem(last=False)
            del self._feeds[oldest]

    def close(self) -> None:
        """End all watches: nothing will be told any more."""
        self._closed = True
        for watch in self._stream_watches.union(*(f.watches for f in self._feeds.values())):
            watch.end()

    # --- watching -------------------------------------------------------------------------------

    @contextmanager
    def watch(self, job_id: str, after: int | None) -> Generator[Watch]:
        """Watch a live or recently ended job.

        Raises:
            KeyError: no such job is known here.
        """
        feed, watch = self._feeds[job_id], Watch()
        missed = list(feed.recent.since(after, feed.job.seq) or ())
        resumed = missed or (after == feed.job.seq and not feed.job.final)
        for frame in missed if resumed else [snapshot(feed.job)]:
            watch.put(frame)
        if feed.job.final or self._closed:
            watch.end()
        else:
            feed.watches.add(watch)
        try:
            yield watch
        finally:
            feed.watches.discard(watch)

    @contextmanager
    def watch_all(self, boot: str | None, after: int | None) -> Generator[Watch]:
        """Watch everything: what came after a frame of this boot, or snapshots of all live jobs."""
        watch = Watch()
        kept = self._stream.since(after, self._stream_seq) if boot == self.boot else None
        for frame in self._snapshots() if kept is None else kept:
            watch.put(frame)
        if self._closed:
            watch.end()
        self._stream_watches.add(watch)
        try:
            yield watch
        finally:
            self._stream_watches.discard(watch)

    def _snapshots(self) -> Iterator[Frame]:
        for job in self._live.values():
            about = {"job_id": job.id, "job_seq": job.seq}
            yield self._stream_frame({**snapshot(job), **about})


def snapshot(job: Job) -> Frame:
    """The frame that a watch of a job begins with."""
    return Frame({"type": "snapshot", "seq": job.seq, "job": job_json(job)})


def watch_ended(job: Job) -> Watch:
    """A watch of a job that ended long ago: its snapshot, and the end."""
    watch = Watch()
    watch.put(snapshot(job))
    watch.end()
    return watch
