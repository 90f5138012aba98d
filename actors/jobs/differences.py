"""Finding out which scenes differ from the copy without reading them all.

Rules:
- A window is listed by stamps; what is new or looks different is read, and what the copy has in the
  same window and the listing does not show is asked for by id: it is gone, or it went back in time
  (a restored library).
- The narrow window is listed; the wide one is counted in both places, and listed where the counts
  disagree or where a row shows that Stash's clock is in another zone now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.jobs.reading import FEW, Reading, Send, ahead, expect, read_again, read_by_id
from stashhog.domain.sync import (
    EVERYTHING,
    FILES_OVERLAP,
    OVERLAP,
    Stamp,
    Watermark,
    Window,
    another_zone,
    changed_anywhere_since,
    changed_since,
    needs_reading,
)
from stashhog.ports.sync import SyncPoint

STAMPS_PAGE = 5_000
Look = Callable[[Sequence[Stamp]], None]
"""What else a listing is looked at for."""


async def differences(reading: Reading, point: SyncPoint, moved: Window | None) -> bool:
    """Read what changed since the watermarks; True where all scenes should be compared.

    Args:
        reading: The run's.
        point: What the run starts from.
        moved: The window on files, where Stash can be asked for it.
    """
    marks = point.watermarks
    restored = await _changed(reading, marks.scenes, Window()) if marks.scenes else False
    if moved is not None and marks.files is not None:
        restored = await _changed(reading, marks.files, moved) or restored
    return restored


async def _changed(reading: Reading, mark: Watermark, kind: Window) -> bool:
    ctx = reading.ctx
    overlap = FILES_OVERLAP if kind.of_files else OVERLAP
    narrow = replace(kind, since=changed_since(mark, overlap))
    wide = replace(kind, since=changed_anywhere_since(mark))
    zones: list[bool] = []
    missing = await compare(
        reading, narrow, look=lambda stamps: zones.append(another_zone(mark, stamps))
    )
    if any(zones) or not await _same_number(reading, wide):
        ctx.log("info", "looking further back: more has changed than this Stash's clock says")
        missing = sorted({*missing, *await compare(reading, wide)}, key=int)
    if len(missing) > FEW:
        return True
    await read_again(reading, missing)
    known = await patiently(ctx, ctx.ports.sync.known, missing)
    return bool(known)


async def _same_number(reading: Reading, window: Window) -> bool:
    ports = reading.ctx.ports
    there = await patiently(reading.ctx, ports.stash.count_scenes, window)
    return there == await patiently(reading.ctx, ports.sync.count_held, window)


async def compare(reading: Reading, window: Window, look: Look = lambda _stamps: None) -> list[str]:
    """List a window and read what differs; returns what the copy has in it and Stash does not."""
    ctx = reading.ctx
    missing: list[str] = []

    async def fetch(send: Send) -> None:
        after: str | None = None
        while True:
            stamps = await patiently(
                ctx, ctx.ports.stash.stamps_after, after, STAMPS_PAGE, window=window
            )
            ctx.begun()
            reading.saw(stamps)
            look(stamps)
            last = None if len(stamps) < STAMPS_PAGE else stamps[-1].id
            held = await patiently(ctx, ctx.ports.sync.held_ids, window, after, last)
            listed = {stamp.id for stamp in stamps}
            missing.extend(one for one in held if one not in listed)
            known = await patiently(ctx, ctx.ports.sync.known, [stamp.id for stamp in stamps])
            wanted = [one.id for one in stamps if needs_reading(one, known.get(one.id))]
            if wanted:
                expect(ctx, len(wanted))
                await read_by_id(ctx, wanted, send)
            if last is None:
                return
            after = last

    async with ahead(fetch) as pages:
        async for page in pages:
            await reading.save(page)
    return missing


async def list_ids(ctx: JobContext, window: Window) -> list[str]:
    """The ids of all scenes of a window."""
    ids: list[str] = []
    after: str | None = None
    while True:
        stamps = await patiently(
            ctx, ctx.ports.stash.stamps_after, after, STAMPS_PAGE, window=window
        )
        ids += [stamp.id for stamp in stamps]
        if len(stamps) < STAMPS_PAGE:
            return ids
        after = stamps[-1].id


async def count_missing(ctx: JobContext) -> int:
    """How many scenes of the copy Stash does not list; nothing is read or changed."""
    missing = 0
    after: str | None = None
    while True:
        stamps = await patiently(ctx, ctx.ports.stash.stamps_after, after, STAMPS_PAGE)
        last = None if len(stamps) < STAMPS_PAGE else stamps[-1].id
        held = await patiently(ctx, ctx.ports.sync.held_ids, EVERYTHING, after, last)
        missing += len(set(held).difference(stamp.id for stamp in stamps))
        if last is None:
            return missing
        after = last
