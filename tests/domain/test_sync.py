from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.sync import (
    KnownScene,
    Stamp,
    advance_watermark,
    changed_since,
    content_hash,
    looks_replaced,
    needs_reading,
    parse_time,
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


def test_the_question_to_stash_is_its_own_wall_clock_without_an_offset():
    mark = advance_watermark(None, "2026-01-01T10:00:00-08:00")
    assert changed_since(mark) == "2026-01-01T08:59:50"


def test_the_question_includes_rows_of_the_same_second_as_text():
    mark = advance_watermark(None, "2026-01-01T10:00:00-08:00")
    same_wall_clock = changed_since(mark) + "-08:00"
    assert same_wall_clock > changed_since(mark)


def test_a_changed_offset_widens_the_overlap():
    mark = advance_watermark(None, "2026-11-01T01:50:00-07:00")
    mark = advance_watermark(mark, "2026-11-01T01:20:00-08:00")
    assert mark.offset_changed
    assert changed_since(mark) == "2026-10-30T23:20:00"


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
    known = KnownScene("2026-01-01T09:00:00Z", EDITED + timedelta(hours=1), "x")
    assert needs_reading(STAMP, known)


@pytest.mark.parametrize(("seconds", "again"), [(0, True), (2, True), (3, False)])
def test_a_scene_read_in_the_second_of_its_edit_is_read_again(seconds: int, *, again: bool):
    known = KnownScene(STAMP.updated_at_text, EDITED + timedelta(seconds=seconds), "x")
    assert needs_reading(STAMP, known) is again


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
