"""New names, removals, details, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stashhog.domain.detection import DetectionOptions, Proposal, detect
from stashhog.domain.detection.details import cleaned
from stashhog.domain.detection.newcomers import same_name
from stashhog.domain.learning import learn
from stashhog.domain.library import EntityKind, Library, Scene
from tests.domain.detection.libraries import library, organized, scene

KNOWN = library(
    performers=("Dana Merrow", "Ina Vale", "Summer"), studios=("North Pier",), tags=("Rain",)
)
ALL_KINDS: frozenset[EntityKind] = frozenset({"performer", "tag", "studio"})


def proposals(
    looked: Scene | str, options: DetectionOptions, known: Library = KNOWN
) -> list[Proposal]:
    looked = scene(looked) if isinstance(looked, str) else looked
    return list(detect(looked, learn(known, []), options).proposals)


def new_names(path: str, kinds: frozenset[EntityKind] = ALL_KINDS) -> set[tuple[str, str]]:
    found = proposals(path, DetectionOptions(create_missing=kinds))
    return {(p.field, p.value) for p in found if p.entity_id is None and p.field in _ENTITIES}


_ENTITIES = ("performers", "tags", "studio")


def test_a_stranger_in_a_list_of_performers_is_new() -> None:
    assert new_names("/v/Dana Merrow & Petra Quill - Dawn.mp4") == {("performers", "Petra Quill")}


def test_nothing_is_new_unless_that_kind_is_allowed() -> None:
    path = "/v/Dana Merrow & Petra Quill - Dawn #lighthouse.mp4"
    assert new_names(path, frozenset()) == set()
    assert new_names(path, frozenset({"tag"})) == {("tags", "Lighthouse")}


@pytest.mark.parametrize("twin", ["Ina Valle", "INA VALE", "ina.vale", "Vale Ina", "Ína Vále"])
def test_what_is_nearly_an_existing_name_is_never_new(twin: str) -> None:
    assert new_names(f"/v/Dana Merrow & {twin} - Dawn.mp4") == set()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("janedoe", "janedoe", True), ("janedoe", "janedo", True), ("margaretcooper", "margretcoper", True),
     ("janedoe", "johndoe", False), ("ann", "anna", False), ("margaretcooper", "margaretcarter", False)],
)  # fmt: skip
def test_two_names_are_one_by_a_slip_and_two_where_they_are_long(
    one: str, other: str, same: bool
) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_removals_are_only_proposed_where_they_are_asked_for() -> None:
    scenes = [
        organized(f"/v/new/summer walk {at}.mp4", at, performers=("1",), title=f"Summer walk {at}")
        for at in range(1, 40)
    ]
    knowledge = learn(KNOWN, scenes)
    wrong = replace(scene("/v/new/summer walk 77.mp4"), performer_ids=("3",))
    usual = detect(wrong, knowledge, DetectionOptions()).proposals
    asked = detect(wrong, knowledge, DetectionOptions(removals=True)).proposals
    assert all(p.action != "remove" for p in usual)
    removed = [p for p in asked if p.action == "remove"]
    assert [(p.field, p.entity_id, p.evidence["span"]) for p in removed] == [
        ("performers", "3", "summer")
    ]


def test_a_member_that_the_path_clearly_names_is_not_removed() -> None:
    right = replace(scene("/v/new/Dana Merrow - Dawn.mp4"), performer_ids=("1",))
    assert all(p.action != "remove" for p in proposals(right, DetectionOptions(removals=True)))


def test_filled_fields_are_replaced_only_where_that_is_allowed() -> None:
    filled = replace(
        scene("/v/North Pier - 2020-03-14 - Dawn.mp4"), date="1999-01-01", studio_id="9"
    )
    assert {p.field for p in proposals(filled, DetectionOptions())}.isdisjoint({"date", "studio"})
    options = DetectionOptions(overwrite=frozenset({"date"}))
    assert {p.field for p in proposals(filled, options)} & {"date", "studio"} == {"date"}


def test_organised_scenes_are_looked_at_only_where_that_is_asked_for() -> None:
    done = replace(scene("/v/Dana Merrow.mp4"), organized=True)
    findings = detect(done, learn(KNOWN, []), DetectionOptions())
    assert (findings.proposals, findings.skipped) == ((), "organized")
    assert proposals(done, DetectionOptions(include_organized=True))


def test_what_ignores_auto_tag_is_never_proposed() -> None:
    hidden = replace(KNOWN.performers["1"], ignore_auto_tag=True)
    known = Library({**KNOWN.performers, "1": hidden}, KNOWN.tags, KNOWN.studios)
    found = proposals("/v/Dana Merrow, Ina Vale.mp4", DetectionOptions(min_confidence=0.0), known)
    assert {p.entity_id for p in found if p.field == "performers"} == {"2"}


@pytest.mark.parametrize(
    ("looked", "why"),
    [
        (replace(scene("/v/x.mp4"), files=()), "no_files"),
        (scene("/v/.mp4"), "nothing_found"),
        (
            replace(scene("/v/x.mp4"), title="Dawn", date="2020-01-01", studio_id="1"),
            "nothing_found",
        ),
    ],
)
def test_a_scene_without_a_proposal_says_why(looked: Scene, why: str) -> None:
    assert detect(looked, learn(KNOWN, []), DetectionOptions()).skipped == why


def test_details_are_cleaned_only_where_they_are_asked_for() -> None:
    marked = replace(scene("/v/x.mp4"), details="<p>One &amp; two</p><p>three</p>")
    assert all(p.field != "details" for p in proposals(marked, DetectionOptions()))
    options = DetectionOptions(fields=frozenset({"details"}))
    assert [(p.field, p.value) for p in proposals(marked, options)] == [
        ("details", "One & two\nthree")
    ]


@pytest.mark.parametrize("plain", ["a < b and c > d", "R&B", "nothing at all", ""])
def test_text_without_markup_stays(plain: str) -> None:
    assert cleaned(plain) is None
