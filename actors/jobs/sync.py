"""The sync job: make the local copy what Stash has.

Entities first, then scenes (by keyset when full, by watermark with overlap otherwise), then what
is gone (by count, and by a sweep over all ids only where the counts differ). The next page is
fetched while the last one is saved; each page is one request and one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.tasks import Slot, task
from stashhog.core.exceptions import StashHogException
from stashhog.domain.jobs import JobKind
from stashhog.domain.library import ENTITY_KINDS, Scene
from stashhog.domain.sync import (
    OVERLAP,
    ItemFailure,
    Watermark,
    advance_watermark,
    changed_since,
    looks_replaced,
    needs_reading,
)
from stashhog.ports import SyncPoint

STAMPS_PAGE = 5_000
CHUNK = 200
FEW = 200
"""Up to this many missing scenes are asked for by id; more are looked for in a second sweep."""
LONG_RUN = OVERLAP * 0.8


class LibraryReplacedError(StashHogException):
    """Another library answers at the address."""

    code = "library_replaced"


@dataclass(frozen=True, slots=True)
class _Page:
    """What one request brought, and where the cursor stands once it is saved."""

    scenes: tuple[Scene, ...]
    failures: tuple[ItemFailure, ...]
    read_at: datetime
    after: str | None
    unchanged: int = 0


@task(JobKind.SYNC, slot=Slot.SYNC)
async def run(ctx: JobContext) -> Mapping[str, Any] | None:
    """Run a sync from its cursor to its end."""
    wanted: Sequence[str] | None = ctx.job.params.get("scene_ids")
    await patiently(ctx, ctx.ports.stash.probe)
    if wanted:
        await _read_again(ctx, wanted)
        await _library_moved(ctx)
        return None
    point = await patiently(ctx, ctx.ports.sync.sync_point)
    await _refuse_another_library(ctx, point)
    await _entities(ctx)
    mark = await _scenes(ctx, point)
    stale = await patiently(ctx, ctx.ports.sync.stale)
    if stale:
        ctx.log("info", f"reading {len(stale)} scenes again whose entities went")
        await _read_again(ctx, stale)
    await _deleted(ctx)
    await patiently(ctx, ctx.ports.sync.finish, ctx.job.id, mark, ctx.now())
    await _library_moved(ctx)
    return None


async def _refuse_another_library(ctx: JobContext, point: SyncPoint) -> None:
    if not point.sample:
        return
    found = await patiently(ctx, ctx.ports.stash.scenes, list(point.sample))
    created = {scene.id: scene.created_at.isoformat() for scene in found.scenes}
    known = {key: datetime.fromisoformat(at).isoformat() for key, at in point.sample.items()}
    if looks_replaced(known, created):
        raise LibraryReplacedError(
            "Stash serves another library than the one that was synced before: the same ids name "
            "other scenes. Restore that library, or start StashHog with a new data folder."
        )


async def _entities(ctx: JobContext) -> None:
    for kind in ENTITY_KINDS:
        ctx.progress(ctx.done, ctx.total, message=f"reading {kind}s")
        entities, failures = await patiently(ctx, ctx.ports.stash.entities, kind)
        delta = await patiently(ctx, ctx.ports.sync.save_entities, ctx.job.id, kind, entities)
        for failure in (*failures, *delta.failures):
            ctx.log("warning", f"{kind} {failure.item}: {failure.reason}")
        if delta.gone:
            ctx.log("info", f"{len(delta.gone)} {kind}s are gone from Stash")


# --- scenes -------------------------------------------------------------------------------------


async def _scenes(ctx: JobContext, point: SyncPoint) -> Watermark | None:
    """Bring scenes over; returns the watermark that the next incremental sync may start from."""
    start = await patiently(ctx, ctx.ports.sync.checkpoint, ctx.job.id)
    cursor = start.cursor
    full = ctx.job.params["mode"] == "full" or point.watermark is None
    if full:
        ctx.total = await patiently(ctx, ctx.ports.stash.count_scenes)
        base = None
    else:
        base = point.watermark
    mark = _read_mark(cursor.get("mark")) or base
    first_mark = _read_mark(cursor.get("first_mark")) or base
    if cursor.get("phase") != "scenes_done":
        async with _fetched(ctx, base, cursor.get("after")) as pages:
            async for page in pages:
                for scene in page.scenes:
                    mark = advance_watermark(mark, scene.updated_at_text)
                first_mark = first_mark or mark
                await _save(ctx, page, mark, first_mark)
    if full and _took_long(ctx):
        return first_mark
    return mark


def _took_long(ctx: JobContext) -> bool:
    """Whether an edit to a scene read early may lie further back than the overlap reaches."""
    started = ctx.job.started_at or ctx.job.created_at
    return ctx.now() - started > LONG_RUN


async def _save(
    ctx: JobContext, page: _Page, mark: Watermark | None, first_mark: Watermark | None
) -> None:
    cursor = {
        "phase": "scenes" if page.after is not None else "scenes_done",
        "after": page.after,
        "mark": asdict(mark) if mark else None,
        "first_mark": asdict(first_mark) if first_mark else None,
    }
    await patiently(
        ctx,
        ctx.ports.sync.save_scenes,
        ctx.job.id,
        page.scenes,
        read_at=page.read_at,
        cursor=cursor,
        total=ctx.total,
        failures=page.failures,
        unchanged=page.unchanged,
    )
    for failure in page.failures:
        ctx.log("warning", f"scene {failure.item}: {failure.reason}")
    handled = len(page.scenes) + len(page.failures) + page.unchanged
    ctx.progress(ctx.done + handled, ctx.total, message="reading scenes")


def _read_mark(kept: Mapping[str, Any] | None) -> Watermark | None:
    return Watermark(**kept) if kept else None


@asynccontextmanager
async def _fetched(
    ctx: JobContext, base: Watermark | None, after: str | None
) -> AsyncGenerator[trio.MemoryReceiveChannel[_Page]]:
    """Fetch pages one ahead of whoever saves them."""
    send, receive = trio.open_memory_channel[_Page](1)
    fetch = _fetch_changed if base else _fetch_all
    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(fetch, ctx, base, after, send)
        yield receive


async def _fetch_all(
    ctx: JobContext,
    base: Watermark | None,  # noqa: ARG001 - the shape that both ways of fetching share
    after: str | None,
    send: trio.MemorySendChannel[_Page],
) -> None:
    async with send:
        while True:
            read_at = ctx.now()
            size = ctx.settings.stash.page_size
            page = await patiently(ctx, ctx.ports.stash.scenes_after, after, size)
            after = page.last_id
            await send.send(_Page(page.scenes, page.failures, read_at, after))
            if after is None:
                return


async def _fetch_changed(
    ctx: JobContext,
    base: Watermark | None,
    after: str | None,
    send: trio.MemorySendChannel[_Page],
) -> None:
    since = changed_since(base) if base else None
    async with send:
        while True:
            stamps = await patiently(
                ctx, ctx.ports.stash.stamps_after, after, STAMPS_PAGE, since=since
            )
            known = await patiently(ctx, ctx.ports.sync.known, [stamp.id for stamp in stamps])
            wanted = [s.id for s in stamps if needs_reading(s, known.get(s.id))]
            last = len(stamps) < STAMPS_PAGE
            after = None if last else stamps[-1].id
            pages = [wanted[i : i + CHUNK] for i in range(0, len(wanted), CHUNK)] or [[]]
            for number, ids in enumerate(pages):
                ends = number == len(pages) - 1
                page = await _by_id(ctx, ids, after if ends else ids[-1])
                skipped = len(stamps) - len(wanted) if ends else 0
                await send.send(
                    _Page(page.scenes, page.failures, page.read_at, page.after, skipped)
                )
            if last:
                return


async def _by_id(ctx: JobContext, ids: Sequence[str], after: str | None) -> _Page:
    read_at = ctx.now()
    found = await patiently(ctx, ctx.ports.stash.scenes, ids)
    return _Page(found.scenes, found.failures, read_at, after)


async def _read_again(ctx: JobContext, ids: Sequence[str]) -> None:
    """Read these scenes whatever is known of them; what Stash no longer has is marked deleted."""
    cursor = (await patiently(ctx, ctx.ports.sync.checkpoint, ctx.job.id)).cursor
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        read_at = ctx.now()
        found = await patiently(ctx, ctx.ports.stash.scenes, chunk)
        await patiently(
            ctx,
            ctx.ports.sync.save_scenes,
            ctx.job.id,
            found.scenes,
            read_at=read_at,
            cursor=cursor,
            failures=found.failures,
        )
        if found.missing:
            await patiently(ctx, ctx.ports.sync.mark_deleted, ctx.job.id, found.missing, ctx.now())
        ctx.progress(ctx.done + len(found.scenes), ctx.total, message="reading scenes again")


# --- what is gone -------------------------------------------------------------------------------


async def _deleted(ctx: JobContext) -> None:
    """Find deletes by count, then by sweep; nothing is marked without a second look."""
    point = await patiently(ctx, ctx.ports.sync.sync_point)
    if await patiently(ctx, ctx.ports.stash.count_scenes) == point.live_scenes:
        return
    ctx.progress(ctx.done, ctx.total, message="comparing ids")
    present = await _sweep(ctx)
    held = set(await patiently(ctx, ctx.ports.sync.live_ids))
    unheard_of = sorted(present - held, key=int)
    if unheard_of:
        await _read_again(ctx, unheard_of)
    missing = sorted(held - present, key=int)
    if len(missing) <= FEW:
        await _read_again(ctx, missing)
        return
    again = await _sweep(ctx)
    gone = [scene_id for scene_id in missing if scene_id not in again]
    ctx.log("info", f"{len(gone)} scenes are gone from Stash")
    await patiently(ctx, ctx.ports.sync.mark_deleted, ctx.job.id, gone, ctx.now())


async def _sweep(ctx: JobContext) -> set[str]:
    ids: set[str] = set()
    after: str | None = None
    while True:
        stamps = await patiently(ctx, ctx.ports.stash.stamps_after, after, STAMPS_PAGE)
        ids.update(stamp.id for stamp in stamps)
        if len(stamps) < STAMPS_PAGE:
            return ids
        after = stamps[-1].id


async def _library_moved(ctx: JobContext) -> None:
    """Tell the others, where this run changed anything."""
    tally = (await patiently(ctx, ctx.ports.sync.checkpoint, ctx.job.id)).tally
    entities: Mapping[str, int] = tally.get("entities", {})
    names = ("created", "updated", "deleted")
    if any(tally.get(name) or entities.get(name) for name in names):
        ctx.library_changed("sync")
