from __future__ import annotations

import pytest

from stashhog.domain.detection import (
    DetectionOptions,
    Examined,
    Knowledge,
    examine,
    questions,
    reconsider,
)
from stashhog.domain.detection.model import trusted
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

    def confidence(chosen: frozenset[str]) -> float:
        options = DetectionOptions(min_confidence=0.0)
        findings = reconsider(examined, {"performers": chosen}, knowledge, options)
        return next(p.confidence for p in findings.proposals if p.field == "performers")

    alone = next(p.confidence for p in examined.findings.proposals if p.field == "performers")
    assert confidence(frozenset()) < alone < confidence(frozenset({"2"}))


def test_no_opinion_leaves_everything_as_it_was(knowledge: Knowledge) -> None:
    examined = look("/v/new/Jane Doe walks.mp4", knowledge)
    assert reconsider(examined, {}, knowledge, OPTIONS) == examined.findings


def test_a_value_that_is_no_candidate_is_never_proposed(knowledge: Knowledge) -> None:
    examined = look("/v/new/Jane Doe walks.mp4", knowledge)
    opinions = {
        "studio": frozenset({"1"}), "performers": frozenset({"4", "99"}),
        "date": frozenset({"2020-01-01"}), "title": frozenset({"Rob the bank"}),
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
        examined, {"title": frozenset({text})}, knowledge, DetectionOptions(min_confidence=0.0)
    )
    title = next(p for p in findings.proposals if p.field == "title")
    said = {title.value.lower(), str((title.evidence["runner_up"] or {}).get("value")).lower()}
    assert text in said


def test_the_evidence_says_what_the_model_said(knowledge: Knowledge) -> None:
    examined = look("/v/new/river walks.mp4", knowledge)
    low = DetectionOptions(min_confidence=0.0)
    findings = reconsider(examined, {"performers": frozenset({"1"})}, knowledge, low)
    river = next(p for p in findings.proposals if p.field == "performers" and p.key == "1")
    assert river.evidence["model"] == "agrees"
    assert river.reason.endswith("The model agrees.")


def test_trust_follows_what_opinions_were_worth() -> None:
    usual = trusted(0, 0, 0, 0)
    sharp = trusted(95, 100, 5, 100)
    blind = trusted(50, 100, 50, 100)
    assert sharp.agrees > usual.agrees > blind.agrees >= 0.0
    assert sharp.disagrees < usual.disagrees < blind.disagrees <= 0.0
