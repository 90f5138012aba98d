"""What is asked, and what of an answer counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from actors.jobs.doubts import Looking, look_at, open_scenes
from stashhog.domain.asking import (
    Answer,
    AskedScene,
    Caps,
    Share,
    Spent,
    Style,
    Wanted,
    asked_scene,
    make_prompt,
    opinions_of,
    read_answers,
    refused,
)
from stashhog.domain.asking.budget import billionths
from stashhog.domain.asking.scenes import MOST_TOKENS, shown_path
from stashhog.domain.asking.share import ALWAYS_ALLOWED, MOST_SHARE
from stashhog.domain.asking.tokens import count, usual
from stashhog.domain.detection import DetectionOptions, Option, Question, examine, questions
from stashhog.domain.learning import learn
from tests.asking.lab import scene_of, small_library

KNOWLEDGE = learn(small_library(), [])
OPTIONS = DetectionOptions()
FIELDS = (
    Question("studio", (Option("North Gate", "22", 0.5), Option("Harbour Films", "21", 0.4))),
    Question("performers", (Option("Cleo", "3", 0.5), Option("Cleo Marsh", "5", 0.4))),
    Question("date", (Option("2020-03-04", None, 0.5), Option("2020-04-03", None, 0.4))),
    Question("title", (Option("Quiet River", None, 0.5),)),
    Question("tags", (Option("Night", "12", 0.5),)),
)
PATH = "/v/North Gate/North Gate - Cleo - Quiet River Song 03.04.2020 night.mp4"


def asked(path: str = PATH, number: int = 1, about: str = "m") -> AskedScene:
    scene = asked_scene(examine(scene_of(number, path), KNOWLEDGE, OPTIONS), FIELDS, about=about)
    assert scene is not None
    return scene


def said(*files: Any) -> str:
    return json.dumps({"files": list(files)})


def one(picks: Any, title: Any = None, n: Any = 1) -> dict[str, Any]:
    return {"n": n, "picks": picks, "title": title}


def code_of(scene: AskedScene, value: str) -> str:
    return next(code for code, (_, option) in scene.options.items() if option.value == value)


def test_a_scene_is_a_line_of_json_with_its_candidates() -> None:
    scene = asked()
    line = json.loads(scene.line(7))
    assert {
        name: part if name in ("n", "path") else sorted(part) for name, part in line.items()
    } == {
        "n": 7,
        "path": "v/North Gate/North Gate - Cleo - Quiet River Song 03.04.2020 night",
        "s": ["Harbour Films", "North Gate"],
        "p": ["Cleo", "Cleo Marsh"],
        "d": ["2020-03-04", "2020-04-03"],
        "k": ["Quiet River"],
        "t": ["Night"],
    }
    for code, (_, option) in scene.options.items():
        assert line[code[0]][int(code[1:])] == option.value


def test_the_likeliest_of_a_list_stands_at_any_place() -> None:
    likeliest = [code_of(asked(f"/v/North Gate {n}.mp4"), "North Gate") for n in range(200)]
    assert 70 < likeliest.count("s0") < 130
    assert likeliest == [code_of(asked(f"/v/North Gate {n}.mp4"), "North Gate") for n in range(200)]


def test_the_text_before_the_scenes_and_the_schema_for_as_many_scenes_never_change() -> None:
    first = make_prompt([asked()], "codes")
    other = make_prompt([asked("/x/Quite another.mp4", 2)], "codes")
    both = make_prompt([asked("/x/Quite another.mp4", 2), asked()], "codes")
    assert (first.system, first.schema) == (other.system, other.schema)
    assert first.system == both.system


@pytest.mark.parametrize("style", ["codes", "names"])
@pytest.mark.parametrize("facts", [None, {"title": "x"}])
def test_no_list_in_an_answer_may_go_on_for_ever(style: Style, facts: object) -> None:
    told = asked() if facts is None else replace(asked(), said={**asked().said, "about": facts})
    schema = make_prompt([told, told], style).schema

    def unbounded(part: object) -> bool:
        if not isinstance(part, Mapping):
            return False
        endless = part.get("type") == "array" and "maxItems" not in part
        return endless or any(map(unbounded, part.values()))

    assert "array" in json.dumps(schema)
    assert not unbounded(schema)


def test_a_key_follows_what_is_said_whom_it_means_and_who_is_asked() -> None:
    same = asked(number=9)
    assert same.key == asked().key
    assert asked("/v/Another.mp4").key != same.key
    assert asked(about="other model").key != same.key
    twin = replace(FIELDS[0], options=(Option("North Gate", "99", 0.5),))
    examined = examine(scene_of(1, PATH), KNOWLEDGE, OPTIONS)
    namesake = asked_scene(examined, (twin, *FIELDS[1:]), about="m")
    assert namesake is not None
    assert namesake.key != same.key


@pytest.mark.parametrize(
    ("text", "picks", "title"),
    [
        (said(one(["s0", "p1", "d1", "k0", "t0"])), ("s0", "p1", "d1", "k0", "t0"), None),
        (said(one(["s0", "s0", "s9", "x1", "p-1", 7, None, "S0"])), ("s0",), None),
        (said(one([], "River Song")), (), "River Song"),
        (said(one([], "quiet.RIVER_song")), (), "quiet.RIVER_song"),
        (said(one([], "Made Up")), (), None),
        (said(one([], "")), (), None),
        (said(one([], ["River"])), (), None),
        (said(one([], "river" * 100)), (), None),
        (said(one(["s1"], n="1")), ("s1",), None),
        ('{"files": {"1": {"picks": ["s1"], "title": null}}}', ("s1",), None),
    ],
)
def test_only_codes_that_were_given_out_and_titles_of_the_name_count(
    text: str, picks: tuple[str, ...], title: str | None
) -> None:
    assert read_answers(text, [asked()], "codes") == {"1": Answer(picks, title)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[" * 100_000,
        "[]",
        '{"files": null}',
        '{"files": 7}',
        said(),
        said(None, 7, "x", []),
        said(one(["s0"], n=0)),
        said(one(["s0"], n=2)),
        said(one(["s0"], n=True)),
        said(one(["s0"], n=None)),
        said(one(["s0"], n="9" * 5000)),
        said(one("s0")),
        said(one(None)),
        said({"n": 1}),
        said(one(["s0"]), one(["s1"])),
    ],
)
def test_what_is_no_answer_is_as_if_it_had_not_been_said(text: str) -> None:
    assert read_answers(text, [asked()], "codes") == {}


def test_an_answer_for_one_scene_touches_no_other() -> None:
    scenes = [asked(number=1), asked("/v/Cleo Marsh - Other.mp4", 2)]
    answers = read_answers(said(one(["s1"], n=2), one(["p0"], n=3)), scenes, "codes")
    assert answers == {"2": Answer(("s1",))}


def test_two_choices_where_there_can_be_one_are_no_opinion() -> None:
    scene = asked()
    date = code_of(scene, "2020-03-04")
    opinions = opinions_of(scene, Answer(("s0", "s1", "p0", "p1", date)))
    assert opinions == {
        "performers": {"3": True, "5": True},
        "date": {"2020-03-04": True, "2020-04-03": False},
        "title": {"Quiet River": False},
        "tags": {"12": False},
    }


def test_a_title_of_its_own_reading_counts_only_where_none_was_picked() -> None:
    scene = asked()
    assert opinions_of(scene, Answer((), "River Song"))["title"] == {
        "Quiet River": False, "River Song": True
    }  # fmt: skip
    assert opinions_of(scene, Answer(("k0",), "River Song"))["title"] == {"Quiet River": True}


def test_by_names_each_field_lists_its_own_candidates_and_only_they_count() -> None:
    scene = asked()
    prompt = make_prompt([scene], "names")
    file = prompt.schema["properties"]["files"]["properties"]["1"]
    assert set(file["properties"]["studio"]["enum"]) == {"North Gate", "Harbour Films", ""}
    assert set(file["properties"]["performers"]["items"]["enum"]) == {"Cleo", "Cleo Marsh"}
    text = json.dumps(
        {"files": {"1": {"studio": "Harbour Films", "performers": ["Cleo", "Nobody"], "date": 4}}}
    )
    named = (code_of(scene, "Harbour Films"), code_of(scene, "Cleo"))
    assert read_answers(text, [scene], "names") == {"1": Answer(named)}


def test_control_invisible_and_direction_characters_are_not_sent() -> None:
    shown = shown_path("/v/A\u202eB\u200b\x00C\r\nD\u2028E\ud800F/na\u0301me\x1b[31m.mp4")
    assert shown == "v/AB C D EF/na\u0301me [31m"


@settings(max_examples=60)
@given(st.text(max_size=3000), st.lists(st.text(min_size=1, max_size=200), max_size=12))
def test_no_name_breaks_a_line_or_makes_it_long(name: str, names: list[str]) -> None:
    options = tuple(Option(n, str(at), 0.5) for at, n in enumerate(names))
    examined = examine(scene_of(1, f"/v/{name}/{name}.mp4"), KNOWLEDGE, OPTIONS)
    found = [Question("performers", options)] if options else []
    scene = asked_scene(examined, found, about="m")
    if scene is None:
        assert not options
        return
    line = scene.line(1)
    assert "\n" not in line
    assert json.loads(line)["n"] == 1
    line.encode()
    path = usual(json.dumps(scene.said["path"]))
    assert usual(line) <= max(MOST_TOKENS, path + 200) + 10


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for style in ("codes", "names"):
        assert read_answers(text, [asked()], style) == {}  # type: ignore[arg-type]  # both styles


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_the_most_that_a_text_makes_is_never_below_the_usual(text: str) -> None:
    tokens = count(text)
    assert tokens.most >= tokens.usual == usual(text) >= 0


@pytest.mark.parametrize(
    ("wanted", "spent", "caps", "answer"),
    [
        (Wanted(60, 40, 0.1), Spent(), Caps(), None),
        (Wanted(60, 40, None), Spent(), Caps(), None),
        (Wanted(60, 40, None), Spent(), Caps(job_tokens=100), None),
        (Wanted(60, 40, None), Spent(job_tokens=1), Caps(job_tokens=100), "budget"),
        (Wanted(60, 40, None), Spent(), Caps(month_usd=100.0), "price_unknown"),
        (Wanted(60, 40, 0.25), Spent(job=billionths(0.75)), Caps(job_usd=1.0), None),
        (Wanted(60, 40, 0.25), Spent(job=billionths(0.75) + 1), Caps(job_usd=1.0), "budget"),
        (
            Wanted(60, 40, 0.25),
            Spent(day=billionths(0.8)),
            Caps(job_usd=1.0, day_usd=1.0),
            "budget",
        ),
        (Wanted(60, 40, 0.25), Spent(month=billionths(0.8)), Caps(month_usd=1.0), "budget"),
        (Wanted(60, 40, 0.0), Spent(), Caps(job_usd=0.0), None),
        # As fractions, 0.1 + 0.2 is more than 0.3.
        (Wanted(60, 40, 0.2), Spent(day=billionths(0.1)), Caps(day_usd=0.3), None),
        (Wanted(60, 40, 0.2 + 1e-9), Spent(day=billionths(0.1)), Caps(day_usd=0.3), "budget"),
        (Wanted(60, 40, 0.1), Spent(), Caps(job_usd=0.0), "budget"),
    ],
)
def test_a_cap_is_hard(wanted: Wanted, spent: Spent, caps: Caps, answer: str | None) -> None:
    assert refused(wanted, spent, caps) == answer


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300)), max_size=40))
def test_never_more_than_the_share_is_sent_beyond_the_first_few(
    batches: list[tuple[int, int]],
) -> None:
    share = Share()
    for scenes, doubtful in batches:
        share.take(min(share.room(scenes), doubtful, scenes))
        assert share.sent <= max(ALWAYS_ALLOWED, MOST_SHARE * share.seen)


def test_scenes_that_are_passed_over_make_no_room_for_others() -> None:
    looking = Looking(KNOWLEDGE, OPTIONS)
    done = [replace(scene_of(at, PATH), organized=True) for at in range(1, 8)]
    complete = replace(scene_of(9, PATH), title="T", date="2020-01-01", studio_id="21")
    titled = replace(OPTIONS, fields=frozenset({"title", "date", "studio"}))
    for options, scenes in ((OPTIONS, done), (titled, [complete])):
        looked = look_at(scenes, replace(looking, options=options))(lambda: None)
        assert open_scenes(looked) == 0
    assert open_scenes(look_at([scene_of(8, PATH), *done], looking)(lambda: None)) == 1


def test_sure_scenes_are_not_asked_about_and_doubtful_ones_only_in_what_is_open() -> None:
    sure = examine(scene_of(1, "/v/Harbour Films/aster_lane.2020-03-04.mp4"), KNOWLEDGE, OPTIONS)
    assert {q.field for q in questions(sure, KNOWLEDGE)} <= {"title", "performers", "studio"}
    filled = replace(scene_of(2, PATH), title="T", date="2020-01-01", studio_id="21")
    open_fields = {q.field for q in questions(examine(filled, KNOWLEDGE, OPTIONS), KNOWLEDGE)}
    assert not open_fields & {"title", "date", "studio"}
    everything = questions(examine(filled, KNOWLEDGE, OPTIONS), KNOWLEDGE, everything=True)
    assert {"performers", "tags"} >= {q.field for q in everything} >= {"performers"}
