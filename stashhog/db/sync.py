"""The sync's side of the local copy: what is known, what a page changes, what past runs did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.pagination import PaginatedResponse, PaginationParams
from stashhog.db.coverage import keep_coverage
from stashhog.db.job_rows import advance_job, job_row
from stashhog.db.meta import LIVE_SCENES, WATERMARK, meta_number, meta_text, set_meta
from stashhog.db.paging import Order, walk
from stashhog.db.scene_writes import delete_scenes, take_scenes
from stashhog.db.tables import sync_runs
from stashhog.db.values import (
    clean,
    from_json,
    moment,
    moment_text,
    row_ids,
    run,
    run_many,
    shown,
    to_json,
)
from stashhog.domain.library import Scene
from stashhog.domain.sync import ItemFailure, KnownScene, SyncCounts, Watermark
from stashhog.ports import SyncPoint

SAMPLE = 7
REASON_CHARACTERS = 1000
_RUN = (
    "SELECT id, job_id, mode, finished_at, created, updated, deleted, unchanged, failed"
    " FROM sync_runs"
)
_NUMBERED = " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC"
_LAST = " ORDER BY id DESC LIMIT 1"


# --- for people ---------------------------------------------------------------------------------


def sync_status(s: Session) -> dict[str, Any]:
    """The last run, the one that is under way, and the watermark (Stash's own text)."""
    running = run(
        s,
        "SELECT id FROM jobs WHERE kind = 'sync' AND status NOT IN"
        " ('completed', 'failed', 'cancelled') ORDER BY status = 'queued', created_at, id LIMIT 1",
    ).scalar_one_or_none()
    last = run(s, _RUN + _LAST).one_or_none()
    mark = _watermark(s)
    return {
        "running_job_id": running,
        "last": None if last is None else _run_shape(last),
        "watermark": None if mark is None else mark.text,
    }


def sync_history(s: Session, params: PaginationParams) -> PaginatedResponse[dict[str, Any]]:
    """Past runs, newest first.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = select(sync_runs.c.id)
    total = s.execute(select(func.count()).select_from(sync_runs)).scalar_one()
    found = walk(s, query, Order("-id", (), sync_runs.c.id, descending=True), params, {})
    rows = run(
        s,
        _RUN + _NUMBERED,
        (to_json(found.ids),),
    )
    return found.page([_run_shape(row) for row in rows], total)


def sync_failures(s: Session, job_id: str) -> list[dict[str, Any]]:
    """What a sync could not take over, and why."""
    rows = run(
        s,
        "SELECT f.kind, f.item, f.reason FROM sync_failures AS f JOIN jobs AS j ON j.n = f.job_n"
        " WHERE j.id = ? ORDER BY f.id",
        (job_id,),
    )
    return [{"kind": row[0], "item": row[1], "reason": row[2]} for row in rows]


def _run_shape(row: Any) -> dict[str, Any]:
    return {
        "job_id": row[1],
        "mode": row[2],
        "finished_at": shown(row[3]),
        "created": row[4],
        "updated": row[5],
        "deleted": row[6],
        "unchanged": row[7],
        "failed": row[8],
    }


def take_scene(s: Session, scene: Scene, read_at: datetime) -> None:
    """Take one scene over as Stash has it now, outside of any job."""
    take_scenes(s, [scene], read_at)


def forget_scene(s: Session, scene_id: str, now: datetime) -> None:
    """Mark one scene as deleted in Stash, outside of any job."""
    delete_scenes(s, row_ids([scene_id]), now)


# --- for the sync job ---------------------------------------------------------------------------


def _watermark(s: Session) -> Watermark | None:
    text = meta_text(s, WATERMARK)
    return None if text is None else Watermark(**from_json(text))


def _keep_watermark(s: Session, watermark: Watermark | None) -> None:
    if watermark is not None:
        set_meta(s, WATERMARK, to_json(asdict(watermark)))


def sync_point(s: Session) -> SyncPoint:
    """What a sync starts from; the sample is spread over all live ids."""
    bounds = run(s, "SELECT min(id), max(id) FROM scenes WHERE deleted_at IS NULL").one()
    sample: dict[str, str] = {}
    if bounds[0] is not None:
        low, high = bounds
        for step in range(SAMPLE):
            row = run(
                s,
                "SELECT id, created_at FROM scenes WHERE deleted_at IS NULL AND id >= ?"
                " ORDER BY id LIMIT 1",
                (low + (high - low) * step // max(SAMPLE - 1, 1),),
            ).one()
            sample[str(row[0])] = moment(row[1]).isoformat()
    return SyncPoint(_watermark(s), meta_number(s, LIVE_SCENES), sample)


def stale_scenes(s: Session) -> list[str]:
    """Live scenes that have to be read again."""
    rows = run(s, "SELECT id FROM scenes WHERE stale = 1 AND deleted_at IS NULL ORDER BY id")
    return [str(row[0]) for row in rows]


def known_scenes(s: Session, ids: Sequence[str]) -> dict[str, KnownScene]:
    """What is remembered of these scenes; unknown and deleted ones are absent."""
    rows = run(
        s,
        "SELECT id, updated_at_text, read_at, content_hash FROM scenes"
        " WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))",
        (to_json(row_ids(ids)),),
    )
    return {str(row[0]): KnownScene(row[1], moment(row[2]), row[3]) for row in rows}


def live_ids(s: Session) -> list[str]:
    """Ids of all live scenes, in numeric order."""
    rows = run(s, "SELECT id FROM scenes WHERE deleted_at IS NULL ORDER BY id").scalars()
    return list(map(str, rows))


def save_scenes(
    s: Session,
    job_id: str,
    scenes: Sequence[Scene],
    *,
    read_at: datetime,
    cursor: Mapping[str, Any],
    total: int | None = None,
    failures: Sequence[ItemFailure] = (),
    watermark: Watermark | None = None,
    unchanged: int = 0,
) -> SyncCounts:
    """Take a page over and move the job along, as `ports.SyncStore.save_scenes` says."""
    row = job_row(s, job_id)
    taken = take_scenes(s, scenes, read_at)
    failed = [*failures, *taken.failures]
    run_many(
        s,
        "INSERT INTO sync_failures (job_n, kind, item, reason) VALUES (?, 'scene', ?, ?)",
        [(row.n, clean(one.item[:64]), clean(one.reason[:REASON_CHARACTERS])) for one in failed],
    )
    _keep_watermark(s, watermark)
    counts = SyncCounts(
        created=taken.created,
        updated=taken.updated,
        unchanged=taken.unchanged + unchanged,
        failed=len(failed),
    )
    handled = counts.created + counts.updated + counts.unchanged + counts.failed
    advance_job(s, row, done=handled, counts=counts.as_tally(), cursor=cursor, total=total)
    return counts


def mark_deleted(s: Session, job_id: str, ids: Sequence[str], now: datetime) -> int:
    """Mark scenes as deleted in Stash and count them; returns how many were live."""
    number = delete_scenes(s, row_ids(ids), now)
    if number:
        advance_job(s, job_row(s, job_id), counts={"deleted": number})
    return number


def finish_sync(s: Session, job_id: str, watermark: Watermark | None, now: datetime) -> None:
    """Make the run part of the history and keep the watermark."""
    row = job_row(s, job_id)
    mode = from_json(run(s, "SELECT params FROM jobs WHERE n = ?", (row.n,)).scalar_one())["mode"]
    names = ("created", "updated", "deleted", "unchanged", "failed")
    run(
        s,
        "INSERT INTO sync_runs (job_id, mode, finished_at, created, updated, deleted, unchanged,"
        " failed, entities) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id) DO UPDATE SET"
        " finished_at = excluded.finished_at, created = excluded.created,"
        " updated = excluded.updated, deleted = excluded.deleted,"
        " unchanged = excluded.unchanged, failed = excluded.failed, entities = excluded.entities",
        (
            job_id,
            mode,
            moment_text(now),
            *(row.tally.get(name, 0) for name in names),
            to_json(row.tally.get("entities", {})),
        ),
    )
    _keep_watermark(s, watermark)
    keep_coverage(s, now)
