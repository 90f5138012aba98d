from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings, strategies as st

from stashhog.core.exceptions import ValidationError
from stashhog.domain.schedules import (
    DEFAULTS,
    SCHEDULE_NAMES,
    STEP_BACK,
    Schedule,
    ScheduledRun,
    ScheduleMovedError,
    after_run,
    as_kept,
    changed,
    from_kept,
    in_step,
    next_run,
)

MINUTE = timedelta(minutes=1)
START = datetime(2025, 1, 1, tzinfo=UTC)
TURNS = {
    "UTC": "2026-03-29T01:00",
    "Asia/Kolkata": "2026-03-29T01:00",
    "Asia/Kathmandu": "2026-10-25T01:00",
    "Europe/Berlin": "2026-03-29T01:00",
    "America/New_York": "2026-11-01T06:00",
    "America/St_Johns": "2026-03-08T05:30",
    "Australia/Lord_Howe": "2026-04-04T15:00",
    "Africa/Casablanca": "2026-02-15T02:00",
    "Pacific/Apia": "2011-12-30T10:00",
}
"""Zones, and an instant (UTC) at which most of them put their clocks forward or back."""


def every(seconds: int, at: datetime) -> Schedule:
    return Schedule(enabled=True, every_s=seconds, next_run_at=at)


def cron(text: str, zone: str = "UTC", at: datetime | None = None) -> Schedule:
    return Schedule(enabled=True, cron=text, timezone=zone, next_run_at=at)


# --- when ---------------------------------------------------------------------------------------


def part(most: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field of a cron expression, and the numbers that it means."""
    number = st.integers(0, most)
    return st.one_of(
        st.just(("*", frozenset(range(most + 1)))),
        st.sampled_from([2, 7, 15, 20]).map(lambda n: (f"*/{n}", frozenset(range(0, most + 1, n)))),
        number.map(lambda n: (str(n), frozenset([n]))),
        st.sets(number, min_size=2, max_size=4).map(
            lambda ns: (",".join(map(str, sorted(ns))), frozenset(ns))
        ),
        st.tuples(number, number).map(
            lambda two: (f"{min(two)}-{max(two)}", frozenset(range(min(two), max(two) + 1)))
        ),
    )


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def by_looking_at_each_minute(
    minutes: frozenset[int], hours: frozenset[int], zone: ZoneInfo, after: datetime, *, once: bool
) -> datetime:
    """The oracle: walk through real time minute by minute.

    `once`: wall-clock times that were left out count for the minute after the gap, and those that
    come a second time do not count.
    """
    at = after.replace(second=0, microsecond=0)
    while True:
        before, at = wall(at, zone), at + MINUTE
        now = wall(at, zone)
        times = [now]
        if once and at.astimezone(zone).fold:
            times = []
        elif once and now > before + MINUTE:
            gap = round((now - before) / MINUTE)
            times += [before + n * MINUTE for n in range(1, gap)]
        if any(one.minute in minutes and one.hour in hours for one in times):
            return at


@settings(max_examples=150)
@given(
    minute=part(59),
    hour=part(23),
    zone=st.sampled_from(sorted(TURNS)),
    offset=st.integers(-26 * 3600, 8 * 3600),
)
def test_the_next_run_is_where_the_clock_on_the_wall_says(
    minute: tuple[str, frozenset[int]], hour: tuple[str, frozenset[int]], zone: str, offset: int
):
    turn = datetime.fromisoformat(TURNS[zone]).replace(tzinfo=UTC)
    after = turn + timedelta(seconds=offset)
    once = not minute[0].startswith("*") and not hour[0].startswith("*")
    found = next_run(cron(f"{minute[0]} {hour[0]} * * *", zone), after)
    wanted = by_looking_at_each_minute(minute[1], hour[1], ZoneInfo(zone), after, once=once)
    assert found == wanted


@settings(max_examples=100)
@given(
    text=st.sampled_from(
        ["0 4 * * 0", "*/7 * * * *", "59 23 31 12 *", "15 2 * * MON-FRI", "0 0 29 2 *", "1 0 L * *"]
    ),
    zone=st.sampled_from(sorted(TURNS)),
    moments=st.tuples(
        *[st.timedeltas(timedelta(0), timedelta(days=1500)).map(lambda t: START + t)] * 2
    ),
)
def test_the_next_run_lies_ahead_and_a_later_look_never_gives_an_earlier_one(
    text: str, zone: str, moments: tuple[datetime, datetime]
):
    earlier, later = sorted(moments)
    first, second = (next_run(cron(text, zone), at) for at in (earlier, later))
    assert first > earlier
    assert first <= second
    assert first == second or first <= later


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        (cron("* * * *"), "bad_cron"),
        (cron("* * * * * *"), "bad_cron"),
        (cron("61 * * * *"), "bad_cron"),
        (cron("0 0 30 2 *"), "bad_cron"),
        (cron("0 0 31 2 *"), "bad_cron"),
        (cron("@daily"), "bad_cron"),
        (cron(""), "bad_cron"),
        (cron("0 " * 200), "bad_cron"),
        (cron("0 4 * * *", "Mars/Base"), "bad_timezone"),
        (cron("0 4 * * *", "../../etc/passwd"), "bad_timezone"),
        (cron("0 4 * * *", ""), "bad_timezone"),
        (cron("0 4 * * *", "a\0b"), "bad_timezone"),
        (Schedule(every_s=0), "bad_interval"),
        (Schedule(every_s=-5), "bad_interval"),
        (Schedule(every_s=10**12), "bad_interval"),
        (Schedule(), "no_timing"),
        (Schedule(cron="0 4 * * *", every_s=60), "bad_timing"),
    ],
)
def test_what_never_comes_is_refused(schedule: Schedule, code: str):
    with pytest.raises(ValidationError) as refused:
        next_run(schedule, datetime(2026, 1, 1, tzinfo=UTC))
    assert refused.value.public_code == code


# --- runs, missed runs and clocks that jump -----------------------------------------------------

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SCHEDULES = st.one_of(
    st.integers(1, 100_000).map(lambda seconds: every(seconds, NOW)),
    st.tuples(
        st.sampled_from(["*/5 * * * *", "0 4 * * *", "30 2 * * 0", "0 0 1 1 *"]),
        st.sampled_from(sorted(TURNS)),
    ).map(lambda two: cron(*two, at=NOW)),
)


def run_of(schedule: Schedule) -> ScheduledRun:
    assert schedule.next_run_at is not None
    return ScheduledRun("sync.incremental", schedule.next_run_at)


@given(schedule=SCHEDULES, late=st.timedeltas(timedelta(0), timedelta(days=800)))
def test_what_was_missed_is_made_up_for_once(schedule: Schedule, late: timedelta):
    now = NOW + late
    assert schedule.due(now)
    after = after_run(schedule, run_of(schedule), "started", "job", now)
    assert not after.due(now)
    assert (after.last_job_id, after.last_run_at) == ("job", now)
    assert after.next_run_at is not None
    if schedule.every_s is not None:
        beat = timedelta(seconds=schedule.every_s)
        assert (after.next_run_at - NOW) % beat == timedelta(0)
        assert after.next_run_at - now <= beat
    else:
        assert after.next_run_at == next_run(schedule, now)


@given(schedule=SCHEDULES, jump=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_a_clock_that_jumps_ahead_and_back_neither_repeats_nor_waits(
    schedule: Schedule, jump: timedelta
):
    ahead = after_run(schedule, run_of(schedule), "started", "job", NOW + jump)
    back = in_step(ahead, NOW)
    assert not back.due(NOW)
    assert back.next_run_at is not None
    assert back.next_run_at <= next_run(schedule, NOW + STEP_BACK)
    assert in_step(back, NOW) == back


@given(seconds=st.integers(1, 299), schedule=SCHEDULES)
def test_a_small_step_back_does_not_run_again_what_has_just_run(seconds: int, schedule: Schedule):
    ran = after_run(schedule, run_of(schedule), "started", "job", NOW)
    assert in_step(ran, NOW - timedelta(seconds=seconds)) == ran


@given(
    moves=st.lists(st.integers(-5000, 5000), min_size=1, max_size=60), seconds=st.integers(30, 3000)
)
def test_under_any_clock_runs_are_never_more_than_the_time_that_passed(
    moves: list[int], seconds: int
):
    schedule, now, runs, forward = every(seconds, NOW), NOW, 0, timedelta(0)
    for move in moves:
        step = timedelta(seconds=move)
        now, forward = now + step, forward + max(step, timedelta(0))
        schedule = in_step(schedule, now)
        if schedule.due(now):
            schedule = after_run(schedule, run_of(schedule), "started", "job", now)
            runs += 1
        assert not schedule.due(now)
    assert runs <= forward / timedelta(seconds=seconds) + 1


def test_a_run_that_is_not_due_any_more_is_refused():
    schedule = every(60, NOW)
    run = run_of(schedule)
    once = after_run(schedule, run, "started", "job", NOW)
    for other in (once, replace(schedule, enabled=False), replace(schedule, next_run_at=None)):
        with pytest.raises(ScheduleMovedError):
            after_run(other, run, "started", "job", NOW)


def test_skipped_runs_are_counted_and_keep_the_job_that_was_found():
    schedule = every(60, NOW)
    for number in range(1, 4):
        schedule = after_run(schedule, run_of(schedule), "skipped", "at-work", schedule.next_run_at)
        assert (schedule.skipped, schedule.last_job_id) == (number, "at-work")
    after = after_run(schedule, run_of(schedule), "nothing_to_do", None, schedule.next_run_at)
    assert (after.skipped, after.last_job_id, after.last_outcome) == (3, "at-work", "nothing_to_do")


# --- changing -----------------------------------------------------------------------------------


def test_all_are_off_at_first():
    assert not any(from_kept(name, None).enabled for name in SCHEDULE_NAMES)
    assert DEFAULTS["analysis"].filter == {"analyzed": False}


def test_turning_on_sets_the_next_run_and_turning_off_takes_it_away():
    on = changed("sync.full", DEFAULTS["sync.full"], {"enabled": True}, NOW)
    assert on.next_run_at == datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
    off = changed("sync.full", on, {"enabled": False}, NOW)
    assert (off.next_run_at, off.cron) == (None, on.cron)


def test_one_way_to_say_when_takes_the_other_away():
    schedule = changed("sync.full", DEFAULTS["sync.full"], {"every_s": 60}, NOW)
    assert (schedule.cron, schedule.every_s) == (None, 60)
    schedule = changed("sync.full", schedule, {"cron": "0 4 * * *"}, NOW)
    assert (schedule.cron, schedule.every_s) == ("0 4 * * *", None)


def test_a_change_of_something_else_leaves_a_due_run_due():
    due = every(60, NOW - timedelta(hours=1))
    assert changed("analysis", due, {"filter": {"all": True}}, NOW).next_run_at == due.next_run_at
    same = {"enabled": True, "every_s": 60, "timezone": "UTC"}
    assert changed("analysis", due, same, NOW).due(NOW)
    assert not changed("analysis", due, {"every_s": 61}, NOW).due(NOW)


@pytest.mark.parametrize(
    ("given_values", "code"),
    [
        ({"cron": "nonsense"}, "bad_cron"),
        ({"timezone": "Nowhere"}, "bad_timezone"),
        ({"cron": "0 4 * * *", "every_s": 60}, "bad_timing"),
        ({"enabled": True, "cron": None, "every_s": None}, "no_timing"),
        ({"filter": {"all": True}}, "bad_schedule"),
    ],
)
def test_a_change_that_cannot_be_used_is_refused_also_while_it_is_off(
    given_values: dict[str, Any], code: str
):
    with pytest.raises(ValidationError) as refused:
        changed("sync.full", DEFAULTS["sync.full"], given_values, NOW)
    assert refused.value.public_code == code


@given(schedule=SCHEDULES, skipped=st.integers(0, 9))
def test_what_is_kept_is_read_back(schedule: Schedule, skipped: int):
    whole = replace(schedule, skipped=skipped, last_run_at=NOW, last_outcome="skipped")
    assume(whole.next_run_at is not None)
    assert from_kept("sync.full", as_kept(whole)) == whole
