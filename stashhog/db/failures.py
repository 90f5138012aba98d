"""What a sync could not take over: listed for each run, and remembered while it stays so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.pagination import PaginatedResponse, PaginationParams
from stashhog.db.paging import Order, walk
from stashhog.db.tables import sync_failures as failures
from stashhog.db.values import clean, moment_text, row_id, row_ids, run, run_many, to_json
from stashhog.domain.library import Scene
from stashhog.domain.sync import ItemFailure

REASON_CHARACTERS = 1000
_LAST = "SELECT job_id FROM sync_runs ORDER BY id DESC LIMIT 1"


def sync_failures(
    s: Session, params: PaginationParams, job_id: str | None = None
) -> PaginatedResponse[dict[str, Any]]:
    """What a sync could not take over, and why; without a job that of the last run.

    Raises:
        ValidationError: `bad_cursor`.
    """
    if job_id is None:
        job_id = run(s, _LAST).scalar_one_or_none()
    n = run(s, "SELECT n FROM jobs WHERE id = ?", (job_id,)).scalar_one_or_none()
    query = select(failures.c.id).where(failures.c.job_n == n)
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    found = walk(s, query, Order("id", (), failures.c.id), params, {"job_id": job_id})
    rows = run(
        s,
        "SELECT kind, item, reason FROM sync_failures"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (to_json(found.ids),),
    )
    items = [{"kind": row[0], "item": row[1], "reason": row[2]} for row in rows]
    return found.page(items, total)


def note_failures(s: Session, job_n: int, kind: str, found: Iterable[ItemFailure]) -> None:
    """List what a run could not take over, each once."""
    run_many(
        s,
        "INSERT OR IGNORE INTO sync_failures (job_n, kind, item, reason) VALUES (?, ?, ?, ?)",
        [
            (job_n, kind, clean(one.item[:64]), clean(one.reason[:REASON_CHARACTERS]))
            for one in found
        ],
    )


def keep_unreadable(
    s: Session, scenes: Sequence[Scene], failed: Sequence[ItemFailure], read_at: datetime
) -> None:
    """Remember which scenes Stash has and nobody can read; those that were read are none."""
    read = row_ids([scene.id for scene in scenes])
    forget_unreadable(s, read)
    missed = {n: one for one in failed if (n := row_id(one.item)) is not None}
    run_many(
        s,
        "INSERT INTO unreadable_scenes (id, reason, since) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET reason = excluded.reason",
        [
            (n, clean(one.reason[:REASON_CHARACTERS]), moment_text(read_at))
            for n, one in missed.items()
            if n not in set(read)
        ],
    )


def forget_unreadable(s: Session, ids: Sequence[int]) -> None:
    """Take scenes from those that nobody can read."""
    run(
        s,
        "DELETE FROM unreadable_scenes WHERE id IN (SELECT value FROM json_each(?))",
        (to_json(list(ids)),),
    )
