"""Reading scenes from Stash into the copy: the next page is fetched while the last one is saved.

Rules:
- Each page is one request and one transaction, which also keeps the run's cursor.
- A scene that was read in the second of its edit is marked to be read once more.
- What Stash says it does not have when asked for it by id is marked deleted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from stashhog.domain.library import Scene
from stashhog.domain.sync import (
    ItemFailure,
    Stamp,
    Watermark,
    Watermarks,
    advance_watermark,
    unsettled,
)

CHUNK = 200
FEW = 200
"""Up to this many missing scenes are asked for by id."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought: when it was asked, by our clock and Stash's, and where to go on."""

    scenes: tuple[Scene, ...]
    failures: tuple[ItemFailure, ...]
    read_at: datetime
    asked_at: datetime
    missing: tuple[str, ...] = ()
    after: str | None = None


Send = Callable[[Page], Awaitable[None]]


class Reading:
    """One run's reading.

    Attributes:
        ctx: The job's.
        marks: How far Stash was seen.
        after: The last scene of the last page, None before the first one.
        whole: Whether a full run has seen its last page.
    """

    def __init__(self, ctx: JobContext, cursor: Mapping[str, Any]) -> None:
        self.ctx = ctx
        self.after: str | None = cursor.get("after")
        self.whole: bool = cursor.get("whole", False)
        self.marks = Watermarks(_mark(cursor.get("mark")), _mark(cursor.get("files_mark")))
        began = cursor.get("began")
        self._began = None if began is None else datetime.fromisoformat(began)

    @property
    def began(self) -> datetime:
        """When this run first asked for scenes, by Stash's own clock."""
        return self._began or self.ctx.job.started_at or self.ctx.job.created_at

    def advance(self, marks: Watermarks) -> None:
        """Go on from these watermarks where the run has none of its own."""
        self.marks = Watermarks(self.marks.scenes or marks.scenes, self.marks.files or marks.files)

    def saw(self, scenes: Sequence[Scene] | Sequence[Stamp]) -> None:
        """Move the watermarks along."""
        marks = self.marks
        for one in scenes:
            newest = advance_watermark(marks.scenes, one.updated_at_text)
            files = advance_watermark(marks.files, one.files_text)
            if newest is not marks.scenes or files is not marks.files:
                marks = Watermarks(newest, files)
        self.marks = marks

    async def save(self, page: Page) -> None:
        """Save a page with everything that belongs to it."""
        ctx = self.ctx
        self._began = self._began or page.asked_at
        self.saw(page.scenes)
        counts = await patiently(
            ctx,
            ctx.ports.sync.save_scenes,
            ctx.job.id,
            page.scenes,
            read_at=page.read_at,
            cursor=self._cursor(),
            total=ctx.total,
            failures=page.failures,
            again=unsettled(page.scenes, page.asked_at),
        )
        for failure in page.failures:
            ctx.log("warning", f"scene {failure.item}: {failure.reason}")
        for other in counts.others:
            ctx.log("warning", f"scene {other} is another scene than before")
        if page.missing:
            await patiently(ctx, ctx.ports.sync.mark_deleted, ctx.job.id, page.missing, ctx.now())
        handled = len(page.scenes) + len(page.failures)
        ctx.progress(ctx.done + handled, ctx.total, message="reading scenes")

    def _cursor(self) -> dict[str, Any]:
        marks = self.marks
        return {
            "after": self.after,
            "whole": self.whole,
            "mark": marks.scenes and marks.scenes.text,
            "files_mark": marks.files and marks.files.text,
            "began": self.began.isoformat(),
        }


def _mark(text: str | None) -> Watermark | None:
    return None if text is None else Watermark(text)


@asynccontextmanager
async def ahead(
    fetch: Callable[[Send], Awaitable[None]],
) -> AsyncGenerator[trio.MemoryReceiveChannel[Page]]:
    """Let `fetch` bring pages, one ahead of whoever saves them."""
    send, receive = trio.open_memory_channel[Page](1)

    async def bring() -> None:
        async with send:
            await fetch(send.send)

    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(bring)
        yield receive


class _Asking:
    """One page that is asked for: the next one begins as soon as this one's end is known."""

    def __init__(self, after: str | None, turn: trio.Event) -> None:
        self.end: str | None = None
        self.sent = trio.Event()
        self._after = after
        self._turn = turn
        self._known = trio.Event()

    async def bring(
        self,
        ctx: JobContext,
        send: Send,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Fetch the page and send it in its turn; started when its end is known."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._start, task_status)
            read_at = ctx.now()
            size = ctx.settings.stash.page_size
            page = await patiently(
                ctx, ctx.ports.stash.scenes_after, self._after, size, tell_end=self._tell
            )
            self._tell(page.last_id)
            await self._turn.wait()
            asked_at = page.asked_at or read_at
            await send(Page(page.scenes, page.failures, read_at, asked_at, after=page.last_id))
            self.sent.set()

    def _tell(self, end: str | None) -> None:
        if not self._known.is_set():
            self.end = end
            self._known.set()

    async def _start(self, task_status: trio.TaskStatus[None]) -> None:
        await self._known.wait()
        await self._turn.wait()
        task_status.started()


async def read_all(reading: Reading) -> None:
    """Read every scene, by keyset on id, on after the last page."""
    if reading.whole:
        return
    ctx = reading.ctx
    ctx.total = await patiently(ctx, ctx.ports.stash.count_scenes)

    async def fetch(send: Send) -> None:
        after, turn = reading.after, trio.Event()
        turn.set()
        async with trio.open_nursery() as nursery:
            while True:
                asking = _Asking(after, turn)
                await nursery.start(asking.bring, ctx, send)
                after, turn = asking.end, asking.sent
                if after is None:
                    return

    async with ahead(fetch) as pages:
        async for page in pages:
            reading.after, reading.whole = page.after, page.after is None
            await reading.save(page)


async def read_by_id(ctx: JobContext, ids: Sequence[str], send: Send) -> None:
    """Fetch scenes by id, in chunks."""
    for start in range(0, len(ids), CHUNK):
        read_at = ctx.now()
        found = await patiently(ctx, ctx.ports.stash.scenes, ids[start : start + CHUNK])
        await send(
            Page(
                found.scenes,
                found.failures,
                read_at,
                found.asked_at or read_at,
                found.missing,
            )
        )


async def read_again(reading: Reading, ids: Sequence[str]) -> None:
    """Read these scenes whatever is known of them."""
    if not ids:
        return
    ctx = reading.ctx
    expect(ctx, len(ids))
    async with ahead(lambda send: read_by_id(ctx, ids, send)) as pages:
        async for page in pages:
            await reading.save(page)


def expect(ctx: JobContext, count: int) -> None:
    """Tell that so many scenes more are to be read."""
    ctx.total = (ctx.done if ctx.total is None else ctx.total) + count
    ctx.progress(ctx.done, ctx.total, message="reading scenes")
