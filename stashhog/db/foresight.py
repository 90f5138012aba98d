"""What accepting some changes would meet, as far as our own copy knows; nothing is moved.

Rules:
- It says what an apply would probably find; the apply itself reads each scene again.
- Contradictions are with what a person decided: the same change rejected, another value accepted
  for the same field, or an entity that was rejected for more scenes than it was accepted for.
"""

from __future__ import annotations

from sqlalchemy import Select
from sqlalchemy.orm import Session

from stashhog.db.values import run, to_json
from stashhog.domain.plans import ENTITY_FIELDS, ChangeStatus

MEETINGS = ("gone", "changed", "rivals", "rejected", "rejected_elsewhere")
"""Of those asked about: what is about scenes that are gone from Stash; whose scalar is another one
by now, and not the proposed one; whose field has another value accepted or written; what was
rejected for this very scene; whose performer, tag or studio was mostly rejected for others."""
_TAKEN = to_json(
    [ChangeStatus.ACCEPTED.value, ChangeStatus.APPLYING.value, ChangeStatus.APPLIED.value]
)
_LIVING = " JOIN plans AS p ON p.id = o.plan_id AND p.deleted_at IS NULL"


def meetings(s: Session, chosen: Select[tuple[int]]) -> dict[str, list[int]]:
    """Which of the chosen changes would meet what, by the names of `MEETINGS`."""
    ids = to_json(list(s.execute(chosen).scalars()))
    found: dict[str, list[int]] = {name: [] for name in MEETINGS}
    values = {
        "ids": ids,
        "taken": _TAKEN,
        "entities": to_json(list(ENTITY_FIELDS)),
        "rejected": ChangeStatus.REJECTED.value,
    }
    for number, *marks in run(s, _LOOKED_AT, values):
        for name, met in zip(MEETINGS, marks, strict=True):
            if met:
                found[name].append(number)
    return found


# A title and so on as one text: white space at its ends is nothing to Stash.
_TEXT = """
    trim(coalesce(CASE c.field WHEN 'title' THEN t.title WHEN 'date' THEN t.date
     WHEN 'details' THEN t.details ELSE CAST(t.studio_id AS TEXT) END, ''))"""
_SAID = "trim(coalesce(json_extract({column}, iif(c.field = 'studio', '$.id', '$')), ''))"
# The plans are named for the sake of the index of changes by plan and status.
_LOOKED_AT = f"""
    WITH refused AS (
     SELECT field, action, value_key, count(*) AS many FROM rejections
     WHERE field IN (SELECT value FROM json_each(:entities)) GROUP BY 1, 2, 3
    ), mostly AS (
     SELECT r.field, r.action, r.value_key FROM refused AS r LEFT JOIN (
      SELECT o.field, o.action, o.value_key, count(*) AS many FROM changes AS o
      WHERE o.plan_id IN (SELECT id FROM plans)
       AND o.status IN (SELECT value FROM json_each(:taken))
       AND (o.field, o.action, o.value_key) IN (SELECT field, action, value_key FROM refused)
      GROUP BY 1, 2, 3
     ) AS a USING (field, action, value_key) WHERE r.many > coalesce(a.many, 0)
    )
    SELECT c.id,
     t.id IS NULL OR t.deleted_at IS NOT NULL,
     c.action = 'set' AND t.id IS NOT NULL AND t.deleted_at IS NULL
      AND {_TEXT} NOT IN ({_SAID.format(column="c.current")}, {_SAID.format(column="c.proposed")}),
     c.action = 'set' AND EXISTS (
      SELECT 1 FROM changes AS o{_LIVING} WHERE o.scene_id = c.scene_id AND o.field = c.field
       AND o.action = 'set' AND o.value_key <> c.value_key
       AND o.status IN (SELECT value FROM json_each(:taken))),
     c.status <> :rejected AND EXISTS (
      SELECT 1 FROM rejections AS r WHERE r.scene_id = c.scene_id AND r.field = c.field
       AND r.action = c.action AND r.value_key = c.value_key),
     (c.field, c.action, c.value_key) IN (SELECT field, action, value_key FROM mostly)
    FROM changes AS c LEFT JOIN scenes AS t ON t.id = c.scene_id
    WHERE c.id IN (SELECT value FROM json_each(:ids)) ORDER BY c.id"""  # noqa: S608 - constants
