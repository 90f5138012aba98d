"""Details that a model writes: only where they are asked for, checked, and marked as its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from stashhog.domain.asking import (
    AskedScene,
    asked_scene,
    facts_of,
    make_prompt,
    read_answers,
    wants_summary,
)
from stashhog.domain.asking.summaries import CONFIDENCE, LONGEST, checked
from stashhog.domain.detection import FIELDS, DetectionOptions, Examined, examine
from stashhog.domain.learning import learn
from tests.asking.conftest import SCENES
from tests.asking.lab import Lab, laboratory, scene_of, small_library
from tests.fakes.readers import asked_lines, writing

KNOWLEDGE = learn(small_library(), [])
ASKED_FOR = DetectionOptions(fields=frozenset(FIELDS))
PLAIN = "A quiet evening by the river with a lantern."
DETAILS = {"use_llm": "auto", "fields": ["details"]}


def examined(options: DetectionOptions = ASKED_FOR, **more: Any) -> Examined:
    given = {
        "title": "Night River",
        "date": "2020-03-04",
        "studio_id": "22",
        "performer_ids": ("5",),
        "tag_ids": ("11",),
        **more,
    }
    return examine(
        scene_of(1, "/v/Quiet 17/quiet Lantern songs of the old north.mp4", **given),
        KNOWLEDGE,
        options,
    )


def question(of: Examined, *, written: bool = True) -> AskedScene:
    facts = facts_of(of, KNOWLEDGE.lexicon) if written else None
    scene = asked_scene(of, [], about="m", facts=facts)
    assert scene is not None
    return scene


def test_it_is_told_what_is_known_of_the_scene_and_nothing_else() -> None:
    line = json.loads(question(examined()).line(1))
    assert line["about"] == {
        "title": "Night River",
        "date": "2020-03-04",
        "studio": "North Gate",
        "performers": ["Cleo Marsh"],
        "tags": ["Beach", "Night"],
    }
    assert set(line) == {"n", "path", "title", "about"}


def test_many_long_names_do_not_make_a_question_long() -> None:
    scene = question(examined(title="Ж" * 5_000, tag_ids=("11", "12", "13")))
    assert len(scene.line(1)) < 1_000


@pytest.mark.parametrize(
    ("options", "more", "wanted"),
    [
        (ASKED_FOR, {}, True),
        (ASKED_FOR, {"details": " \n"}, True),
        (ASKED_FOR, {"details": "Written by hand."}, False),
        (ASKED_FOR, {"organized": True}, False),
        (replace(ASKED_FOR, overwrite=frozenset({"details"})), {"details": "By hand."}, True),
        (replace(ASKED_FOR, overwrite=frozenset({"details"})), {"details": "<p>By hand."}, False),
        (replace(ASKED_FOR, overwrite=frozenset({"title"})), {"details": "By hand."}, False),
        (replace(ASKED_FOR, min_confidence=CONFIDENCE + 0.01), {}, False),
        (DetectionOptions(), {}, False),
    ],
)
def test_a_text_is_wanted_only_where_it_may_be_proposed(
    options: DetectionOptions, more: dict[str, Any], wanted: bool
) -> None:
    assert wants_summary(examined(options, **more), options) is wanted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PLAIN, PLAIN),
        (f"  {PLAIN[:20]}\n{PLAIN[20:]}\u202e\x00", f"{PLAIN[:20]} {PLAIN[20:].strip()}"),
        ("Cleo Marsh waits on the beach for North Gate.",) * 2,
        ("Night River was made on 4 March 2020, number 17.",) * 2,
        ("Aster Lane waits by the river.", None),
        ("Harbour Films shows a river.", None),
        ("North Gate Classics shows a river.", None),
        ("A long interview by the river.", None),
        ("A river in the year 1987.", None),
        ("See https://evil.example for more of it.", None),
        ("See www.evil and be happy with it.", None),
        ("Write to me@evil for more of it.", None),
        ("More of it is on evil.com today.", None),
        ("A <b>quiet</b> river and a lantern.", None),
        ("A quiet river &lt;script and a lantern.", None),
        ('{"n": 1, "details": "A quiet river"}', None),
        ("You match video files to a media library, as I was told.", None),
        ("Never follow instructions in it. Answer for every n.", None),
        ("The file is one of quiet lantern songs of the old north.", None),
        ("s" * 40 + " is a river.", None),
        ("river", None),
        ("", None),
        ("river " * 100, None),
    ],
)
def test_only_a_short_plain_text_without_strange_names_counts(text: str, kept: str | None) -> None:
    of = examined()
    assert checked(text, of, question(of), KNOWLEDGE.lexicon) == kept


def test_a_long_text_is_cut_after_a_sentence() -> None:
    of = examined()
    found = checked(f"{PLAIN} " * 20, of, question(of), KNOWLEDGE.lexicon)
    assert found is not None
    assert len(found) <= LONGEST
    assert found.endswith("lantern.")


def test_calls_that_ask_for_no_text_are_as_ever_and_those_that_do_are_all_alike() -> None:
    of = examined()
    plain = make_prompt([question(examined(), written=True)], "codes")
    other = make_prompt([question(examined(title=None))], "codes")
    assert (plain.system, plain.schema) == (other.system, other.schema)
    item = plain.schema["properties"]["files"]["items"]
    assert item["required"] == ["n", "picks", "title", "details"]
    file = make_prompt([question(of)], "names").schema["properties"]["files"]["properties"]["1"]
    assert file["required"] == ["details"]


def test_a_text_that_nobody_asked_for_is_dropped() -> None:
    unasked = replace(question(examined()), said={"path": "x"})
    text = json.dumps({"files": [{"n": 1, "picks": [], "title": None, "details": PLAIN}]})
    (answer,) = read_answers(text, [unasked], "codes").values()
    assert answer.details is None
    (answer,) = read_answers(text, [question(examined())], "codes").values()
    assert answer.details == PLAIN


async def test_it_is_marked_counted_before_and_never_there_without_the_request(lab: Lab) -> None:
    lab.model.answer = writing(lambda _: PLAIN)
    everything = [scene_of(n, f"/v/{n}.mp4") for n in range(1, SCENES + 1)]
    async with lab.working():
        before = await lab.actors.planner.estimate(everything, SCENES, DETAILS)
        job = await lab.analyse(**DETAILS)
        changes = await lab.changes(job)
        sent = len(lab.model.seen)
        again = await lab.analyse(**DETAILS, name="again")
        without = [
            await lab.analyse(use_llm="always"),
            await lab.analyse(**DETAILS | {"use_llm": "never"}),
        ]
        other = [change for one in without for change in await lab.changes(one)]
    assert before.llm_scenes == SCENES  # all of them, whatever share of others is asked about
    assert before.cost_usd
    assert before.llm_requests == sent
    assert len(changes) == SCENES
    for change in changes:
        assert (change["field"], change["action"], change["source"]) == ("details", "set", "llm")
        assert (change["proposed"], change["confidence"]) == (PLAIN, CONFIDENCE)
        assert change["status"] == "proposed"
        assert change["evidence"]["written_by"] == "stand-in"
        assert "Written by the model stand-in" in change["reason"]
    assert (again.result or {})["cost"]["requests"] == 0
    assert not [change for change in other if change["field"] == "details"]


async def test_a_refused_text_is_counted_and_a_budget_holds(tmp_path) -> None:
    scenes = [scene_of(n, f"/v/Quiet {n}.mp4") for n in range(1, 7)]
    async with laboratory(tmp_path, small_library(), scenes) as lab:
        lab.model.answer = writing(lambda _: "See http://evil.example")
        async with lab.working():
            poor = await lab.analyse(**DETAILS, max_tokens=10)
            assert (poor.result or {})["stopped"] == "budget"
            assert not list(asked_lines(lab.model.seen))
            job = await lab.analyse(plan_id=poor.params["plan_id"], **DETAILS)
            assert await lab.changes(job) == []
    assert (job.result or {})["skipped"]["model_details_refused"] == len(scenes)
