"""When a sync or an analysis runs by itself: cron expressions, intervals, and clocks that jump.

Rules:
- An instant is UTC; a cron expression means wall-clock time in the schedule's own zone. As in
  Debian's cron, what names its minutes and hours runs once for each wall-clock time: one that
  daylight saving leaves out comes right after the gap, one that comes twice runs the first time.
  What runs `*` or `*/n` follows the hands of the clock through both.
- A run that was missed (the service was down, the machine slept) is made up for once.
- A clock that is set back neither repeats runs nor keeps one waiting for the time it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from stashhog.core.exceptions import ConflictError, ValidationError

ScheduleName = Literal["sync.incremental", "sync.full", "analysis"]
SCHEDULE_NAMES: tuple[ScheduleName, ...] = ("sync.incremental", "sync.full", "analysis")

Outcome = Literal["started", "skipped", "nothing_to_do", "stash_not_configured", "refused"]
"""What became of a run: `skipped` found the one before it at work."""

LONGEST_S = 366 * 86_400
STEP_BACK = timedelta(minutes=5)
"""A clock that was set back by less is waited for; beyond that the schedule follows it."""
CRON_FIELDS = 5
CRON_CHARACTERS = 200
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class ScheduleMovedError(ConflictError):
    """The run that was to be made is not due any more: it was changed, turned off, or is made."""

    code = "schedule_moved"


class NothingToDoError(ConflictError):
    """A scheduled analysis found no scene to look at; no plan was made."""

    code = "nothing_to_do"


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """One run of a schedule: which, and for when it was due."""

    name: ScheduleName
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something runs by itself, and what became of it so far.

    Exactly one of `cron` and `every_s` is set on one that is enabled. `filter` and `options` are an
    analysis's. `skipped` counts runs that found the one before them at work.
    """

    enabled: bool = False
    cron: str | None = None
    every_s: int | None = None
    timezone: str = "UTC"
    filter: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    next_run_at: datetime | None = None
    last_job_id: str | None = None
    last_run_at: datetime | None = None
    last_outcome: Outcome | None = None
    skipped: int = 0

    def due(self, now: datetime) -> bool:
        """Whether it is time to run."""
        return self.enabled and self.next_run_at is not None and self.next_run_at <= now


DEFAULTS: Mapping[ScheduleName, Schedule] = {
    "sync.incremental": Schedule(every_s=900),
    "sync.full": Schedule(cron="0 4 * * 0"),
    "analysis": Schedule(cron="30 4 * * *", filter={"analyzed": False}, options={}),
}
UNATTENDED: Mapping[str, Any] = {"use_llm": "never"}
"""Options of a scheduled analysis that were not set: nothing costs money while nobody looks."""
TIMING = ("enabled", "cron", "every_s", "timezone")
_ANALYSIS_ONLY = ("filter", "options")


# --- when ---------------------------------------------------------------------------------------


def next_run(schedule: Schedule, after: datetime) -> datetime:
    """When a schedule runs next, strictly after an instant.

    Raises:
        ValidationError: `bad_cron`, `bad_timezone`, `bad_interval`, `no_timing`.
    """
    if schedule.cron is not None and schedule.every_s is not None:
        raise ValidationError("give cron or every_s, not both", code="bad_timing")
    if schedule.every_s is not None:
        if not 1 <= schedule.every_s <= LONGEST_S:
            text = f"every_s must be from 1 to {LONGEST_S} seconds"
            raise ValidationError(text, code="bad_interval")
        return after + timedelta(seconds=schedule.every_s)
    if schedule.cron is None:
        raise ValidationError("say when: give cron or every_s", code="no_timing")
    zone = _zone(schedule.timezone)
    if len(schedule.cron) > CRON_CHARACTERS or len(schedule.cron.split()) != CRON_FIELDS:
        raise _bad_cron("five fields: minute, hour, day of month, month, day of week")
    try:
        if _names_its_times(schedule.cron):
            return _next_wall_time(schedule.cron, zone, after)
        return _next_by_the_hands(schedule.cron, zone, after)
    except CronSimError as error:
        raise _bad_cron(str(error)) from None
    except (StopIteration, OverflowError):
        raise _bad_cron("this never comes") from None


def _bad_cron(text: str) -> ValidationError:
    return ValidationError(f"the cron expression cannot be used: {text}", code="bad_cron")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError(
            "no such time zone; name one like Europe/Berlin or UTC", code="bad_timezone"
        ) from None


def _names_its_times(cron: str) -> bool:
    minutes, hours, *_ = cron.split()
    return not minutes.startswith("*") and not hours.startswith("*")


def _next_wall_time(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Each wall-clock time once: the first of two, and after the gap where there is none."""
    for wall in CronSim(cron, after.astimezone(zone).replace(tzinfo=None)):
        at = _instant(wall, zone)
        if at > after:
            return at
    raise StopIteration


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    while True:
        at = wall.replace(tzinfo=zone).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == wall:
            return at
        wall += timedelta(minutes=1)


def _next_by_the_hands(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant whose wall-clock time fits, stretch by stretch of one UTC offset."""
    at = after.astimezone(UTC)
    offset = _offset(zone, at)
    wall = (at + offset).replace(tzinfo=None)
    while True:
        found = next(CronSim(cron, wall)).replace(tzinfo=UTC) - offset
        turn = _first_turn(zone, at, found)
        if turn is None:
            return found
        at, offset = turn, _offset(zone, turn)
        wall = (turn + offset - _SECOND).replace(tzinfo=None)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _first_turn(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The first instant in (start, end] at which the zone's offset is another one."""
    offset = _offset(zone, start)
    low = high = start.replace(microsecond=0)
    while _offset(zone, high) == offset:
        if high >= end:
            return None
        low, high = high, min(high + _DAY, end)
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high


# --- what becomes of a schedule -----------------------------------------------------------------


def changed(
    name: ScheduleName, schedule: Schedule, given: Mapping[str, Any], now: datetime
) -> Schedule:
    """A schedule after a person changed some of it.

    Giving one of `cron` and `every_s` takes the other away. A run that is due stays due where
    nothing of its timing changed.

    Raises:
        ValidationError: as `next_run`; the timing is checked while it is off, too.
    """
    wanted = dict(given)
    if wanted.get("cron") is not None:
        wanted.setdefault("every_s", None)
    elif wanted.get("every_s") is not None:
        wanted.setdefault("cron", None)
    if name != "analysis" and any(wanted.pop(key, None) is not None for key in _ANALYSIS_ONLY):
        raise ValidationError("filter and options are an analysis's", code="bad_schedule")
    after = replace(schedule, **wanted)
    _zone(after.timezone)
    if after.enabled or after.cron is not None or after.every_s is not None:
        soonest = next_run(after, now)
    else:
        soonest = None
    if not after.enabled:
        return replace(after, next_run_at=None)
    same = all(getattr(after, key) == getattr(schedule, key) for key in TIMING)
    return after if same and after.next_run_at is not None else replace(after, next_run_at=soonest)


def in_step(schedule: Schedule, now: datetime) -> Schedule:
    """A schedule as the present clock has it: one that was set back far is followed."""
    if not schedule.enabled or schedule.next_run_at is None:
        return schedule
    if schedule.next_run_at <= next_run(schedule, now + STEP_BACK):
        return schedule
    return replace(schedule, next_run_at=next_run(schedule, now))


def after_run(
    schedule: Schedule, run: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
) -> Schedule:
    """A schedule after one of its runs, with the next one on its way.

    An interval keeps its beat; whatever was missed of it is left out.

    Raises:
        ScheduleMovedError: this run is not the one that is due.
    """
    if not schedule.enabled or schedule.next_run_at != run.due_at:
        raise ScheduleMovedError("this run is not due any more")
    if schedule.every_s is not None:
        beat = timedelta(seconds=schedule.every_s)
        soonest = run.due_at + beat * ((now - run.due_at) // beat + 1)
    else:
        soonest = next_run(schedule, max(now, run.due_at))
    return replace(
        schedule,
        next_run_at=soonest,
        last_run_at=now,
        last_outcome=outcome,
        last_job_id=schedule.last_job_id if job_id is None else job_id,
        skipped=schedule.skipped + (outcome == "skipped"),
    )


# --- how it is kept -----------------------------------------------------------------------------

_INSTANTS = ("next_run_at", "last_run_at")


def as_kept(schedule: Schedule) -> dict[str, Any]:
    """A schedule as JSON-ready values."""
    kept = {one.name: getattr(schedule, one.name) for one in fields(schedule)}
    return {
        name: value.isoformat() if name in _INSTANTS and value is not None else value
        for name, value in kept.items()
    }


def from_kept(name: ScheduleName, kept: Mapping[str, Any] | None) -> Schedule:
    """A schedule read back; what was never set is as on a new installation."""
    known = {one.name for one in fields(Schedule)}
    values = {key: value for key, value in (kept or {}).items() if key in known}
    for key in _INSTANTS:
        if values.get(key) is not None:
            values[key] = datetime.fromisoformat(values[key])
    return replace(DEFAULTS[name], **values)
