from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from stashhog.domain.detection import DetectionOptions, Knowledge, detect
from stashhog.domain.detection.counts import Counts, Rows, View
from stashhog.domain.detection.model import Calibrator
from stashhog.domain.learning import CALIBRATED_FROM, FIT_AGAIN, Lesson, learn, learn_again
from stashhog.domain.learning.decisions import FEWEST, Decided, corrections
from stashhog.domain.learning.fit import fit_calibrator, fit_linear
from stashhog.domain.learning.keeping import lesson_key, packed, unpacked
from stashhog.domain.learning.tally import TITLE_SLOTS
from stashhog.domain.library import Library, Scene, SceneFile
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
def lesson(number: int = 60) -> tuple[Knowledge, Lesson]:
    return learn_again(None, KNOWN, habits(number))


def taught(number: int = 60) -> Knowledge:
    return lesson(number)[0]


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
    key = lesson_key(KNOWN)
    content = packed(lesson()[1], key, 3)
    assert content is not None
    again = unpacked(content, key, lambda: None)
    assert again is not None
    assert again.revision == 3
    recalled = again.lesson.recalled(KNOWN, lambda: None)
    assert (recalled.counts, recalled.tops) == (taught().counts, taught().tops)
    assert (recalled.weights, recalled.organized_scenes) == (taught().weights, 60)
    assert looked(recalled) == looked(taught())


@pytest.mark.parametrize("broken", [b"", b"not zipped", b"\x78\x01\x00", zlib.compress(b"[]")])
def test_damaged_knowledge_is_learned_anew(broken: bytes) -> None:
    assert unpacked(broken, lesson_key(KNOWN), lambda: None) is None


def test_half_a_lesson_is_learned_anew() -> None:
    content = packed(lesson()[1], lesson_key(KNOWN), 3)
    assert content is not None
    for size in range(0, len(content), 97):
        assert unpacked(content[:size], lesson_key(KNOWN), lambda: None) is None


def test_what_was_learned_with_other_names_is_not_taken() -> None:
    content = packed(lesson()[1], lesson_key(KNOWN), 3)
    assert content is not None
    other = Library(KNOWN.performers, KNOWN.tags, {})
    assert unpacked(content, lesson_key(other), lambda: None) is None


EDITS: Mapping[str, Callable[[Scene], Scene | None]] = {
    "gone": lambda _: None,
    "no longer organised": lambda one: replace(one, organized=False),
    "without files": lambda one: replace(one, files=()),
    "moved": lambda one: replace(one, files=(SceneFile("f", "/v/attic/quay summer.mp4"),)),
    "titled": lambda one: replace(one, title="Summer"),
    "dated": lambda one: replace(one, date="2019-02-03"),
    "another studio": lambda one: replace(one, studio_id="2"),
    "another cast": lambda one: replace(one, performer_ids=("2", "3")),
    "another tag": lambda one: replace(one, tag_ids=("2",)),
    "rated": lambda one: replace(one, rating100=60),
}


@given(
    edits=st.lists(st.tuples(st.integers(0, 15), st.sampled_from(sorted(EDITS))), max_size=4),
    new=st.integers(0, 3),
)
@settings(max_examples=12)
def test_learning_again_after_edits_counts_what_learning_anew_counts(
    edits: list[tuple[int, str]], new: int
) -> None:
    before = spread(habits(16))
    changed: dict[str, Scene] = {one.id: one for one in before}
    for at, edit in edits:
        one = changed.get(before[at].id)
        edited = EDITS[edit](one) if one is not None else None
        changed.pop(before[at].id, None)
        if edited is not None:
            changed[edited.id] = edited
    for at in range(new):
        added = replace(before[at], id=str(70_000 + at))
        changed[added.id] = added
    after = sorted(changed.values(), key=lambda one: int(one.id))

    _, former = learn_again(None, KNOWN, before, paths_of(before))
    anew, whole = learn_again(None, KNOWN, after, paths_of(after))
    again, _ = learn_again(former, KNOWN, after, paths_of(after))
    assert (again.counts, again.weights) == (anew.counts, anew.weights)  # few scenes: fitted again

    lasting = replace(former, changed=-len(before))
    again, kept = learn_again(lasting, KNOWN, after, paths_of(after))
    assert tables(again) == tables(anew)
    assert again.organized_scenes == anew.organized_scenes
    assert [block.prints for block in kept.blocks] == [block.prints for block in whole.blocks]


def paths_of(scenes: Sequence[Scene]) -> list[tuple[str, datetime]]:
    return [(one.path, EPOCH) for one in scenes if one.path]


def spread(scenes: list[Scene]) -> list[Scene]:
    """The same with ids that lie in several blocks."""
    return [replace(one, id=str(997 + 311 * at)) for at, one in enumerate(scenes)]


def tables(knowledge: Knowledge) -> dict[str, Rows]:
    """What was counted, but for what is counted in the scenes that were fitted on."""
    slots = knowledge.counts.slots
    return {slot: rows for slot, rows in slots.items() if slot not in TITLE_SLOTS and rows}


def test_one_edit_of_many_counts_at_once_and_fits_nothing_again() -> None:
    before = habits(FIT_AGAIN + 1)
    former = lesson(FIT_AGAIN + 1)[1]
    after = [*before[:-1], replace(before[-1], studio_id="2")]
    again, kept = learn_again(former, KNOWN, after)
    assert (again.weights, kept.changed) == (former.weights, 1)
    assert again.counts.slots["S"][""] == {"": 101, "1": 50, "2": 51}

    twice = [replace(after[0], studio_id="2"), *after[1:]]
    again, kept = learn_again(kept, KNOWN, twice)
    anew = learn(KNOWN, twice)
    assert (again.counts, again.weights, kept.changed) == (anew.counts, anew.weights, 0)


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
