"""Reading scenes from Stash into the copy: the next pages are fetched while one is saved.

Rules:
- Each page is one request, and one transaction with what came beside it; that keeps the cursor.
- A scene that was read in the second of its edit is marked to be read once more.
- What Stash says it does not have when asked for it by id is marked deleted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
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
from stashhog.ports import ScenePage

CHUNK = 200
HALVES = 2
"""So many pages are asked for at once, and as many may wait to be decoded."""
TOGETHER_S = 0.5
"""How long a page waits for another that is saved with it."""
FEW = 200
"""Up to this many missing scenes are asked for by id."""


@dataclass(frozen=True, slots=True)
class Span:
    """Scenes that are to be read: with ids above `after` and, if that is set, up to `until`."""

    after: str | None = None
    until: str | None = None

    def holds(self, item: str) -> bool:
        """Whether a scene of a page that was asked for belongs to it; so does one without an id."""
        return self.until is None or not item.isdecimal() or int(item) <= int(self.until)

    def beyond(self, last_id: str | None) -> Span | None:
        """What is left of it after a page; None where that was its last one."""
        if last_id is None or (self.until is not None and int(last_id) >= int(self.until)):
            return None
        return Span(last_id, self.until)


@dataclass(frozen=True, slots=True)
class Page:
    """What a request brought, and when it was asked, by our clock and Stash's.

    `again` are scenes that have to be read once more. A page of a span says which one that was, and
    what is left of it.
    """

    scenes: tuple[Scene, ...]
    failures: tuple[ItemFailure, ...]
    read_at: datetime
    asked_at: datetime
    again: tuple[str, ...]
    missing: tuple[str, ...] = ()
    spans: tuple[tuple[Span, Span | None], ...] = ()

    def beside(self, other: Page) -> Page:
        """Both of them as one."""
        return Page(
            self.scenes + other.scenes,
            self.failures + other.failures,
            min(self.read_at, other.read_at),
            min(self.asked_at, other.asked_at),
            self.again + other.again,
            self.missing + other.missing,
            self.spans + other.spans,
        )


Send = Callable[[Page], Awaitable[None]]


class Reading:
    """One run's reading.

    Attributes:
        ctx: The job's.
        marks: How far Stash was seen.
        left: What a full run has to read yet; None before its beginning.
    """

    def __init__(self, ctx: JobContext, cursor: Mapping[str, Any]) -> None:
        self.ctx = ctx
        left = cursor.get("left")
        self.left = None if left is None else tuple(Span(*span) for span in left)
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

    def passed(self, page: Page) -> None:
        """Note that a page of a span is about to be saved."""
        gone_on = dict(page.spans)
        left = (gone_on.get(span, span) for span in self.left or ())
        self.left = tuple(span for span in left if span is not None)

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
            again=page.again,
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
            "left": None if self.left is None else [(span.after, span.until) for span in self.left],
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


async def read_all(reading: Reading, before: Callable[[], Awaitable[None]]) -> None:
    """Read every scene, by keyset on id: two halves at once, each on after its last page.

    So Stash is always at work on the next pages, whatever is done with those that came. What has to
    be saved `before` any scene is saved while the first pages are on their way.
    """
    ctx = reading.ctx
    if reading.left == ():
        await before()
        return
    ctx.total = await patiently(ctx, ctx.ports.stash.count_scenes)
    if reading.left is None:
        reading.left = await _halves(ctx, ctx.total)
    raw, came = trio.open_memory_channel[_Raw](HALVES)
    async with trio.open_nursery() as nursery, came:
        async with raw:
            for span in reading.left:
                nursery.start_soon(_walk, ctx, span, raw.clone())
        await before()
        async for one in came:
            page = await _decoded(one)
            other = None if one.left is None else await _soon(came)
            if other is not None:
                page = page.beside(await _decoded(other))
            reading.passed(page)
            await reading.save(page)


async def _halves(ctx: JobContext, total: int) -> tuple[Span, ...]:
    """All scenes as two spans of about as many; the first one is whole pages."""
    size = ctx.settings.stash.page_size
    half = total // 2 // size * size
    middle = await patiently(ctx, ctx.ports.stash.scene_at, half) if half else None
    return (Span(),) if middle is None else (Span(until=middle), Span(after=middle))


@dataclass(frozen=True, slots=True)
class _Raw:
    """A page of a span as it came."""

    page: ScenePage
    read_at: datetime
    of: Span
    left: Span | None

    def read(self) -> Page:
        """Make scenes of it; CPU work."""
        found, failures = self.page.read()
        scenes = tuple(scene for scene in found if self.of.holds(scene.id))
        asked_at = self.page.asked_at or self.read_at
        return Page(
            scenes,
            tuple(failure for failure in failures if self.of.holds(failure.item)),
            self.read_at,
            asked_at,
            tuple(unsettled(scenes, asked_at)),
            spans=((self.of, self.left),),
        )


async def _decoded(one: _Raw) -> Page:
    return await trio.to_thread.run_sync(one.read, abandon_on_cancel=True)


async def _soon(came: trio.MemoryReceiveChannel[_Raw]) -> _Raw | None:
    """The next page, where it comes soon: one transaction for two costs less than two."""
    with suppress(trio.EndOfChannel), trio.move_on_after(TOGETHER_S):
        return await came.receive()
    return None


async def _walk(ctx: JobContext, span: Span, raw: trio.MemorySendChannel[_Raw]) -> None:
    """Fetch a span, page by page."""
    left: Span | None = span
    async with raw:
        while left is not None:
            read_at = ctx.now()
            page = await patiently(
                ctx, ctx.ports.stash.scenes_after, left.after, ctx.settings.stash.page_size
            )
            of, left = left, left.beyond(page.last_id)
            await raw.send(_Raw(page, read_at, of, left))


async def read_by_id(ctx: JobContext, ids: Sequence[str], send: Send) -> None:
    """Fetch scenes by id, in chunks."""
    for start in range(0, len(ids), CHUNK):
        read_at = ctx.now()
        found = await patiently(ctx, ctx.ports.stash.scenes, ids[start : start + CHUNK])
        asked_at = found.asked_at or read_at
        again = tuple(unsettled(found.scenes, asked_at))
        await send(Page(found.scenes, found.failures, read_at, asked_at, again, found.missing))


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
