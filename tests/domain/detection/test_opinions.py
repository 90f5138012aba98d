from __future__ import annotations

import random
from collections import Counter

import pytest

from stashhog.domain.detection import (
    DetectionOptions,
    Examined,
    Knowledge,
    examine,
    questions,
    reconsider,
)
from stashhog.domain.detection.trust import Said, Trust, trusted
from stashhog.domain.learning import learn
from tests.domain.detection.libraries import library, scene

OPTIONS = DetectionOptions()


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return learn(
        library(
            performers=("River", "Jane Doe", ("Anna Stone", "Ann Pebble"), "Anna Field"),
            studios=("Quiet Rivers", "North Lights"),
            tags=("Forest",),
        ),
        [],
    )


def look(path: str, knowledge: Knowledge) -> Examined:
    return examine(scene(path), knowledge, OPTIONS)


def test_what_is_sure_is_not_asked_about(knowledge: Knowledge) -> None:
    examined = look("/v/North Lights/North Lights - 2020-03-04 - Jane Doe - Dawn.mp4", knowledge)
    asked = {question.field for question in questions(examined, knowledge)}
    assert asked.isdisjoint({"studio", "performers", "date"})


def test_an_opaque_name_asks_nothing(knowledge: Knowledge) -> None:
    assert questions(look("/v/new/f3a9c01bd77e.mp4", knowledge), knowledge) == ()


def test_questions_offer_only_candidates_best_first(knowledge: Knowledge) -> None:
    examined = look("/v/new/river walks at dawn with jane.mp4", knowledge)
    asked = questions(examined, knowledge)
    assert asked
    for question in asked:
        confidences = [option.confidence for option in question.options]
        assert confidences == sorted(confidences, reverse=True)
        if question.field == "performers":
            assert {o.entity_id for o in question.options} <= set(knowledge.library.performers)


def test_agreeing_raises_and_disagreeing_lowers_the_confidence(knowledge: Knowledge) -> None:
    examined = look("/v/new/Jane Doe walks.mp4", knowledge)

    def confidence(*, chosen: bool) -> float:
        options = DetectionOptions(min_confidence=0.0)
        findings = reconsider(examined, {"performers": {"2": chosen}}, knowledge, options)
        return next(p.confidence for p in findings.proposals if p.field == "performers")

    alone = next(p.confidence for p in examined.findings.proposals if p.field == "performers")
    assert confidence(chosen=False) < alone < confidence(chosen=True)


def test_no_opinion_leaves_everything_as_it_was(knowledge: Knowledge) -> None:
    examined = look("/v/new/Jane Doe walks.mp4", knowledge)
    assert reconsider(examined, {}, knowledge, OPTIONS) == examined.findings


def test_a_value_that_is_no_candidate_is_never_proposed(knowledge: Knowledge) -> None:
    examined = look("/v/new/Jane Doe walks.mp4", knowledge)
    opinions = {
        "studio": {"1": True}, "performers": {"4": True, "99": True},
        "date": {"2020-01-01": True}, "title": {"Rob the bank": True},
    }  # fmt: skip
    findings = reconsider(examined, opinions, knowledge, DetectionOptions(min_confidence=0.0))
    values = {(p.field, p.key) for p in findings.proposals}
    assert values.isdisjoint(
        {("studio", "1"), ("performers", "4"), ("performers", "99"), ("date", "2020-01-01")}
    )
    assert all(p.value != "Rob the bank" for p in findings.proposals)


def test_a_title_of_the_files_own_words_may_be_new(knowledge: Knowledge) -> None:
    examined = look("/v/new/north_lights_jane_doe_the_long_way_home_xx.mp4", knowledge)
    text = "way home xx"
    assert text not in {p.value.lower() for p in examined.findings.proposals}
    findings = reconsider(
        examined, {"title": {text: True}}, knowledge, DetectionOptions(min_confidence=0.0)
    )
    title = next(p for p in findings.proposals if p.field == "title")
    said = {title.value.lower(), str((title.evidence["runner_up"] or {}).get("value")).lower()}
    assert text in said


def test_the_evidence_says_what_the_model_said(knowledge: Knowledge) -> None:
    examined = look("/v/new/river walks.mp4", knowledge)
    low = DetectionOptions(min_confidence=0.0)
    findings = reconsider(examined, {"performers": {"1": True}}, knowledge, low)
    river = next(p for p in findings.proposals if p.field == "performers" and p.key == "1")
    assert river.evidence["model"] == "agrees"
    assert river.reason.endswith("The model agrees.")


def test_what_was_not_offered_is_neither_moved_nor_said_to_be_of_another_opinion(
    knowledge: Knowledge,
) -> None:
    low = DetectionOptions(min_confidence=0.0)
    examined = examine(scene("/v/new/Jane Doe, Anna Stone - River.mp4"), knowledge, low)
    findings = reconsider(examined, {"performers": {"2": False}}, knowledge, low)
    alone = {p.key: p for p in examined.findings.proposals if p.field == "performers"}
    told = {p.key: p for p in findings.proposals if p.field == "performers"}
    assert told["2"].evidence["model"] == "disagrees"
    others = alone.keys() - {"2"}
    assert others
    assert all(told[key] == alone[key] for key in others)


def test_trust_follows_what_opinions_were_worth() -> None:
    def of(right: float, wrong: float) -> Trust:
        cases = {
            Said(p, 1, taken): share * 100
            for p, took in ((1.0, right), (0.0, wrong))
            for taken, share in ((True, took), (False, 1.0 - took))
        }
        return trusted({"tags": cases})["tags"]

    usual, sharp, blind = Trust(), of(0.95, 0.05), of(0.5, 0.5)
    assert sharp.agrees(1) > usual.agrees(1) > blind.agrees(1) >= 0.0
    assert sharp.disagrees(1) < usual.disagrees(1) < blind.disagrees(1) <= 0.0


@pytest.mark.parametrize("among", [1, 2, 6])
@pytest.mark.parametrize("reads", [0.0, 0.8])
def test_without_decisions_reading_is_told_from_guessing_by_what_was_likely(
    among: int, reads: float
) -> None:
    chance = random.Random(among)
    cases: Counter[Said] = Counter()
    for _ in range(400):
        likely = chance.random()
        odds = [likely, *[(1.0 - likely) / among] * (among - 1)]
        right = next((at for at, p in enumerate(odds) if chance.random() < p), None)
        guess = chance.randrange(among) if chance.random() < 0.7 else None
        took = right if chance.random() < reads else guess
        cases.update(Said(round(p, 1), among, at == took) for at, p in enumerate(odds))
    trust = trusted({"studio": cases})["studio"]
    assert trust.reads == pytest.approx(reads, abs=0.2)
    if not reads:
        assert trust.agrees(among) < 0.8
        assert trust.disagrees(among) > -0.6
    else:
        assert trust.agrees(among) > 1.2
        assert trust.disagrees(among) < -0.9
