"""All changes of a plan in few bytes: what a review page holds of each, evidence left for later.

Rules:
- Rows instead of objects, written as JSON by the database itself: ten thousand rows become no
  objects here, hold nobody up and give the garbage collector nothing to look through.
- A scene is sent once, however many changes it has.
- Whoever holds an index asks for what came or moved since: new ids, and rows that changed after a
  moment. That moment lies a little back, for a transaction takes its time before it commits.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from stashhog.db.plan_rows import plan_row
from stashhog.db.values import moment_text, run, to_json

SCENE_COLUMNS = ("id", "title", "path")
CHANGE_COLUMNS = (
    "id",
    "scene_id",
    "field",
    "action",
    "current",
    "proposed",
    "observed",
    "confidence",
    "source",
    "status",
    "creates_entity",
    "edited",
    "start",
    "end",
)
OVERLAP = timedelta(seconds=10)


def change_index(
    s: Session, plan_id: int, *, after_id: int | None, since: datetime | None, now: datetime
) -> bytes:
    """The plan's changes by scene and field as a JSON document.

    Its `since` goes into the next question.

    Args:
        s: A Session that reads.
        plan_id: The plan.
        after_id: Only changes of a higher id, and those that `since` brings; None asks nothing.
        since: Only changes that moved at or after this moment, and those that `after_id` brings.
        now: The present time.

    Raises:
        PlanNotFoundError: there is no such plan.
    """
    plan_row(s, plan_id)
    later = (
        ""
        if after_id is None and since is None
        else " AND (c.id > :after OR c.changed_at >= :since)"
    )
    # An id or moment that is not given lets nothing through beside the other one.
    values = {
        "plan": plan_id,
        "after": 2**62 if after_id is None else after_id,
        "since": "~" if since is None else moment_text(since),
    }
    scenes = run(s, _SCENES + later + ") ORDER BY t.id", values).scalars().all()
    changes = run(s, _CHANGES + later + _ORDER, values).scalars().all()
    head = {
        "since": moment_text(now - OVERLAP),
        "scene_columns": SCENE_COLUMNS,
        "change_columns": CHANGE_COLUMNS,
        "scenes": None,
    }
    opening = to_json(head).removesuffix("null}")
    return "".join(
        (opening, "[", ",".join(scenes), '],"changes":[', ",".join(changes), "]}")
    ).encode()


# The span is that of the path, which is what a review page marks it in.
_CHANGES = """
    SELECT json_array(
     c.id, CAST(c.scene_id AS TEXT), c.field, c.action,
     json(c.current), json(c.proposed), json(c.observed),
     c.confidence, c.source, c.status,
     json(iif(c.creates_entity, 'true', 'false')), json(iif(c.edited, 'true', 'false')),
     CASE WHEN json_extract(c.evidence, '$.text') = t.path
      THEN json_extract(c.evidence, '$.start') END,
     CASE WHEN json_extract(c.evidence, '$.text') = t.path
      THEN json_extract(c.evidence, '$.end') END)
    FROM changes AS c LEFT JOIN scenes AS t ON t.id = c.scene_id
    WHERE c.plan_id = :plan"""
_ORDER = " ORDER BY c.scene_id, c.field, c.id"
_SCENES = """
    SELECT json_array(CAST(t.id AS TEXT), t.title, t.path) FROM scenes AS t WHERE t.id IN (
     SELECT c.scene_id FROM changes AS c WHERE c.plan_id = :plan"""
