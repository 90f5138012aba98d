"""The schedules of syncs and analyses, as JSON by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import from_json, run, to_json


def load_schedules(s: Session) -> dict[str, dict[str, Any]]:
    """All schedules that were ever set, by name."""
    rows = run(s, "SELECT name, value FROM schedules ORDER BY name")
    return {name: from_json(value) for name, value in rows}


def save_schedule(s: Session, name: str, schedule: Mapping[str, Any]) -> None:
    """Keep one schedule."""
    run(
        s,
        "INSERT INTO schedules (name, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, to_json(schedule)),
    )
