"""The sync's side of the local copy: what is known, what a page changes, what past runs did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.pagination import PaginatedResponse, PaginationParams
from stashhog.db.coverage import keep_coverage
from stashhog.db.entity_writes import entity_prints
from stashhog.db.failures import forget_unreadable, keep_unreadable, note_failures
from stashhog.db.job_rows import advance_job, job_row
from stashhog.db.meta import (
    FILES_WATERMARK,
    LIVE_SCENES,
    NEWCOMERS,
    SWEPT_AT,
    WATERMARK,
    drop_meta,
    meta_number,
    meta_text,
    set_meta,
)
from stashhog.db.paging import Order, walk
from stashhog.db.scene_writes import delete_scenes, take_scenes
from stashhog.db.tables import sync_runs
from stashhog.db.values import (
    MAX_INTEGER,
    from_json,
    moment,
    moment_or_none,
    moment_text,
    row_id,
    row_ids,
    run,
    shown,
    to_json,
)
from stashhog.domain.jobs import RESULT_SHAPES, JobKind
from stashhog.domain.library import Scene
from stashhog.domain.sync import (
    ItemFailure,
    KnownScene,
    SyncCounts,
    Watermark,
    Watermarks,
    Window,
    unsettled,
)
from stashhog.ports.sync import SyncPoint

SAMPLE = 15
OTHER_SCENE = "its id names another scene than before; what was proposed for that one stays with it"
_RUN = (
    "SELECT id, job_id, mode, finished_at, created, updated, deleted, unchanged, failed"
    " FROM sync_runs"
)
_CHANGES = ("created", "updated", "deleted")
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
    mark = _watermark(s, WATERMARK)
    return {
        "running_job_id": running,
        "last": None if last is None else _run_shape(last),
        "watermark": None if mark is None else mark.text,
        "scenes": meta_number(s, LIVE_SCENES),
        "unreadable": run(s, "SELECT count(*) FROM unreadable_scenes").scalar_one(),
        "swept_at": meta_text(s, SWEPT_AT),
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
    take_scenes(s, [scene], read_at, again=unsettled([scene], read_at))


def forget_scene(s: Session, scene_id: str, now: datetime) -> None:
    """Mark one scene as deleted in Stash, outside of any job."""
    delete_scenes(s, row_ids([scene_id]), now)


# --- for the sync job ---------------------------------------------------------------------------


def _watermark(s: Session, name: str) -> Watermark | None:
    text = meta_text(s, name)
    return None if text is None else Watermark(from_json(text)["text"])


def _keep_watermark(s: Session, name: str, mark: Watermark | None) -> None:
    if mark is not None:
        set_meta(s, name, to_json({"text": mark.text}))


_FIRST_ID = "SELECT id FROM scenes NOT INDEXED WHERE deleted_at IS NULL ORDER BY id LIMIT 1"
_LAST_ID = "SELECT id FROM scenes NOT INDEXED WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 1"
_NEXT = (
    "SELECT id, created_at FROM scenes NOT INDEXED WHERE deleted_at IS NULL AND id >= ?"
    " ORDER BY id LIMIT 1"
)


def sync_point(s: Session) -> SyncPoint:
    """What a sync starts from; the sample is spread over all live ids."""
    low, high = (run(s, end).scalar_one_or_none() for end in (_FIRST_ID, _LAST_ID))
    sample: dict[str, str] = {}
    if low is not None and high is not None:
        for step in range(SAMPLE):
            row = run(s, _NEXT, (low + (high - low) * step // max(SAMPLE - 1, 1),)).one()
            sample[str(row[0])] = moment(row[1]).isoformat()
    unreadable = run(
        s,
        "SELECT u.id, c.id IS NOT NULL AND c.deleted_at IS NULL FROM unreadable_scenes AS u"
        " LEFT JOIN scenes AS c ON c.id = u.id ORDER BY u.id",
    ).all()
    live = meta_number(s, LIVE_SCENES)
    return SyncPoint(
        watermarks=Watermarks(_watermark(s, WATERMARK), _watermark(s, FILES_WATERMARK)),
        live_scenes=live,
        expected_scenes=live + sum(not held for _, held in unreadable),
        unreadable=tuple(str(row[0]) for row in unreadable),
        swept_at=moment_or_none(meta_text(s, SWEPT_AT)),
        sample=sample,
        entity_prints=entity_prints(s),
    )


def stale_scenes(s: Session) -> list[str]:
    """Live scenes that have to be read again."""
    rows = run(s, "SELECT id FROM scenes WHERE stale = 1 AND deleted_at IS NULL ORDER BY id")
    return [str(row[0]) for row in rows]


def read_before(s: Session, ids: Sequence[str], since: datetime) -> list[str]:
    """Those of these scenes that were not read since, or never."""
    rows = run(
        s,
        "SELECT id FROM scenes WHERE deleted_at IS NULL AND read_at >= ?"
        " AND id IN (SELECT value FROM json_each(?))",
        (moment_text(since), to_json(row_ids(ids))),
    )
    fresh = set(map(str, rows.scalars()))
    return [one for one in ids if one not in fresh]


def known_scenes(s: Session, ids: Sequence[str]) -> dict[str, KnownScene]:
    """What is remembered of these scenes; unknown and deleted ones are absent."""
    rows = run(
        s,
        "SELECT id, updated_at_text, files_print FROM scenes"
        " WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))",
        (to_json(row_ids(ids)),),
    )
    return {str(row[0]): KnownScene(row[1], row[2]) for row in rows}


_ALL, _CHANGED, _MOVED = "all", "changed", "moved"
_COUNT = {
    _CHANGED: "SELECT count(*) FROM scenes WHERE deleted_at IS NULL AND updated_at_text > ?",
    _MOVED: "SELECT count(*) FROM scenes WHERE deleted_at IS NULL AND files_text > ?",
}
_IDS = {
    _ALL: "SELECT id FROM scenes WHERE deleted_at IS NULL AND ? IS NULL AND id > ? AND id <= ?",
    _CHANGED: "SELECT id FROM scenes INDEXED BY scenes_updated_at_text"
    " WHERE deleted_at IS NULL AND updated_at_text > ? AND id > ? AND id <= ?",
    _MOVED: "SELECT id FROM scenes INDEXED BY scenes_files_text"
    " WHERE deleted_at IS NULL AND files_text > ? AND id > ? AND id <= ?",
}


def _kind_of(window: Window) -> str:
    if window.since is None:
        return _ALL
    return _MOVED if window.of_files else _CHANGED


def count_held(s: Session, window: Window) -> int:
    """How many live scenes the copy has in a window, their texts compared as Stash does it."""
    if window.since is None:
        return meta_number(s, LIVE_SCENES)
    return int(run(s, _COUNT[_kind_of(window)], (window.since,)).scalar_one())


def held_ids(s: Session, window: Window, after: str | None, last: str | None) -> list[str]:
    """Ids of the live scenes of a window that lie after one id and not after another."""
    low, high = row_id(after or "0"), MAX_INTEGER if last is None else row_id(last)
    found = run(s, _IDS[_kind_of(window)], (window.since, low, high))
    return list(map(str, found.scalars()))


def save_scenes(
    s: Session,
    job_id: str,
    scenes: Sequence[Scene],
    *,
    read_at: datetime,
    cursor: Mapping[str, Any],
    total: int | None = None,
    failures: Sequence[ItemFailure] = (),
    again: Collection[str] = (),
) -> SyncCounts:
    """Take a page over and move the job along, as `ports.sync.SyncStore.save_scenes` says."""
    row = job_row(s, job_id)
    taken = take_scenes(s, scenes, read_at, job_n=row.n, again=again)
    failed = [*failures, *taken.failures]
    others = [ItemFailure(one, OTHER_SCENE) for one in taken.others]
    note_failures(s, row.n, "scene", [*failed, *others])
    keep_unreadable(s, scenes, failed, read_at)
    counts = SyncCounts(
        created=taken.created,
        updated=taken.updated,
        unchanged=taken.unchanged,
        failed=len(failed),
    )
    handled = len(scenes) + len(failures)
    advance_job(s, row, done=handled, counts=counts.as_tally(), cursor=cursor, total=total)
    return replace(counts, others=taken.others)


def mark_deleted(s: Session, job_id: str, ids: Sequence[str], now: datetime) -> int:
    """Mark scenes as deleted in Stash and count them; returns how many were live."""
    row = job_row(s, job_id)
    numbers = row_ids(ids)
    forget_unreadable(s, numbers)
    tally = delete_scenes(s, numbers, now, job_n=row.n)
    if tally:
        advance_job(s, row, counts=tally)
    return tally.total()


def finish_sync(
    s: Session, job_id: str, marks: Watermarks, now: datetime, *, swept: bool, hidden: int = 0
) -> SyncCounts:
    """Make the run part of the history and keep the watermarks.

    The counts become those of the whole library: created, updated, unchanged and failed scenes are
    together as many as Stash has.
    """
    row = job_row(s, job_id)
    mode = from_json(run(s, "SELECT params FROM jobs WHERE n = ?", (row.n,)).scalar_one())["mode"]
    point = sync_point(s)
    if hidden:
        reason = f"Stash counts {hidden} scenes that it does not show"
        note_failures(s, row.n, "scene", [ItemFailure("?", reason)])
    failed = len(point.unreadable)
    created, updated, deleted = (int(row.tally.get(name, 0)) for name in _CHANGES)
    rest = point.expected_scenes - failed - created - updated
    counts = SyncCounts(created, updated, deleted, max(rest, 0), failed + hidden)
    tally = {**row.tally, **dict.fromkeys(RESULT_SHAPES[JobKind.SYNC], 0), **counts.as_tally()}
    run(s, "UPDATE jobs SET tally = ?, total = done WHERE n = ?", (to_json(tally), row.n))
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
            counts.created,
            counts.updated,
            counts.deleted,
            counts.unchanged,
            counts.failed,
            to_json(row.tally.get("entities", {})),
        ),
    )
    _keep_watermark(s, WATERMARK, marks.scenes)
    _keep_watermark(s, FILES_WATERMARK, marks.files)
    drop_meta(s, NEWCOMERS)
    if swept:
        set_meta(s, SWEPT_AT, moment_text(now))
    changed = any(row.tally.get(name) for name in ("created", "updated", "deleted"))
    keep_coverage(s, now, changed=changed)
    return counts
