from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.library import Fingerprint, SceneFile
from stashhog.domain.sync import (
    KnownScene,
    Stamp,
    Watermark,
    advance_watermark,
    another_zone,
    changed_anywhere_since,
    changed_since,
    content_hash,
    files_print,
    limited,
    looks_emptied,
    looks_replaced,
    needs_reading,
    parse_time,
    sweep_due,
    unsettled,
)
from tests.domain.test_merge import make_scene


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-01T10:00:00Z", 10),
        ("2026-01-01T10:00:00-08:00", 18),
        ("2026-01-01T10:00:00+05:30", 4),
    ],
)
def test_an_instant_is_read_in_utc_whatever_its_zone(text: str, hour: int):
    assert parse_time(text).hour == hour


@pytest.mark.parametrize("text", ["2026-01-01T10:00:00", "yesterday", ""])
def test_what_is_no_instant_is_refused(text: str):
    with pytest.raises(ValueError, match=r".*"):
        parse_time(text)


LOS_ANGELES = Watermark("2026-01-01T10:00:00-08:00")


def test_the_question_to_stash_is_its_own_wall_clock_without_an_offset():
    assert changed_since(LOS_ANGELES) == "2026-01-01T08:59:50"


def test_the_question_includes_rows_of_the_same_second_as_text():
    mark = Watermark("2026-01-01T10:00:00-08:00")
    same_wall_clock = changed_since(mark) + "-08:00"
    assert same_wall_clock > changed_since(mark)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - zones follow
    st.integers(-12 * 60, 14 * 60),
    st.integers(-12 * 60, 14 * 60),
    st.integers(0, 10**6),
)
def test_the_wide_question_finds_every_later_edit_whatever_zone_stash_moved_to(
    written: datetime, before: int, after: int, seconds: int
):
    zones = [timezone(timedelta(minutes=minutes)) for minutes in (before, after)]
    mark = Watermark(written.replace(tzinfo=zones[0]).isoformat(timespec="seconds"))
    later = (mark.instant + timedelta(seconds=seconds)).astimezone(zones[1])
    assert later.isoformat(timespec="seconds") > changed_anywhere_since(mark)


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("America/New_York", "2026-11-01T05:50:00Z", "2026-11-01T06:01:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:50:00Z", "2026-04-04T15:01:00Z"),
    ],
)
def test_the_narrow_question_finds_an_edit_after_the_clock_was_put_back(
    zone: str, first: str, second: str
):
    texts = [
        parse_time(text).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
        for text in (first, second)
    ]
    assert texts[1] < texts[0], "the clock was put back between them"
    assert texts[1] > changed_since(Watermark(texts[0]))


def test_a_row_from_the_future_does_not_hide_what_comes_before_it():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mark = limited(Watermark("2038-01-19T03:14:07+05:30"), now)
    assert mark == Watermark("2026-01-01T05:30:00+05:30")
    assert limited(LOS_ANGELES, LOS_ANGELES.instant) == LOS_ANGELES
    assert limited(None, now) is None


def test_a_row_of_another_offset_shows_that_the_zone_changed():
    here, there = Stamp("1", "2026-01-01T10:00:00-08:00"), Stamp("2", "2026-01-01T10:00:00Z")
    assert not another_zone(LOS_ANGELES, [here, Stamp("3", "no time")])
    assert another_zone(LOS_ANGELES, [here, there])


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - zones follow


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(["Z", "-08:00", "+05:30"])), min_size=1))
def test_the_watermark_is_the_newest_instant_seen(rows: list[tuple[datetime, str]]):
    mark = None
    texts = [moment.isoformat(timespec="seconds") + zone for moment, zone in rows]
    for text in texts:
        mark = advance_watermark(mark, text)
    assert mark is not None
    assert mark.instant == max(map(parse_time, texts))


STAMP = Stamp("1", "2026-01-01T10:00:00Z")
EDITED = datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_an_unknown_scene_is_read():
    assert needs_reading(STAMP, None)


def test_a_scene_whose_time_moved_is_read():
    assert needs_reading(STAMP, KnownScene("2026-01-01T09:00:00Z", "x"))
    assert not needs_reading(STAMP, KnownScene(STAMP.updated_at_text, "x"))


def test_a_scene_whose_files_changed_is_read_where_they_were_looked_at():
    known = KnownScene(STAMP.updated_at_text, "x")
    assert needs_reading(replace(STAMP, files_print="y"), known)
    assert not needs_reading(replace(STAMP, files_print="x"), known)


@pytest.mark.parametrize(("seconds", "again"), [(-60, False), (0, True), (2, True), (9, False)])
def test_a_scene_read_in_the_second_of_its_edit_is_read_again(seconds: int, *, again: bool):
    scene = replace(make_scene(), updated_at=EDITED, updated_at_text=STAMP.updated_at_text)
    asked_at = EDITED + timedelta(seconds=seconds)
    assert bool(unsettled([scene], asked_at)) is again
    old = replace(scene, updated_at=EDITED - timedelta(days=1), files_text=STAMP.updated_at_text)
    assert bool(unsettled([old], asked_at)) is again


def test_all_scenes_are_compared_once_a_day():
    assert sweep_due(None, EDITED)
    assert sweep_due(EDITED - timedelta(hours=24), EDITED)
    assert not sweep_due(EDITED - timedelta(hours=23), EDITED)


def test_a_print_of_files_tells_a_move_a_hash_and_another_order():
    file = SceneFile("1", "/a.mp4", 5)
    said = {
        files_print([file], ["t"]),
        files_print([file], ["u"]),
        files_print([replace(file, path="/b.mp4")], ["t"]),
        files_print([replace(file, fingerprints=(Fingerprint("phash", "0"),))], ["t"]),
        files_print([file, replace(file, id="2")], ["t", "t"]),
        files_print([replace(file, id="2"), file], ["t", "t"]),
        files_print([], []),
    }
    assert len(said) == 7


def test_times_do_not_count_as_content_but_everything_else_does():
    scene = make_scene(title="a", tag_ids=("1", "2"))
    later = replace(scene, updated_at=scene.updated_at + timedelta(days=1), updated_at_text="x")
    assert content_hash(later) == content_hash(scene)
    assert content_hash(replace(scene, tag_ids=("2", "1"))) == content_hash(scene)
    assert content_hash(replace(scene, title="b")) != content_hash(scene)
    assert content_hash(replace(scene, tag_ids=("1",))) != content_hash(scene)


def test_content_with_a_lone_surrogate_has_a_hash():
    assert len(content_hash(make_scene(title="a\ud800b"))) == 32


def test_another_library_is_told_by_ids_that_name_other_scenes():
    known = {str(i): f"2020-01-0{i}" for i in range(1, 6)}
    other = {str(i): f"2021-01-0{i}" for i in range(1, 6)}
    assert looks_replaced(known, other)
    assert not looks_replaced(known, known)


def test_a_few_deleted_scenes_prove_nothing():
    known = {"1": "a", "2": "b", "3": "c"}
    assert not looks_replaced(known, {"1": "x", "2": "y"})


@pytest.mark.parametrize(("gone", "held"), [(26, 50), (60_000, 100_000)])
def test_more_than_half_gone_is_no_cleaning_up(gone: int, held: int):
    assert looks_emptied(gone, held)
    assert not looks_emptied(gone // 2, held)
    assert not looks_emptied(10, 10)
