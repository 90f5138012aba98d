from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.detection import DetectionOptions, Knowledge, detect
from stashhog.domain.detection.counts import Counts, View
from stashhog.domain.detection.model import Calibrator
from stashhog.domain.learning import CALIBRATED_FROM, learn
from stashhog.domain.learning.decisions import FEWEST, Decided, corrections
from stashhog.domain.learning.fit import fit_calibrator, fit_linear
from stashhog.domain.learning.keeping import knowledge_key, packed, unpacked
from stashhog.domain.library import Library, Scene
from tests.domain.detection.libraries import EPOCH, found, library, names, organized, scene

KNOWN = library(
    performers=("Dana Merrow", "Ina Vale", "Summer"),
    studios=("North Pier", "Quay"),
    tags=("Rain", "Sea"),
)


def habits(number: int) -> list[Scene]:
    scenes = []
    for at in range(1, number + 1):
        studio = "1" if at % 2 else "2"
        code = "npr" if at % 2 else "qua"
        scenes.append(
            organized(
                f"/v/box {studio}/{code}{at:04d} dana merrow walk {at % 7}.mp4", at, studio=studio,
                performers=("1",), tags=("1",) if at % 2 else (), title=f"Walk {at % 7}",
            )
        )  # fmt: skip
    return scenes


@functools.cache
def taught(number: int = 60) -> Knowledge:
    return learn(KNOWN, habits(number))


def test_a_folder_and_a_prefix_come_to_mean_their_studio() -> None:
    path = "/v/box 1/npr0777 something else.mp4"
    assert found(path, KNOWN, "studio") == []
    proposals = found(path, taught(), "studio")
    assert names(proposals) == {"North Pier"}
    assert proposals[0].source == "learned"


def test_few_organised_scenes_do_not_make_a_library_calibrated() -> None:
    assert not taught(60).calibrated
    assert learn(KNOWN, habits(CALIBRATED_FROM)).calibrated


def test_the_order_of_the_scenes_teaches_nothing() -> None:
    scenes = habits(40)
    Random(1).shuffle(scenes)
    one, other = learn(KNOWN, habits(40)), learn(KNOWN, scenes)
    assert one.weights == other.weights
    assert one.counts == other.counts


def test_what_the_learning_checkpoint_raises_ends_it() -> None:
    class Stopped(Exception):  # noqa: N818 - no error
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        learn(KNOWN, habits(5), checkpoint=stop)


def test_counts_without_a_fold_are_the_counts_of_the_others() -> None:
    everything, fold, rest = Counts(), Counts(), Counts()
    for at in range(30):
        target = str(at % 3)
        for counts in (everything, fold if at % 5 == 0 else rest):
            counts.add("slot", "value", target)
            counts.add("slot", "value", "")
    held, alone = View(everything, fold), View(rest)
    for target in ("", "0", "1", "2", "9"):
        assert held.n("slot", "value", target) == alone.n("slot", "value", target)
    assert held.common("slot", "value", 1) == alone.common("slot", "value", 1)


SCORES = st.lists(
    st.tuples(st.floats(-9, 9), st.floats(-8, 8), st.booleans()), min_size=1, max_size=60
)


@given(SCORES)
def test_a_calibrator_never_turns_the_order(scores: Sequence[tuple[float, float, bool]]) -> None:
    fitted = fit_calibrator(scores, Calibrator(), ridge=2.0, checkpoint=lambda: None)
    shown = [fitted.confidence(score / 2.0, 0.0) for score in range(-40, 41)]
    assert all(a <= b + 1e-12 for a, b in pairwise(shown))
    assert all(0.0 <= confidence <= 1.0 for confidence in shown)


def test_calibrated_confidence_is_the_share_of_right_ones() -> None:
    r = Random(7)
    scores = []
    for _ in range(3000):
        score = r.gauss(0.0, 3.0)
        scores.append((score, 0.0, r.random() < 1.0 / (1.0 + 2.718281828 ** (-0.5 * score + 0.4))))
    fitted = fit_calibrator(scores, Calibrator(), ridge=8.0, checkpoint=lambda: None)
    for low in (-4.0, -1.0, 1.0, 3.0):
        part = [(s, right) for s, _, right in scores if low <= s < low + 1.0]
        shown = sum(fitted.confidence(s) for s, _ in part) / len(part)
        assert abs(shown - sum(right for _, right in part) / len(part)) < 0.07


def test_a_fit_that_starts_far_off_still_arrives() -> None:
    rows = [(1.0, float(x)) for x in range(-20, 21)] * 5
    labels = [row[1] > 2 or (at % 11 == 0) for at, row in enumerate(rows)]
    near_by = fit_linear(rows, labels, (0.0, 0.0), ridge=0.01, checkpoint=lambda: None)
    far = fit_linear(rows, labels, (-9.0, 6.0), ridge=0.01, checkpoint=lambda: None)
    assert all(abs(a - b) < 0.5 for a, b in zip(near_by, far, strict=True))


def test_decisions_correct_a_confidence_that_promises_too_much() -> None:
    decided = [
        Decided("title", 0.9, 60, 40),
        Decided("title", 0.6, 20, 30),
        Decided("date", 0.9, 3, 0),
    ]
    found_ones = corrections(decided)
    assert set(found_ones) == {"title"}
    correction = found_ones["title"]
    assert 0.55 < correction.corrected(0.9) < 0.72
    assert correction.corrected(0.6) < correction.corrected(0.9)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 90), st.integers(0, 90)), max_size=20))
def test_corrections_keep_the_order(rows: list[tuple[float, int, int]]) -> None:
    decided = [Decided("title", *row) for row in rows]
    enough = sum(row.right + row.wrong for row in decided) >= FEWEST
    correction = corrections(decided).get("title")
    assert (correction is not None) == (enough and bool(decided))
    if correction is not None:
        shown = [correction.corrected(at / 20.0) for at in range(21)]
        assert all(a <= b for a, b in pairwise(shown))


def test_corrected_confidences_say_what_they_were_before() -> None:
    decided = [Decided("performers", 0.95, 10, 90)]
    knowledge = learn(KNOWN, [])
    corrected = Knowledge(
        knowledge.lexicon, knowledge.counts, knowledge.weights, 0, calibrated=False,
        tops=knowledge.tops, corrections=corrections(decided),
    )  # fmt: skip
    before = found("/v/Dana Merrow.mp4", knowledge, "performers")[0]
    after = found("/v/Dana Merrow.mp4", corrected, "performers", least=0.0)[0]
    assert after.confidence < before.confidence
    assert after.evidence["before_decisions"] == before.confidence


def looked(knowledge: Knowledge) -> list[object]:
    paths = ("/v/box 1/npr1 dana merrow.mp4", "/v/Quay - 2020-03-14 - Sea.mp4", "/v/x/summer.mp4")
    options = DetectionOptions(min_confidence=0.0)
    return [detect(scene(path), knowledge, options) for path in paths]


def test_kept_knowledge_sees_what_it_saw_before() -> None:
    key = knowledge_key(KNOWN, 3)
    content = packed(taught(), key)
    assert content is not None
    again = unpacked(content, KNOWN, key, lambda: None)
    assert again is not None
    assert looked(again) == looked(taught())


@pytest.mark.parametrize("broken", [b"", b"not zipped", b"\x78\x01\x00"])
def test_damaged_knowledge_is_learned_anew(broken: bytes) -> None:
    assert unpacked(broken, KNOWN, knowledge_key(KNOWN, 3), lambda: None) is None


def test_knowledge_of_another_library_or_revision_is_not_taken() -> None:
    content = packed(taught(), knowledge_key(KNOWN, 3))
    assert content is not None
    other = Library(KNOWN.performers, KNOWN.tags, {})
    assert unpacked(content, KNOWN, knowledge_key(KNOWN, 4), lambda: None) is None
    assert unpacked(content, other, knowledge_key(other, 3), lambda: None) is None


def test_a_learned_studio_says_where_it_was_read_and_how_often_that_was_right() -> None:
    proposal = found("/v/box 1/zzz something.mp4", taught(), "studio", least=0.0)[0]
    assert proposal.reason == "30 of 30 organised scenes in this folder are by North Pier."
    assert (proposal.evidence["rule"], proposal.evidence["span"]) == ("studio.folder", "box 1")
    proposal = found("/v/other/npr0777 something.mp4", taught(), "studio", least=0.0)[0]
    assert proposal.reason.startswith("30 of 30 organised scenes whose files begin like this")
    assert proposal.evidence["span"] == "npr"


def test_a_tag_by_custom_says_what_it_went_with() -> None:
    proposals = found("/v/box 1/npr0777 zzz.mp4", taught(), "tags", least=0.0)
    custom = next(p for p in proposals if p.evidence["rule"].startswith("tag.custom"))
    assert custom.value == "Rain"
    assert custom.reason.startswith("30 of 30 organised scenes ")


def test_a_folder_that_only_happens_to_be_called_like_a_studio_is_none() -> None:
    known = library(studios=("Wild", "North Pier", "Marble House", "Blue Door"))
    other = ("North Pier", "Marble House", "Blue Door")
    root = [f"/mnt/Wild/new/{other[at % 3]} - Day {at}.mp4" for at in range(9)]
    own = [f"/data/Marble House/Day {at}.mp4" for at in range(9)]
    knowledge = learn(known, [], [(path, EPOCH) for path in (*root, *own)])
    assert found("/mnt/Wild/new/A Quiet Morning.mp4", knowledge, "studio") == []
    assert names(found("/data/Marble House/A Quiet Morning.mp4", knowledge, "studio")) == {
        "Marble House"
    }
    assert names(found("/mnt/Wild/new/A Quiet Morning.mp4", known, "studio")) == {"Wild"}
