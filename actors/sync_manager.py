"""The sync manager: what to sync and when.

Rules:
- A request for what waits or runs already joins it. What comes in after a running sync saved its
  first page may be missed by it, and makes exactly one more incremental sync after it.
- Decisions rest on the registry's snapshots; private are only the requests under way (`pending`)
  and what has to run once more (`again`). A life that follows a crash assumes the worst: one more
  after whatever runs.
- Hooks and events of Stash are looked at a window at a time; what of them is our own writes coming
  back starts nothing. At most one sync that hooks asked for waits behind another one.
- Mailbox: people are refused when it is full, other actors use the reserve; nudges are a promise,
  so one that cannot be kept now is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, assert_never

import structlog
import trio

from actors.job_registry import RegistryHandle
from actors.live import Live, LiveState
from actors.mailbox import Mailbox, Reply
from actors.messages import (
    Begun,
    JobEnded,
    LibraryChanged,
    Nudge,
    Submitted,
    SyncRequest,
    ToPlanner,
    ToSyncManager,
)
from actors.news import WINDOW_S, Batch, Foreign, News, NewsCounts, sort_out
from actors.quiet import Quiet
from actors.schedules import RunEnd, ScheduleBook
from actors.watching import Hub
from stashhog.core.config import Settings
from stashhog.core.exceptions import (
    BusyError,
    StashError,
    StashHogException,
    StashNotConfiguredError,
)
from stashhog.domain.events import Hook
from stashhog.domain.jobs import Job, JobKind, JobStatus, SyncSubmission
from stashhog.domain.schedules import (
    Schedule,
    ScheduledRun,
    ScheduleMovedError,
    ScheduleName,
)
from stashhog.ports import Stash
from stashhog.ports.events import OwnWrites

_log = structlog.get_logger(__name__)

RETRY_S = 5.0
JOINABLE = (JobStatus.QUEUED, JobStatus.RUNNING)

SyncKey: TypeAlias = tuple[str, frozenset[str]]
"""Mode (or that a library is adopted) and scene set; an empty set means all scenes."""

WRITING = (JobKind.APPLY, JobKind.UNDO)
INCREMENTAL = SyncSubmission("incremental")
SYNC_SCHEDULES: tuple[ScheduleName, ...] = ("sync.incremental", "sync.full")


@dataclass(frozen=True, slots=True)
class SyncManagerParts:
    """What the sync manager works with; all of it outlives its lives."""

    mailbox: Mailbox[ToSyncManager]
    planner: Mailbox[ToPlanner]
    registry: RegistryHandle
    hub: Hub
    closing: trio.Event
    settings: Callable[[], Settings]
    schedules: ScheduleBook
    stash: Stash
    own_writes: OwnWrites | None
    news: News
    live: Live


@dataclass(slots=True)
class _Pending:
    """A sync that the registry was asked for, and who waits for it."""

    replies: list[Reply[Job]] = field(default_factory=list)


class SyncManager:
    """One life of the sync manager."""

    def __init__(self, parts: SyncManagerParts) -> None:
        self._parts = parts
        self._pending: dict[SyncKey, _Pending] = {}
        self._begun: set[str] = set()
        self._again: set[str] = set()
        self._quiet = Quiet()
        self._nursery: trio.Nursery

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve the inbox until cancelled."""
        if self._parts.mailbox.counts.taken:
            self._again.update(job.id for job in self._live() if job.status is JobStatus.RUNNING)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._parts.schedules.keep, SYNC_SCHEDULES, self._scheduled)
            nursery.start_soon(self._parts.live.keep)
            nursery.start_soon(self._read_news)
            ready()
            await self._parts.mailbox.serve(self._handle)

    async def _handle(self, message: ToSyncManager) -> None:
        match message:
            case SyncRequest(reply, submission):
                self._request(submission, reply)
            case Nudge(reason):
                self._nudge(reason)
            case Begun(job_id):
                self._begun.add(job_id)
            case Submitted():
                self._submitted(message)
            case JobEnded(job):
                self._ended(job)
            case LibraryChanged(reason):
                self._parts.hub.tell_library(reason)
                self._parts.planner.post(message)
            case _:
                assert_never(message)

    # --- joining --------------------------------------------------------------------------------

    def _request(self, submission: SyncSubmission, reply: Reply[Job]) -> None:
        key = _key(submission.params)
        for job in self._live():
            if job.status in JOINABLE and _key_of(job) == key:
                if submission.scheduled is None:
                    self._note_late(job)
                reply.set(job)
                return
        self._submit(submission, reply)

    async def _scheduled(self, schedule: Schedule, run: ScheduledRun) -> RunEnd:  # noqa: ARG002 - the shape that both actors' runs share
        """Make or join the sync of a run; the store tells the one from the other."""
        if self._parts.settings().stash.url is None:
            return RunEnd("stash_not_configured")
        mode: Literal["full", "incremental"] = "full" if run.name == "sync.full" else "incremental"
        reply = Reply[Job]()
        self._request(SyncSubmission(mode, scheduled=run), reply)
        job = await reply.wait()
        return RunEnd("skipped", job.id)

    def _nudge(self, reason: str) -> None:
        """One more sync of everything, unless one is to come that sees the change anyway."""
        for job in self._live():
            if job.status in JOINABLE and not _key_of(job)[1]:
                self._note_late(job)
                return
        if not any(not scene_ids for _, scene_ids in self._pending):
            _log.info("sync_nudged", reason=reason)
            self._submit(INCREMENTAL, None)

    # --- what Stash tells -----------------------------------------------------------------------

    async def _read_news(self) -> None:
        """Look at what hooks and events told, a window at a time."""
        writes, news = self._parts.own_writes, self._parts.news
        if writes is None:
            return
        news.put_back()
        while True:
            await news.arrived()
            await trio.sleep(WINDOW_S)
            batch = news.take()
            try:
                left = await self._follow(batch, writes)
            except StashNotConfiguredError:
                left = None
            except StashHogException as error:
                if self._quiet.may(error.public_code):
                    _log.warning("news_not_read", code=error.public_code)
                left = batch
            news.settled(left)

    async def _follow(self, batch: Batch, writes: OwnWrites) -> Batch:
        """Start what a batch of news asks for; returns what has to be looked at again."""
        parts = self._parts
        if parts.settings().stash.url is None or parts.closing.is_set():
            return Batch()
        writing = any(job.kind in WRITING for job in parts.hub.live.values())
        try:
            foreign = await sort_out(batch, parts.stash, writes, writing=writing)
        except StashError as error:
            # A sync waits for what is away, and reads what could not be looked at.
            foreign = Foreign(tuple(batch.scene_ids), f"unseen: {error.public_code}", Batch())
        parts.news.known(foreign.known)
        if foreign.anything is not None or foreign.scene_ids:
            parts.hub.tell_library("stash")
        whole = foreign.anything is not None or self._whole_sync_to_come()
        if whole and foreign.scene_ids:
            await writes.mark_stale(foreign.scene_ids)
        if foreign.anything is not None or (whole and foreign.scene_ids):
            self._nudge(foreign.anything or "hooks")
        elif foreign.scene_ids and self._hooked_sync_waits():
            foreign.left.merge(Batch(dict.fromkeys(foreign.scene_ids)))
        elif foreign.scene_ids:
            self._submit(SyncSubmission("incremental", foreign.scene_ids), None)
        return foreign.left

    def _whole_sync_to_come(self) -> bool:
        live = any(job.status in JOINABLE and not _key_of(job)[1] for job in self._live())
        return live or any(not scene_ids for _, scene_ids in self._pending)

    def _hooked_sync_waits(self) -> bool:
        queued = any(job.status is JobStatus.QUEUED and _key_of(job)[1] for job in self._live())
        return queued or any(scene_ids for _, scene_ids in self._pending)

    def _note_late(self, job: Job) -> None:
        if job.id in self._begun or job.progress.done > 0:
            self._again.add(job.id)

    def _submit(self, submission: SyncSubmission, reply: Reply[Job] | None) -> None:
        key = _key(submission.params)
        pending = self._pending.get(key)
        if pending is None:
            pending = self._pending[key] = _Pending()
            self._nursery.start_soon(self._ask_registry, submission)
        if reply is not None:
            pending.replies.append(reply)

    async def _ask_registry(self, submission: SyncSubmission) -> None:
        outcome: Job | Exception
        try:
            outcome = await self._parts.registry.submit(submission)
        except StashHogException as error:
            outcome = error
        self._parts.mailbox.post(Submitted(submission, outcome))

    def _submitted(self, message: Submitted) -> None:
        key = _key(message.submission.params)
        pending = self._pending.pop(key, None)
        replies = pending.replies if pending is not None else []
        if isinstance(message.outcome, ScheduleMovedError):
            for number, reply in enumerate(replies):
                if number == 0:  # the schedule's own; the others joined it
                    reply.fail(message.outcome)
                else:
                    self._request(replace(message.submission, scheduled=None), reply)
            return
        for reply in replies:
            if isinstance(message.outcome, Job):
                reply.set(message.outcome)
            else:
                reply.fail(message.outcome)
        if not replies and isinstance(message.outcome, StashHogException):
            _log.warning("sync_not_submitted", code=message.outcome.public_code)
            self._nursery.start_soon(self._nudge_later)

    async def _nudge_later(self) -> None:
        await trio.sleep(RETRY_S)
        if not self._parts.closing.is_set():
            self._parts.mailbox.post(Nudge("retry"))

    def _ended(self, job: Job) -> None:
        self._begun.discard(job.id)
        if job.id in self._again:
            self._again.discard(job.id)
            if not self._parts.closing.is_set():
                self._nudge("once more")

    def _live(self) -> Iterator[Job]:
        """The syncs that have not ended."""
        return (job for job in self._parts.hub.live.values() if job.kind is JobKind.SYNC)


def _key(params: Mapping[str, Any]) -> SyncKey:
    mode = "adopt" if params.get("adopt") else params["mode"]
    return mode, frozenset(params.get("scene_ids") or ())


def _key_of(job: Job) -> SyncKey:
    return _key(job.params)


class SyncManagerHandle:
    """What the rest of the service asks of the sync manager."""

    def __init__(self, parts: SyncManagerParts) -> None:
        self._parts = parts

    @property
    def live(self) -> LiveState:
        """The live connection to Stash."""
        return self._parts.live.state

    @property
    def connections(self) -> int:
        """How often the live connection was made."""
        return self._parts.live.connections

    @property
    def news(self) -> NewsCounts:
        """What Stash told so far, by hooks and events."""
        return self._parts.news.counts

    async def request(self, submission: SyncSubmission) -> Job:
        """Ask for a sync: the job that was made or joined.

        Raises:
            StashHogException: what `RegistryHandle.submit` raises.
        """
        reply = Reply[Job]()
        self._parts.mailbox.offer(SyncRequest(reply, submission))
        return await reply.wait()

    def hook(self, hook: Hook) -> None:
        """Tell that Stash changed: a sync follows, one for any number of hooks within a moment.

        Raises:
            BusyError: the service stops.
        """
        if self._parts.closing.is_set():
            raise BusyError("the service is stopping", retry_after_seconds=5.0)
        self._parts.news.hook(hook)
