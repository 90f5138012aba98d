"""Changes read from their rows: in the API's shape, and as an apply or undo takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import from_json, run, to_json, value_of
from stashhog.domain.plans import Change, ChangeStatus

CONFIDENCE_DIGITS = 3
"""What is shown is what is stored, so that bounds on it mean what they say."""


def change_shapes(s: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Changes in the API's shape, in the order of the ids."""
    rows = run(
        s,
        "SELECT c.id, c.plan_id, c.scene_id, t.title, c.field, c.action, c.current, c.proposed,"
        " c.observed, c.confidence, c.source, c.reason, c.evidence, c.creates_entity, c.edited,"
        " c.status, c.outcome, c.error_code, c.error_detail"
        " FROM changes AS c LEFT JOIN scenes AS t ON t.id = c.scene_id"
        " WHERE c.id IN (SELECT value FROM json_each(?))",
        (to_json(ids),),
    )
    shapes = {row[0]: _shape(row) for row in rows}
    return [shapes[one] for one in ids if one in shapes]


def _shape(row: Any) -> dict[str, Any]:
    return {
        "id": row[0],
        "plan_id": row[1],
        "scene_id": str(row[2]),
        "scene_title": row[3],
        "field": row[4],
        "action": row[5],
        "current": value_of(row[6]),
        "proposed": value_of(row[7]),
        "observed": value_of(row[8]),
        "confidence": row[9],
        "source": row[10],
        "reason": row[11],
        "evidence": from_json(row[12]),
        "creates_entity": bool(row[13]),
        "edited": bool(row[14]),
        "status": row[15],
        "outcome": row[16],
        "error": None if row[17] is None else {"code": row[17], "detail": row[18] or ""},
    }


def change_values(s: Session, ids: Sequence[int]) -> dict[int, Change]:
    """Changes as an apply or undo takes them, by id."""
    rows = run(
        s,
        "SELECT id, plan_id, scene_id, field, action, current, proposed, status, written, outcome"
        " FROM changes WHERE id IN (SELECT value FROM json_each(?))",
        (to_json(ids),),
    )
    return {
        row[0]: Change(
            id=row[0],
            plan_id=row[1],
            scene_id=str(row[2]),
            field=row[3],
            action=row[4],
            current=value_of(row[5]),
            proposed=value_of(row[6]),
            status=ChangeStatus(row[7]),
            written=value_of(row[8]),
            outcome=row[9],
        )
        for row in rows
    }
