"""Stash's JSON, however damaged, as domain values or failures with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from stashhog.core.exceptions import StashProtocolError
from stashhog.domain.library import Entity, Fingerprint, Scene
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.sync import ItemFailure, Stamp
from stashhog.stash import mapping
from stashhog.stash.answers import decode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def row(**given: Any) -> dict[str, Any]:
    return {
        "id": "7",
        "title": "T",
        "created_at": "2024-01-01T10:00:00+05:30",
        "updated_at": "2024-01-02T10:00:00-08:00",
        **given,
    }


def scene(**given: Any) -> Scene:
    found = mapping.read_scene(row(**given))
    assert isinstance(found, Scene)
    return found


def test_instants_are_in_utc_and_stashs_own_text_is_kept():
    found = scene()
    assert found.created_at == datetime(2024, 1, 1, 4, 30, tzinfo=UTC)
    assert found.updated_at == datetime(2024, 1, 2, 18, 0, tzinfo=UTC)
    assert found.updated_at_text == "2024-01-02T10:00:00-08:00"


def test_nulls_everywhere_are_an_empty_scene():
    names = (
        "title details date rating100 organized studio performers tags files urls code director "
        "stash_ids paths"
    )
    found = scene(**dict.fromkeys(names.split()))
    assert (found.title, found.date, found.studio_id, found.organized) == (None, None, None, False)
    assert (found.tag_ids, found.files, found.urls, found.stash_ids) == ((), (), (), ())


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"updated_at": None}, "it has no updated_at"),
        ({"updated_at": "yesterday"}, "its updated_at is no instant"),
        ({"updated_at": "2024-01-01T10:00:00"}, "its updated_at is no instant"),
        ({"created_at": "0001-01-01T00:00:00+05:30"}, "its created_at is no instant"),
        ({"title": 7}, "its title is no text"),
        ({"details": ["x"]}, "its details is no text"),
        ({"studio": {"id": None}}, "its studio has no usable id"),
        ({"studio": "7"}, "its studio has no usable id"),
    ],
)
def test_a_scene_that_cannot_be_taken_over_says_why(damage: dict[str, Any], reason: str):
    assert mapping.read_scene(row(**damage)) == ItemFailure("7", reason)


@pytest.mark.parametrize("bad", [None, "", "x", "-1", "1.5", True, 1.5, "1" * 30, {}])
def test_a_scene_without_a_usable_id_is_a_failure(bad: object):
    assert mapping.read_scene(row(id=bad)) == ItemFailure("?", "it has no usable id")


def test_an_id_that_comes_as_a_number_is_text():
    assert scene(id=12).id == "12"


def test_a_title_of_a_megabyte_is_taken_whole():
    assert scene(title="x" * 1_000_000).title == "x" * 1_000_000


def test_a_date_that_is_none_stays_as_it_is_so_that_it_counts_as_filled():
    assert scene(date="sometime").date == "sometime"


def test_links_come_once_each_and_broken_ones_are_left_out():
    tags = [{"id": "3"}, {"id": "3"}, None, {"id": None}, {}, {"id": 4}]
    assert scene(tags=tags).tag_ids == ("3", "4")


def test_a_file_keeps_what_can_be_read_and_one_without_a_path_goes():
    files = [
        {"id": "1", "path": "/a.mp4", "size": "big", "duration": float("inf"), "width": 2**70},
        {"id": "1", "path": "/again.mp4"},
        {"id": "2", "path": None},
        None,
        {"id": "3", "path": "/b.mp4", "size": 5.0, "duration": 7, "video_codec": ""},
    ]
    first, second = scene(files=files).files
    assert (first.path, first.size, first.duration, first.width) == ("/a.mp4", None, None, None)
    assert (second.path, second.size, second.duration, second.video_codec) == (
        "/b.mp4",
        5,
        7.0,
        None,
    )


def test_a_perceptual_hash_gets_its_leading_zeros_back():
    rows = [{"type": "phash", "value": "f00"}, {"type": "oshash", "value": "0f"}, {"type": None}]
    (file,) = scene(files=[{"id": "1", "path": "/a", "fingerprints": rows}]).files
    assert file.fingerprints == (
        Fingerprint("phash", "0000000000000f00"),
        Fingerprint("oshash", "0f"),
    )


def test_no_key_is_kept_in_any_address():
    found = scene(
        urls=["http://s/a?apikey=CANARY", "http://s/apikey=CANARY", None, ""],
        stash_ids=[{"endpoint": "http://b?apikey=CANARY", "stash_id": "x"}, {"endpoint": None}],
        paths={"screenshot": "http://s/scene/7/screenshot?t=1&apikey=CANARY"},
    )
    assert "CANARY" not in repr(found)
    assert found.urls == ("http://s/a",)


@given(JSON)
def test_whatever_comes_is_a_scene_or_a_failure(value: object):
    assert isinstance(mapping.read_scene(value), ItemFailure)


@given(st.sampled_from([*row(), "studio", "tags", "files", "urls", "paths", "stash_ids"]), JSON)
def test_whatever_stands_in_a_field_the_scene_is_read_or_a_failure(name: str, value: object):
    assert isinstance(mapping.read_scene(row(**{name: value})), (Scene, ItemFailure))


@pytest.mark.parametrize("kind", ["performer", "tag", "studio"])
@given(name=st.sampled_from(["name", "aliases", "alias_list", "parents", "id"]), value=JSON)
def test_whatever_stands_in_a_field_the_entity_is_read_or_a_failure(
    kind: Any, name: str, value: object
):
    found = mapping.read_entity(kind, {"id": "1", "name": "N", name: value})
    assert isinstance(found, (Entity, ItemFailure))


def test_an_entity_is_not_its_own_parent():
    found = mapping.read_entity("tag", {"id": "1", "name": "N", "parents": [{"id": "1"}]})
    assert isinstance(found, Entity)
    assert found.parent_ids == ()


# --- pages --------------------------------------------------------------------------------------


def test_bad_rows_are_failures_and_the_page_goes_on():
    rows = [row(id="1"), None, row(id="2", updated_at=None), row(id="3"), row(id="3")]
    page = mapping.read_scene_page(rows, after=None, asked=5)
    scenes, failures = page.read()
    assert [scene.id for scene in scenes] == ["1", "3"]
    assert [failure.item for failure in failures] == ["?", "2"]
    assert page.last_id == "3"


def test_a_page_shorter_than_asked_for_is_the_last():
    assert mapping.read_scene_page([row()], after=None, asked=2).last_id is None


@pytest.mark.parametrize("rows", [[row(id="5")], [None], [row(id="4"), row(id="3")]])
def test_a_page_that_does_not_go_on_is_no_answer(rows: list[Any]):
    with pytest.raises(StashProtocolError):
        mapping.read_scene_page(rows, after="5", asked=1)


def test_a_row_without_a_time_gets_a_stamp_that_differs_from_all_that_is_known():
    stamps, last = mapping.read_stamps(
        [{"id": "1", "updated_at": None}, {"id": None}, None, {"id": "2", "updated_at": "x"}],
        after=None,
    )
    assert stamps == [Stamp("1", ""), Stamp("2", "x")]
    assert last == "2"


# --- text that cannot be stored -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"title": "a\\ud800b"}', "a\ufffdb"),
        (b'{"title": "a\\u0000b"}', "a\ufffdb"),
        (b'{"title": "a\xffb"}', "a\ufffdb"),
        (b'{"title": "\\ud83d\\ude00 \\u202eabc"}', "😀 \u202eabc"),
    ],
)
def test_text_that_cannot_be_stored_is_marked_and_the_rest_is_kept(body: bytes, text: str):
    assert decode(body) == {"title": text}


# --- what is sent -------------------------------------------------------------------------------


def test_an_update_names_only_what_changes():
    update = SceneUpdate("7", {"title": "T", "date": None}, add_tags=("1", "1"))
    assert mapping.update_inputs(update) == [
        {"ids": ["7"], "title": "T", "date": None, "tag_ids": {"ids": ["1"], "mode": "ADD"}}
    ]


def test_lists_that_only_add_or_only_remove_share_one_mutation():
    update = SceneUpdate("7", remove_tags=("1",), add_performers=("2",))
    (only,) = mapping.update_inputs(update)
    assert only["tag_ids"] == {"ids": ["1"], "mode": "REMOVE"}
    assert only["performer_ids"] == {"ids": ["2"], "mode": "ADD"}


def test_a_list_that_adds_and_removes_takes_a_second_mutation_with_its_removals_alone():
    update = SceneUpdate("7", {"title": "T"}, add_tags=("1",), remove_tags=("2",))
    first, second = mapping.update_inputs(update)
    assert first == {"ids": ["7"], "title": "T", "tag_ids": {"ids": ["1"], "mode": "ADD"}}
    assert second == {"ids": ["7"], "tag_ids": {"ids": ["2"], "mode": "REMOVE"}}


def test_nothing_to_change_is_nothing_to_send():
    assert mapping.update_inputs(SceneUpdate("7")) == []


def test_a_list_is_never_set_as_a_whole():
    update = SceneUpdate(
        "7", add_tags=("1",), remove_tags=("2",), add_performers=("3",), remove_performers=("4",)
    )
    assert "SET" not in repr(mapping.update_inputs(update))


def test_other_fields_cannot_be_sent():
    with pytest.raises(ValueError, match="organized"):
        mapping.update_inputs(SceneUpdate("7", {"organized": "true"}))


def test_uses_are_summed_and_a_missing_count_is_no_zero():
    assert mapping.count_uses({"scene_count": 2, "child_studios": [{"id": "1"}]}) == 3
    with pytest.raises(StashProtocolError):
        mapping.count_uses({"scene_count": None})
