from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from stashhog.domain.library import Entity, Library, Scene
from stashhog.domain.merge import (
    SceneUpdate,
    Verdict,
    entity_value,
    judge_apply,
    judge_undo,
    landed_apply,
    landed_undo,
    present_value,
    update_for_apply,
    update_for_undo,
)
from stashhog.domain.plans import Change, ChangeStatus, normal_text, same_value

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TAG = {"id": "7", "name": "Meadow"}
LIBRARY = Library(
    tags={"7": Entity("tag", "7", "Meadow")}, studios={"3": Entity("studio", "3", "Karst")}
)


def make_scene(**values: Any) -> Scene:
    fields: dict[str, Any] = {
        "title": None,
        "details": None,
        "date": None,
        "rating100": None,
        "organized": False,
        "studio_id": None,
        "performer_ids": (),
        "tag_ids": (),
        "files": (),
        "urls": (),
        "created_at": NOW,
        "updated_at": NOW,
        "updated_at_text": "2026-01-01T00:00:00Z",
    }
    return Scene(id="1", **{**fields, **values})


def make_change(field: str = "title", action: str = "set", **values: Any) -> Change:
    fields: dict[str, Any] = {"current": None, "proposed": None, "status": ChangeStatus.ACCEPTED}
    return Change(1, 1, "1", field, action, **{**fields, **values})


@pytest.mark.parametrize(
    ("change", "present", "verdict"),
    [
        (make_change(current=None, proposed="New"), None, Verdict.SEND),
        (make_change(current="Old", proposed="New"), "Old", Verdict.SEND),
        (make_change(current="Old", proposed="New"), "New", Verdict.ALREADY),
        (make_change(current="Old", proposed="New"), "Theirs", Verdict.CONFLICT),
        (make_change(current="Old", proposed="New"), None, Verdict.CONFLICT),
        (make_change("tags", "add", proposed=TAG), None, Verdict.SEND),
        (make_change("tags", "add", proposed=TAG), TAG, Verdict.ALREADY),
        (make_change("tags", "remove", current=TAG), TAG, Verdict.SEND),
        (make_change("tags", "remove", current=TAG), None, Verdict.ALREADY),
    ],
)
def test_an_apply_sends_only_where_the_pre_image_stands(
    change: Change, present: Any, verdict: Verdict
):
    assert judge_apply(change, present) is verdict


@pytest.mark.parametrize(
    ("change", "present", "verdict"),
    [
        (make_change(current="Old", proposed="New", written="New"), "New", Verdict.SEND),
        (make_change(current="Old", proposed="New", written="New"), "Theirs", Verdict.CONFLICT),
        (make_change(current="Old", proposed="New", written="New"), "Old", Verdict.CONFLICT),
        (make_change("tags", "add", proposed=TAG), TAG, Verdict.SEND),
        (make_change("tags", "add", proposed=TAG), None, Verdict.CONFLICT),
        (make_change("tags", "remove", current=TAG), None, Verdict.SEND),
        (make_change("tags", "remove", current=TAG), TAG, Verdict.CONFLICT),
    ],
)
def test_an_undo_sends_only_where_stash_has_what_the_plan_wrote(
    change: Change, present: Any, verdict: Verdict
):
    assert judge_undo(change, present) is verdict


TEXTS = st.one_of(st.none(), st.text(max_size=8))


@given(current=TEXTS, proposed=TEXTS, present=TEXTS)
def test_somebody_elses_text_is_never_overwritten(
    current: str | None, proposed: str | None, present: str | None
):
    change = make_change(current=current, proposed=proposed)
    if not same_value(present, current):
        assert judge_apply(change, present) is not Verdict.SEND


@given(present=TEXTS, proposed=st.text(max_size=8))
def test_an_add_never_conflicts(present: str | None, proposed: str):
    change = make_change("tags", "add", proposed={"id": "7", "name": proposed})
    value = None if present is None else {"id": "7", "name": present}
    assert judge_apply(change, value) is not Verdict.CONFLICT


def test_one_mutation_holds_only_what_was_accepted_and_lists_as_deltas():
    update = update_for_apply(
        "1",
        [
            make_change("title", proposed="T"),
            make_change("studio", proposed={"id": "3", "name": "Karst"}),
            make_change("tags", "add", proposed=TAG),
            make_change("tags", "add", proposed=TAG),
            make_change("performers", "remove", current={"id": "9", "name": "A"}),
        ],
    )
    assert update.scalars == {"title": "T", "studio_id": "3"}
    assert update.add_tags == ("7",)
    assert update.remove_performers == ("9",)
    assert update.remove_tags == update.add_performers == ()


def test_an_undo_turns_deltas_around_and_clears_what_was_empty():
    update = update_for_undo(
        "1",
        [
            make_change("date", proposed="2020-01-01"),
            make_change("studio", proposed={"id": "3", "name": "Karst"}),
            make_change("tags", "add", proposed=TAG),
            make_change("performers", "remove", current={"id": "9", "name": "A"}),
        ],
    )
    assert update.scalars == {"date": None, "studio_id": None}
    assert update.remove_tags == ("7",)
    assert update.add_performers == ("9",)


def test_the_present_value_of_a_list_change_is_the_member_itself():
    scene = make_scene(tag_ids=("7", "8"), studio_id="3")
    assert present_value(scene, make_change("tags", "add", proposed=TAG), LIBRARY) == TAG
    assert present_value(scene, make_change("studio"), LIBRARY) == {"id": "3", "name": "Karst"}
    other = make_change("tags", "add", proposed={"id": "9", "name": "x"})
    assert present_value(scene, other, LIBRARY) is None


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (make_change(current="a", proposed="b"), "a", "b"),
        (make_change("tags", "add", proposed=TAG), None, TAG),
        (make_change("tags", "remove", current=TAG), TAG, None),
    ],
)
def test_landing_is_told_from_not_landing(change: Change, before: Any, after: Any):
    assert landed_apply(change, after)
    assert not landed_apply(change, before)
    assert landed_undo(change, before)
    assert not landed_undo(change, after)


# --- three ways: planned from, now, proposed; and back ------------------------------------------

IDS = st.frozensets(st.sampled_from("12345"), max_size=4)
WORDS = st.sampled_from([None, "", "Old", "New", " New ", "Theirs", "e\u0301", "\u00e9"])
SCENES = st.builds(
    lambda title, date, studio, tags, performers: make_scene(
        title=title,
        date=date,
        studio_id=studio,
        tag_ids=tuple(sorted(tags)),
        performer_ids=tuple(sorted(performers)),
    ),
    WORDS,
    st.sampled_from([None, "2020-01-01", "2021-02-03"]),
    st.sampled_from([None, "3", "4"]),
    IDS,
    IDS,
)


def executed(scene: Scene, update: SceneUpdate) -> Scene:
    """A scene after Stash took a mutation."""

    def members(ids: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...]) -> Any:
        return tuple(sorted({*ids, *add} - {*remove}))

    return replace(
        scene,
        **dict(update.scalars),
        tag_ids=members(scene.tag_ids, update.add_tags, update.remove_tags),
        performer_ids=members(scene.performer_ids, update.add_performers, update.remove_performers),
    )


def planned(base: Scene, wished: Scene) -> list[Change]:
    """The changes from one scene to another, as an analysis of the first proposes them."""
    found = [
        make_change("title", current=base.title, proposed=wished.title),
        make_change("date", current=base.date, proposed=wished.date),
        make_change(
            "studio",
            current=entity_value(LIBRARY, "studio", base.studio_id),
            proposed=entity_value(LIBRARY, "studio", wished.studio_id),
        ),
    ]
    changes = [one for one in found if not same_value(one.current, one.proposed)]
    for field, before, after in (
        ("tags", base.tag_ids, wished.tag_ids),
        ("performers", base.performer_ids, wished.performer_ids),
    ):
        named = {one: {"id": one, "name": one} for one in {*before, *after}}
        changes += [make_change(field, "add", proposed=named[one]) for one in {*after} - {*before}]
        changes += [
            make_change(field, "remove", current=named[one]) for one in {*before} - {*after}
        ]
    return [replace(change, id=number) for number, change in enumerate(changes)]


def parts(scene: Scene) -> dict[tuple[str, str], Any]:
    """A scene as what a change can be about: its scalars, and each member of its lists."""
    found: dict[tuple[str, str], Any] = {
        ("title", ""): normal_text(scene.title),
        ("date", ""): normal_text(scene.date),
        ("studio", ""): scene.studio_id,
    }
    for number in "12345":
        found["tags", number] = number in scene.tag_ids
        found["performers", number] = number in scene.performer_ids
    return found


def place(change: Change) -> tuple[str, str]:
    value = change.proposed if change.action == "add" else change.current
    return change.field, "" if change.action == "set" else value["id"]


@given(base=SCENES, wished=SCENES, present=SCENES, later=SCENES, edited=st.booleans())
@settings(max_examples=400)
def test_an_apply_and_its_undo_touch_only_what_is_theirs(
    base: Scene, wished: Scene, present: Scene, later: Scene, edited: bool
):
    changes = planned(base, wished)
    sent = [
        c for c in changes if judge_apply(c, present_value(present, c, LIBRARY)) is Verdict.SEND
    ]
    applied = executed(present, update_for_apply("1", sent))
    mine = {place(change) for change in sent}
    assert all(landed_apply(c, present_value(applied, c, LIBRARY)) for c in sent)
    assert {k: v for k, v in parts(applied).items() if k not in mine} == {
        k: v for k, v in parts(present).items() if k not in mine
    }

    written = [replace(c, written=present_value(applied, c, LIBRARY)) for c in sent]
    now = later if edited else applied
    taken_back = [
        c for c in written if judge_undo(c, present_value(now, c, LIBRARY)) is Verdict.SEND
    ]
    undone = parts(executed(now, update_for_undo("1", taken_back)))
    back = {place(change) for change in taken_back}
    assert edited or back == mine
    assert all(undone[k] == (parts(present) if k in back else parts(now))[k] for k in undone)
    assert all(parts(now)[k] == parts(applied)[k] for k in back)
