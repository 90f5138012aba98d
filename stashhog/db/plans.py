"""Plans as people see them, and what a person may do to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import NotFoundError
from stashhog.core.pagination import PaginatedResponse, PaginationParams, SortKey
from stashhog.db.change_index import change_index
from stashhog.db.change_rows import change_shapes
from stashhog.db.changes import (
    CHANGE_SORT_KEYS,
    ChangeFilters,
    change_filters,
    get_change,
    list_changes,
)
from stashhog.db.decisions import check_lines, decide, import_decisions, lines_of
from stashhog.db.edits import UNSET, edit_change
from stashhog.db.paging import Order, walk
from stashhog.db.plan_rows import delete_plan_row, plan_row, require_free
from stashhog.db.tables import plans, rejections
from stashhog.db.values import from_json, row_ids, run, shown, to_json, value_of
from stashhog.domain.plans import ChangeStatus

__all__ = [
    "CHANGE_SORT_KEYS",
    "PLAN_SORT_KEYS",
    "UNSET",
    "ChangeFilters",
    "change_filters",
    "change_index",
    "check_lines",
    "decide",
    "delete_plan",
    "delete_rejection",
    "edit_change",
    "export_lines",
    "get_change",
    "get_plan",
    "import_decisions",
    "lines_of",
    "list_changes",
    "list_plans",
    "list_rejections",
]

PLAN_SORT_KEYS = ("created_at", "name", "status", "id")
_COLUMNS = {name: plans.c[name] for name in ("created_at", "name", "status")}


def list_plans(
    s: Session,
    status: Sequence[str] | None,
    params: PaginationParams,
    sort: SortKey | None,
) -> PaginatedResponse[dict[str, Any]]:
    """Plans of any of these statuses; None or nothing does not ask.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = select(plans.c.id).where(plans.c.deleted_at.is_(None))
    if status:
        query = query.where(plans.c.status.in_(status))
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order.of(sort or SortKey("created_at", descending=True), _COLUMNS, plans.c.id)
    found = walk(s, query, order, params, {"status": sorted(status or ())})
    shapes = _plan_shapes(s, found.ids)
    return found.page([shapes[one] for one in found.ids], total)


def get_plan(s: Session, plan_id: int) -> dict[str, Any]:
    """One plan.

    Raises:
        PlanNotFoundError: there is none of this id.
    """
    plan_row(s, plan_id)
    return _plan_shapes(s, [plan_id])[plan_id]


def _plan_shapes(s: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = run(
        s,
        "SELECT id, name, status, created_at, job_id, scenes, counts, skipped, requests,"
        " input_tokens, output_tokens, usd FROM plans"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (to_json(ids),),
    )
    return {row[0]: _plan_shape(row) for row in rows}


def _plan_shape(row: Any) -> dict[str, Any]:
    counts = from_json(row[6])
    return {
        "id": row[0],
        "name": row[1],
        "status": row[2],
        "created_at": shown(row[3]),
        "job_id": row[4],
        "scenes": row[5],
        "changes": sum(counts.values()),
        "counts": {status.value: counts.get(status.value, 0) for status in ChangeStatus},
        "skipped": from_json(row[7]),
        "cost": {
            "requests": row[8],
            "input_tokens": row[9],
            "output_tokens": row[10],
            "usd": row[11],
        },
    }


def delete_plan(s: Session, plan_id: int) -> None:
    """Delete a plan; its journal, its rejections and what scenes' histories show stay.

    Raises:
        PlanNotFoundError: there is none of this id.
        ConflictError: `plan_busy`, a job works on it.
    """
    plan = plan_row(s, plan_id)
    require_free(plan)
    delete_plan_row(s, plan_id, datetime.now(UTC))


def export_lines(s: Session, plan_id: int, after_id: int, limit: int) -> list[dict[str, Any]]:
    """The plan's next changes after an id, by id; empty at the end.

    Raises:
        PlanNotFoundError: there is none of this id.
    """
    plan_row(s, plan_id)
    ids = run(
        s,
        "SELECT id FROM changes WHERE plan_id = ? AND id > ? ORDER BY id LIMIT ?",
        (plan_id, after_id, limit),
    ).scalars()
    return change_shapes(s, list(ids))


# --- what is remembered as rejected --------------------------------------------------------------


def list_rejections(
    s: Session, scene_id: str | None, field: str | None, params: PaginationParams
) -> PaginatedResponse[dict[str, Any]]:
    """What is not proposed again, newest first.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = select(rejections.c.id)
    if scene_id is not None:
        query = query.where(rejections.c.scene_id.in_(row_ids([scene_id])))
    if field is not None:
        query = query.where(rejections.c.field == field)
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order("-id", (), rejections.c.id, descending=True)
    found = walk(s, query, order, params, {"scene_id": scene_id, "field": field})
    rows = run(
        s,
        "SELECT id, scene_id, field, action, value, created_at FROM rejections"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        (to_json(found.ids),),
    )
    items = [
        {
            "id": row[0],
            "scene_id": str(row[1]),
            "field": row[2],
            "action": row[3],
            "value": value_of(row[4]),
            "created_at": shown(row[5]),
        }
        for row in rows
    ]
    return found.page(items, total)


def delete_rejection(s: Session, rejection_id: int) -> None:
    """Forget a rejection: it may be proposed again.

    Raises:
        NotFoundError: there is none of this id.
    """
    if not run(s, "DELETE FROM rejections WHERE id = ?", (rejection_id,)).rowcount:
        raise NotFoundError("no rejection has this id")
