"""A model that reads well makes doubtful scenes better, and one that reads badly little worse."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from stashhog.domain.asking import Answer, AskedScene, asked_scene, opinions_of
from stashhog.domain.asking.credit import Credit
from stashhog.domain.detection import (
    DetectionOptions,
    Proposal,
    examine,
    questions,
    reconsider,
)
from stashhog.domain.learning import Knowledge, learn
from stashhog.domain.library import Entity, Library, Scene
from stashhog.domain.names import plain
from tests.asking.lab import scene_of

STUDIOS = {str(100 + n): name for n, name in enumerate(("Tern", "Tern Tales", "Lowland", "Kite"))}
FIRST = ("Ada", "Ben", "Cleo", "Dara", "Eli", "Fay")
LAST = ("Marsh", "Finch", "Lane", "Calloway")
PEOPLE = {
    str(200 + n): f"{first} {last}"
    for n, (first, last) in enumerate((f, s) for f in FIRST for s in LAST)
}
WORDS = ("lantern", "river", "copper", "meadow", "winter", "signal", "hollow", "ember", "harbour")
LIBRARY = Library(
    {k: Entity("performer", k, v) for k, v in PEOPLE.items()},
    {},
    {k: Entity("studio", k, v) for k, v in STUDIOS.items()},
)
OPTIONS = DetectionOptions(min_confidence=0.0)
Truth = dict[str, frozenset[str]]
Reader = Callable[[AskedScene, Truth], Answer]


def scenes(count: int) -> list[tuple[Scene, Truth]]:
    """Scenes whose names say less than the truth; every second one is organised."""
    rng = random.Random(20261124)
    made = []
    for number in range(count):
        studio, person = rng.choice([*STUDIOS]), rng.choice([*PEOPLE])
        title = " ".join(rng.sample(WORDS, 3)).title()
        name = PEOPLE[person].split()[0] if rng.random() < 0.5 else PEOPLE[person]
        mark = STUDIOS[studio].split()[0] if rng.random() < 0.6 else ""
        junk = rng.choice(("", "x", "final cut", "copy of", "raw"))
        path = f"/v/{rng.choice(('mixed', 'new', mark or 'old'))}/{junk} {name} {title} {mark}.mp4"
        truth = {
            "studio": frozenset({studio}),
            "performers": frozenset({person}),
            "title": frozenset({plain(title)}),
        }
        own = {"title": title, "studio_id": studio, "performer_ids": (person,), "organized": True}
        made.append((scene_of(number + 1, path, **(own if number % 2 else {})), truth))
    return made


def reader(right: float) -> Reader:
    """A model that is right about each candidate with this probability."""
    rng = random.Random(7)

    def read(asked: AskedScene, truth: Truth) -> Answer:
        picks: dict[str, str] = {}
        for code, (field, option) in asked.options.items():
            key = plain(option.value) if field == "title" else option.key
            fits = key in truth.get(field, frozenset())
            if fits == (rng.random() < right):
                picks.setdefault(code if field == "performers" else field, code)
        return Answer(tuple(picks.values()))

    return read


@dataclass
class Made:
    """Scenes with their truth, and what the organised ones teach."""

    scenes: list[tuple[Scene, Truth]]
    knowledge: Knowledge


def judged(made: Made, read: Reader | None) -> list[tuple[float, bool]]:
    """Confidence and rightness of what is proposed for the scenes that are asked about."""
    knowledge, credit = made.knowledge, Credit()
    found: list[tuple[float, bool]] = []
    for number, (scene, truth) in enumerate(made.scenes):
        if number % 100 == 0:
            knowledge = replace(knowledge, trust=credit.trust())
        examined = examine(scene, knowledge, OPTIONS)
        asked = asked_scene(examined, questions(examined, knowledge), about="reader")
        if asked is None:
            continue
        proposals = examined.findings.proposals
        if read is not None:
            opinions = opinions_of(asked, read(asked, truth))
            credit.note(asked, opinions)
            proposals = reconsider(examined, opinions, knowledge, OPTIONS).proposals
        found += [(p.confidence, _right(p, truth)) for p in proposals if p.field in asked.fields]
    return found


def _right(proposal: Proposal, truth: Truth) -> bool:
    key = plain(proposal.value) if proposal.field == "title" else proposal.key
    return key in truth.get(proposal.field, frozenset())


def at(found: list[tuple[float, bool]], least: float) -> tuple[int, float]:
    """How many right ones there are from a confidence on, and their share."""
    kept = [right for confidence, right in found if confidence >= least]
    return sum(kept), sum(kept) / max(1, len(kept))


@pytest.fixture(scope="module")
def made() -> Made:
    found = scenes(500)
    return Made(found, learn(LIBRARY, [scene for scene, _ in found if scene.organized]))


def test_a_good_reader_raises_recall_and_precision_holds(made: Made) -> None:
    alone, helped = judged(made, None), judged(made, reader(0.95))
    assert len(alone) > 100
    for least in (0.5, 0.8):
        right_alone, _ = at(alone, least)
        right, precision = at(helped, least)
        assert right > 1.1 * right_alone
        assert precision >= least
    mean = [sum(c for c, ok in helped if ok is wanted) for wanted in (True, False)]
    before = [sum(c for c, ok in alone if ok is wanted) for wanted in (True, False)]
    assert mean[0] > before[0]  # right ones are surer
    assert mean[1] / max(1, sum(not ok for _, ok in helped)) < before[1] / sum(
        not ok for _, ok in alone
    )  # wrong ones less so


def test_a_reader_that_tosses_coins_moves_little_and_is_believed_less(made: Made) -> None:
    alone, tossed = judged(made, None), judged(made, reader(0.5))
    _, before = at(alone, 0.8)
    right, after = at(tossed, 0.8)
    assert right > 0
    assert after >= before - 0.03


def test_a_reader_that_takes_the_first_of_everything_moves_little(made: Made) -> None:
    def first(asked: AskedScene, _truth: Truth) -> Answer:
        return Answer(tuple(code for code in asked.options if code[1:] == "0"))

    alone, told = judged(made, None), judged(made, first)
    _, before = at(alone, 0.8)
    right, after = at(told, 0.8)
    assert right > 0
    assert after >= before - 0.03


def test_no_opinion_changes_nothing(made: Made) -> None:
    def silent(_asked: AskedScene, _truth: Truth) -> Answer:
        return Answer(())

    knowledge = made.knowledge
    for scene, truth in made.scenes[:100]:
        examined = examine(scene, knowledge, OPTIONS)
        asked = asked_scene(examined, questions(examined, knowledge), about="reader")
        assert reconsider(examined, {}, knowledge, OPTIONS) == examined.findings
        if asked is None:
            continue
        found = reconsider(examined, opinions_of(asked, silent(asked, truth)), knowledge, OPTIONS)
        told = {(p.field, p.key): p.confidence for p in examined.findings.proposals}
        for proposal in found.proposals:
            if proposal.field in asked.fields and (proposal.field, proposal.key) in told:
                assert proposal.confidence <= told[proposal.field, proposal.key]
