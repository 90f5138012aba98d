"""How complete the library is: how many live scenes lack what, now and day by day.

One pass over the index of facets; no row of a scene is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import run

KEPT_DAYS = 730
_COUNTS: Mapping[str, str] = {
    "scenes": "COUNT(*)",
    "organized": "SUM(organized)",
    "analyzed": "SUM(analyzed)",
    "studio": "SUM(studio_id IS NULL)",
    "performers": "SUM(performer_count = 0)",
    "tags": "SUM(tag_count = 0)",
    "title": "SUM(has_title = 0)",
    "date": "SUM(has_date = 0)",
    "details": "SUM(has_details = 0)",
}
_NAMES = tuple(_COUNTS)
_WHOLE = 3
"""So many of the counts are of all scenes; the rest are of scenes that lack a field."""
_SELECT = ", ".join(f"COALESCE({sql}, 0)" for sql in _COUNTS.values())
_COUNT = f"SELECT {_SELECT} FROM scenes WHERE deleted_at IS NULL"  # noqa: S608 - constants
_COLUMNS = ", ".join(_NAMES)
_KEEP = (
    f"INSERT OR REPLACE INTO coverage_days (day, {_COLUMNS})"  # noqa: S608 - constants
    f" SELECT ?, {_SELECT} FROM scenes WHERE deleted_at IS NULL"
)
_DAYS = f"SELECT day, {_COLUMNS} FROM coverage_days ORDER BY day"  # noqa: S608 - constants


def library_coverage(s: Session) -> dict[str, Any]:
    """Count now, and give what was kept of earlier days, oldest first."""
    (now,) = run(s, _COUNT)
    return {
        "now": _shape(now),
        "days": [{"day": day, **_shape(counts)} for day, *counts in run(s, _DAYS)],
    }


def keep_coverage(s: Session, now: datetime, *, changed: bool = True) -> None:
    """Keep today's counts (days are UTC's); the last of a day stands.

    Where nothing `changed` and today has its counts already, nothing is counted again.
    """
    today = now.astimezone(UTC).date().isoformat()
    if not changed and run(s, "SELECT 1 FROM coverage_days WHERE day = ?", (today,)).first():
        return
    run(s, _KEEP, (today,))
    run(
        s,
        "DELETE FROM coverage_days WHERE day NOT IN"
        " (SELECT day FROM coverage_days ORDER BY day DESC LIMIT ?)",
        (KEPT_DAYS,),
    )


def _shape(counts: Any) -> dict[str, Any]:
    values = dict(zip(_NAMES, counts, strict=True))
    whole = {name: values.pop(name) for name in _NAMES[:_WHOLE]}
    return {**whole, "missing": values}
