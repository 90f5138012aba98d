"""The sync job: make the local copy what Stash has.

Entities first (whole lists, of the kinds in which something changed), then scenes (by keyset when
full; otherwise what changed, see `differences`), then what is gone (by count, and by comparing all
ids only where the counts differ). Each page is one request; those that
come together are one transaction.

A run that was stopped goes on: a full one after its last page, an incremental one by finding less
to read. Its watermark never lies beyond its first beginning, so that what was edited meanwhile is
found by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import trio

from actors.jobs.context import JobContext
from actors.jobs.differences import compare, count_missing, differences, list_ids
from actors.jobs.patience import patiently
from actors.jobs.reading import CHUNK, FEW, Reading, read_again, read_all
from actors.tasks import Slot, task
from stashhog.core.exceptions import StashHogException
from stashhog.domain.jobs import JobKind
from stashhog.domain.library import ENTITY_KINDS, EntityKind
from stashhog.domain.sync import (
    EVERYTHING,
    Watermarks,
    Window,
    limited,
    looks_emptied,
    looks_replaced,
    sweep_due,
)
from stashhog.ports import EntityList
from stashhog.ports.sync import SyncPoint

SWEEP = Window(with_files=True)
MOST_RETRIED = 200
"""Scenes that could not be read are tried again by each run, so many of them at the most."""
MANY_GONE = 20
"""More entities than these are only let go after a second look."""


class LibraryReplacedError(StashHogException):
    """Another library answers at the address."""

    code = "library_replaced"


@task(JobKind.SYNC, slot=Slot.SYNC)
async def run(ctx: JobContext) -> Mapping[str, Any] | None:
    """Run a sync from its cursor to its end."""
    wanted: Sequence[str] | None = ctx.job.params.get("scene_ids")
    stash = await patiently(ctx, ctx.ports.stash.probe)
    reading = Reading(ctx, (await patiently(ctx, ctx.ports.sync.checkpoint, ctx.job.id)).cursor)
    if wanted:
        await read_again(reading, wanted)
        await _library_moved(ctx)
        return None
    point = await patiently(ctx, ctx.ports.sync.sync_point)
    adopt = ctx.job.params.get("adopt", False)
    mixed = not adopt and await _mixed_with_another_library(ctx, point)
    moved = Window(of_files=True, with_files=True) if "file_filter" in stash.capabilities else None
    full = ctx.job.params["mode"] == "full" or point.watermarks.scenes is None or mixed
    due = sweep_due(point.swept_at, ctx.now())
    listed = await _list_entities(ctx, {} if full or due else point.entity_prints)
    if full:
        await read_all(reading, before=lambda: _save_entities(ctx, listed))
        swept = True
    else:
        await _save_entities(ctx, listed)
        reading.advance(point.watermarks)
        swept = await differences(reading, point, moved) or due
        await _come_back(reading)
        await read_again(reading, point.unreadable[:MOST_RETRIED])
    stale = await patiently(ctx, ctx.ports.sync.stale)
    if stale:
        ctx.log("info", f"reading {len(stale)} scenes again that may have changed since")
        await read_again(reading, stale)
    hidden = await _deleted(reading, sweep=swept and not full)
    marks = Watermarks(
        limited(reading.marks.scenes, reading.began),
        limited(reading.marks.files, reading.began),
    )
    counts = await patiently(
        ctx, ctx.ports.sync.finish, ctx.job.id, marks, ctx.now(), swept=swept, hidden=hidden
    )
    ctx.progress(ctx.done, ctx.done, message="")
    if counts.failed:
        ctx.log("warning", f"{counts.failed} scenes of Stash could not be read")
    await _library_moved(ctx)
    return None


async def _mixed_with_another_library(ctx: JobContext, point: SyncPoint) -> bool:
    """Look at a sample before anything is changed; where much of it is gone, at all ids.

    True where some of it are other scenes now: a library was restored while it was read, and times
    do not tell which scenes are of which.

    Raises:
        LibraryReplacedError: Stash does not serve the library of the copy.
    """
    if not point.sample:
        return False
    found = await patiently(ctx, ctx.ports.stash.scenes, list(point.sample))
    created = {scene.id: scene.created_at.isoformat() for scene in found.scenes}
    known = {key: datetime.fromisoformat(at).isoformat() for key, at in point.sample.items()}
    if looks_replaced(known, created):
        raise _replaced("the same ids name other scenes")
    if looks_emptied(len(found.missing), len(known), of=point.live_scenes):
        gone = await count_missing(ctx)
        if looks_emptied(gone, point.live_scenes):
            raise _replaced(f"{gone} of {point.live_scenes} scenes are not in it")
    return any(known[key] != at for key, at in created.items())


def _replaced(why: str) -> LibraryReplacedError:
    return LibraryReplacedError(
        f"Stash serves another library than the one that was synced before: {why}. Nothing was "
        "changed here. Restore that library, or take the new one knowingly: sync with "
        '"adopt": true (stashhog sync --adopt). Plans for scenes that are no more then find them '
        "gone, and what was rejected for them is forgotten"
    )


# --- entities -----------------------------------------------------------------------------------


async def _list_entities(
    ctx: JobContext, held: Mapping[EntityKind, str]
) -> Mapping[EntityKind, EntityList]:
    """List the kinds that do not say of themselves what is `held` of them, all at once."""
    ctx.progress(ctx.done, ctx.total, message="reading performers, tags and studios")
    prints = await patiently(ctx, ctx.ports.stash.entity_prints) if held else {}
    kinds = [kind for kind in ENTITY_KINDS if kind not in prints or prints[kind] != held.get(kind)]
    listed: dict[EntityKind, EntityList] = {}

    async def read(kind: EntityKind) -> None:
        found = await _listed(ctx, kind)
        listed[kind] = replace(found, said=prints.get(kind, found.said))

    async with trio.open_nursery() as nursery:
        for kind in kinds:
            nursery.start_soon(read, kind)
    return listed


async def _save_entities(ctx: JobContext, listed: Mapping[EntityKind, EntityList]) -> None:
    for kind, found in listed.items():
        delta = await patiently(
            ctx,
            ctx.ports.sync.save_entities,
            ctx.job.id,
            kind,
            found.entities,
            found.failures,
            said=found.said,
        )
        for failure in delta.failures:
            ctx.log("warning", f"{kind} {failure.item}: {failure.reason}")
        if delta.gone:
            ctx.log("info", f"{len(delta.gone)} {kind}s are gone from Stash")


async def _listed(ctx: JobContext, kind: EntityKind) -> EntityList:
    """All entities of a kind; where many seem to be gone, as a second look shows them."""
    first = await patiently(ctx, ctx.ports.stash.entities, kind)
    held = await patiently(ctx, ctx.ports.sync.entity_ids, kind)
    if len(set(held).difference(one.id for one in first.entities)) <= MANY_GONE:
        return first
    again = await patiently(ctx, ctx.ports.stash.entities, kind)
    both = {one.id: one for one in (*first.entities, *again.entities)}
    return EntityList(list(both.values()), [*first.failures, *again.failures])


async def _come_back(reading: Reading) -> None:
    """Read the scenes of entities that are new here, as far as this run has not.

    An entity that somebody deleted and a restored backup brought back has its links back too, and
    the scenes' times tell nothing of it.
    """
    ctx = reading.ctx
    began = ctx.job.started_at or ctx.job.created_at
    for kind, ids in (await patiently(ctx, ctx.ports.sync.newcomers)).items():
        for start in range(0, len(ids), CHUNK):
            window = Window(linked_to=(kind, tuple(ids[start : start + CHUNK])))
            linked = await list_ids(ctx, window)
            unread = await patiently(ctx, ctx.ports.sync.read_before, linked, began)
            await read_again(reading, unread)


# --- what is gone -------------------------------------------------------------------------------


async def _deleted(reading: Reading, *, sweep: bool) -> int:
    """Compare all scenes where the counts differ or it is time to; nothing goes unseen twice.

    Returns how many scenes Stash counts and does not show.
    """
    ctx = reading.ctx
    if not sweep and await _uncounted(ctx) == 0:
        return 0
    ctx.log("info", "comparing all scenes")
    missing = await compare(reading, SWEEP if sweep else EVERYTHING)
    if len(missing) <= FEW:
        await read_again(reading, missing)
    else:
        gone = await _still_missing(ctx, missing)
        ctx.log("info", f"{len(gone)} scenes are gone from Stash")
        await patiently(ctx, ctx.ports.sync.mark_deleted, ctx.job.id, gone, ctx.now())
    return max(await _uncounted(ctx), 0)


async def _uncounted(ctx: JobContext) -> int:
    """How many scenes more than we know of Stash has."""
    point = await patiently(ctx, ctx.ports.sync.sync_point)
    return await patiently(ctx, ctx.ports.stash.count_scenes) - point.expected_scenes


async def _still_missing(ctx: JobContext, missing: Sequence[str]) -> list[str]:
    """Which of these a second listing does not show either."""
    left = set(missing)
    after: str | None = None
    page = ctx.settings.stash.page_size * 10
    while True:
        stamps = await patiently(ctx, ctx.ports.stash.stamps_after, after, page)
        left.difference_update(stamp.id for stamp in stamps)
        if len(stamps) < page:
            return sorted(left, key=int)
        after = stamps[-1].id


async def _library_moved(ctx: JobContext) -> None:
    """Tell the others, where this run changed anything."""
    tally = (await patiently(ctx, ctx.ports.sync.checkpoint, ctx.job.id)).tally
    entities: Mapping[str, int] = tally.get("entities", {})
    names = ("created", "updated", "deleted")
    if any(tally.get(name) or entities.get(name) for name in names):
        ctx.library_changed("sync")
