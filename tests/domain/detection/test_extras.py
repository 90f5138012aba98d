"""New names, removals, details, and what is left alone."""

from __future__ import annotations

import time
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


def test_a_title_that_a_name_has_twice_is_no_studio() -> None:
    houses = ("Harbour House", "North House")
    known = [
        organized(
            f"/v/{houses[at % 2]} S01E{at:02} Walk {at}.mp4", at, studio=f"{at % 2 + 1}",
            title=f"Walk {at}",
        )
        for at in range(1, 90)
    ]  # fmt: skip
    knowledge = learn(library(studios=houses), known)
    options = DetectionOptions(create_missing=ALL_KINDS, min_confidence=0.2)

    def new(path: str) -> list[str]:
        found = detect(scene(path), knowledge, options).proposals
        return [p.value for p in found if p.field == "studio" and p.entity_id is None]

    assert new("/v/Night Ferry S02E07 Storm.mp4") == ["Night Ferry"]
    assert new("/v/Night Ferry S02E07 Night Ferry.mp4") == []


def test_a_stranger_in_a_list_of_performers_is_new() -> None:
    assert new_names("/v/Dana Merrow & Petra Quill - Dawn.mp4") == {("performers", "Petra Quill")}


def test_nothing_is_new_unless_that_kind_is_allowed() -> None:
    path = "/v/Dana Merrow & Petra Quill - Dawn #lighthouse.mp4"
    assert new_names(path, frozenset()) == set()
    assert new_names(path, frozenset({"tag"})) == {("tags", "Lighthouse")}


@pytest.mark.parametrize("twin", ["Ina Valle", "INA VALE", "ina.vale", "Vale Ina", "Ína Vále"])
def test_what_is_nearly_an_existing_name_is_never_new(twin: str) -> None:
    assert new_names(f"/v/Dana Merrow & {twin} - Dawn.mp4") == set()


SPELT = library(
    performers=(
        "Dana Merrow", ("Jane Ann Doe", "Janie Doe", "Mrs. Whitfield"), "Zoë O'Hara-Müller",
        "Jean-Luc Picard", "Ирина Соколова",
    ),
    studios=(("Harbour Films", "HBF"), "Ma&Pa Média"),
    tags=(("Slow Motion", "slo-mo"), "Café", "Close-up"),
)  # fmt: skip


@pytest.mark.parametrize(
    "pattern", ["/v/new/Dana Merrow & {} - Dawn.mp4", "/v/{0}/{0}, Dana Merrow.mp4"]
)
@pytest.mark.parametrize(
    "spelling",
    ["jane ann doe", "JANE ANN DOE", "JaneAnnDoe", "jane.ann.doe", "jane_ann_doe", "Doe, Jane Ann",
     "Doe Jane Ann", "Ｊａｎｅ Ａｎｎ Ｄｏｅ", "J. A. Doe", "J A Doe", "J. Doe", "Jane A. Doe", "Jane Doe",
     "Jane-Ann Doe", "Jane Anne Doe", "Jane Ann Do", "Janie Doe", "Doe, Janie", "mrswhitfield",
     "Zoe OHara Muller", "Zoe O'Hara-Mueller", "Z. O'Hara-Müller", "Irina Sokolova",
     "Sokolova Irina", "Jean Luc Picard", "J.L. Picard", "J-L Picard", "Picard, J.-L."],
)  # fmt: skip
def test_a_performer_in_any_spelling_is_never_new(spelling: str, pattern: str) -> None:
    options = DetectionOptions(create_missing=ALL_KINDS, min_confidence=0.15)
    found = proposals(pattern.format(spelling), options, SPELT)
    assert not [p for p in found if p.entity_id is None and p.field in _ENTITIES]


@pytest.mark.parametrize(
    "spelling",
    ["slowmotion", "SlowMotion", "slow-motion", "slow_motion", "SLOWMOTION", "slomo", "SloMo",
     "slow-motions", "ｓｌｏｗｍｏｔｉｏｎ", "cafe", "CAFE", "cafés", "closeup", "CloseUp", "closeups"],
)  # fmt: skip
def test_a_tag_in_any_spelling_is_never_new(spelling: str) -> None:
    options = DetectionOptions(create_missing=ALL_KINDS, min_confidence=0.0)
    found = proposals(f"/v/new/Some walk #{spelling} at dawn.mp4", options, SPELT)
    assert not [p for p in found if p.entity_id is None and p.field == "tags"]


@pytest.mark.parametrize(
    "spelling",
    ["HarbourFilms", "Harbour.Films", "HARBOUR FILMS", "Harbor Films", "Harbour Film", "HBF", "hbf",
     "Ｈａｒｂｏｕｒ Ｆｉｌｍｓ", "Ma & Pa Media", "MaPaMedia", "ma-pa-media", "Ma+Pa Media", "Jane Ann Doe"],
)  # fmt: skip
def test_a_studio_in_any_spelling_is_never_new(spelling: str) -> None:
    known = [
        organized(f"/v/House {at}/House {at} - Dawn {at}.mp4", at, studio="1") for at in range(40)
    ]
    options = DetectionOptions(create_missing=ALL_KINDS, min_confidence=0.0)
    found = detect(scene(f"/v/{spelling}/{spelling} - Dawn.mp4"), learn(SPELT, known), options)
    assert not [p for p in found.proposals if p.entity_id is None and p.field == "studio"]


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


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("<p>One<p>Two<li>a<li>b", "One\nTwo\na\nb"),
        ("a<BR >b<br/>c<hr>d", "a\nb\nc\nd"),
        ("<div><div><b>bold <i>nested</b> text</div></div>", "bold nested text"),
        ("Hello <script type='x'>if(a<b){x()}</script> there<style>p{}</style>", "Hello there"),
        ("<SCRIPT>never closed", "never closed"),
        ("<a title='a>b' href=\"/?x=1&y=2\">link</a> &nbsp; end", "link end"),
        ('unclosed <a href="x> y</a>', "unclosed y"),
        ("<!-- c -->x<!-- > -->y<!-- open", "xy open"),
        ("&lt;b&gt;twice&lt;/b&gt; &amp;amp; more", "twice & more"),
        ("&#39;q&#39; &#x1F600; &notaname; R&B &#xD800;", "'q' \U0001f600 &notaname; R&B \ufffd"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<p>x</p>\r\n\r\n\r\n<p>y</p>", "x\n\ny"),
        ("<Jane> &amp; I <3 you", "<Jane> & I <3 you"),
    ],
)
def test_markup_goes_and_the_text_stays(marked: str, text: str) -> None:
    assert cleaned(marked) == text
    assert cleaned(text) is None


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a",
        "<!--",
        "<script>",
        "<script></script>",
        '<a "<a "" ',
        "<a '\"",
        "<b>",
        "&lt;",
        "<p ",
    ],
)
def test_cleaning_takes_no_longer_for_ugly_text(piece: str) -> None:
    began = time.process_time()
    cleaned(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    "plain",
    [
        "two  blanks & R&B",
        "x <y> z",
        "<p> </p>",
        "<svg/onload=x()>",
        "a < b and c > d",
        "R&B",
        "nothing at all",
        "",
    ],
)
def test_text_without_markup_stays(plain: str) -> None:
    assert cleaned(plain) is None
