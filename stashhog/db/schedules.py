"""The schedules of syncs and analyses, as JSON by name; what becomes of one is decided in `domain`.

Each change reads the row that it changes in the same transaction, so that a person's change and a
run of the schedule never undo each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import from_json, run, to_json
from stashhog.domain.schedules import (
    SCHEDULE_NAMES,
    Outcome,
    Schedule,
    ScheduledRun,
    ScheduleName,
    after_run,
    as_kept,
    changed,
    from_kept,
    in_step,
)


def load_schedules(s: Session) -> dict[ScheduleName, Schedule]:
    """All schedules, those that were never set too."""
    kept = {row[0]: row[1] for row in run(s, "SELECT name, value FROM schedules")}
    return {
        name: from_kept(name, from_json(kept[name]) if name in kept else None)
        for name in SCHEDULE_NAMES
    }


def change_schedules(
    s: Session, wanted: Mapping[ScheduleName, Mapping[str, Any]], now: datetime
) -> dict[ScheduleName, Schedule]:
    """Change some schedules, all of it or nothing; returns all of them.

    Raises:
        ValidationError: as `domain.schedules.changed`.
    """
    schedules = load_schedules(s)
    for name, given in wanted.items():
        schedules[name] = changed(name, schedules[name], given, now)
        _keep(s, name, schedules[name])
    return schedules


def follow_clock(s: Session, now: datetime) -> dict[ScheduleName, Schedule]:
    """Bring the schedules in step with a clock that was set back; returns all of them."""
    schedules = load_schedules(s)
    for name, schedule in schedules.items():
        schedules[name] = in_step(schedule, now)
        if schedules[name] != schedule:
            _keep(s, name, schedules[name])
    return schedules


def end_run(
    s: Session, due: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
) -> Schedule:
    """Note what became of a run, and when the next one is due.

    Raises:
        ScheduleMovedError: this run is not the one that is due.
    """
    schedule = after_run(load_schedules(s)[due.name], due, outcome, job_id, now)
    _keep(s, due.name, schedule)
    return schedule


def _keep(s: Session, name: ScheduleName, schedule: Schedule) -> None:
    run(
        s,
        "INSERT INTO schedules (name, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, to_json(as_kept(schedule))),
    )
