"""What the user's own organised scenes teach: counts, weights and what a confidence is worth.

Rules:
- Weights and calibrators are fitted on scores whose counts leave the scene's fold out.
- Small libraries stay near the shipped numbers; below `CALIBRATED_FROM` organised scenes the
  confidence is not the library's own.
- The same scenes in the same order teach the same.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stashhog.domain.detection.counts import Counts, View
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.lexicon import Lexicon, build_lexicon
from stashhog.domain.detection.model import Calibrator, Linear, Weights
from stashhog.domain.detection.reading import known_title, read
from stashhog.domain.detection.scoring import STEPS, Scored, rivals
from stashhog.domain.detection.titles import title_text
from stashhog.domain.detection.weights import shipped
from stashhog.domain.learning.fit import fit_calibrator, fit_linear
from stashhog.domain.learning.tally import tally, tally_titles
from stashhog.domain.library import Library, Scene
from stashhog.domain.names import plain

__all__ = ["CALIBRATED_FROM", "Knowledge", "learn"]

CALIBRATED_FROM = 150
FOLDS = 5
MOST_SAMPLED = 3_000
MOST_ROWS = 24_000
RIDGE = 3.0
CALIBRATION_RIDGE = 8.0


def _nothing() -> None:
    """No checkpoint."""


def learn(
    library: Library,
    organized: Iterable[Scene],
    *,
    checkpoint: Callable[[], None] = _nothing,
) -> Knowledge:
    """Learn from organised scenes; others among them are passed over.

    Args:
        library: The entities that may be proposed.
        organized: The scenes, read once, in any amount.
        checkpoint: Called every few milliseconds of work; what it raises ends the learning.
    """
    lexicon = build_lexicon(library)
    counts = Counts()
    sample: list[tuple[int, str, Scene]] = []
    total = 0
    for scene in organized:
        checkpoint()
        if not scene.organized or not scene.files:
            continue
        total += 1
        tally(counts, scene, read(scene, lexicon, title=known_title(scene)))
        entry = (-zlib.crc32(f"s{scene.id}".encode("utf-8", "replace")), scene.id, scene)
        if len(sample) < MOST_SAMPLED:
            heapq.heappush(sample, entry)
        else:
            heapq.heappushpop(sample, entry)
    scenes = [scene for _, _, scene in sorted(sample, key=lambda entry: (entry[0], entry[1]))]
    weights = shipped(total)
    if scenes:
        weights = _fit(scenes, lexicon, counts, weights, checkpoint)
    return Knowledge(lexicon, counts, weights, total, total >= CALIBRATED_FROM)


@dataclass(slots=True)
class _Example:
    """A sampled scene in its fold, between two fields."""

    scene: Scene
    scored: Scored


def _fit(
    scenes: Sequence[Scene],
    lexicon: Lexicon,
    counts: Counts,
    start: Weights,
    checkpoint: Callable[[], None],
) -> Weights:
    examples = list(_examples(scenes, lexicon, counts, checkpoint))
    linear = dict(start.linear)
    calibrators = dict(start.calibrators)
    for name, step in STEPS.items():
        weights = Weights(linear, calibrators)
        rows: list[array[float]] = []
        labels: list[bool] = []
        for example in examples:
            checkpoint()
            step(example.scored, lexicon, weights)
            if len(rows) < MOST_ROWS:
                for row, right in _labelled(name, example):
                    rows.append(array("d", row))
                    labels.append(right)
        linear[name] = Linear(
            fit_linear(
                rows, labels, linear[name].weights, ridge=RIDGE, checkpoint=checkpoint
            )
        )
        rows.clear()
        weights = Weights(linear, calibrators)
        scores: list[tuple[float, float, bool]] = []
        for example in examples:
            checkpoint()
            _rescore(name, example.scored, linear[name])
            scores.extend(_winners(name, example))
        calibrators[name] = fit_calibrator(
            scores, calibrators[name], ridge=CALIBRATION_RIDGE, checkpoint=checkpoint
        )
    return Weights(linear, calibrators)


def _examples(
    scenes: Sequence[Scene], lexicon: Lexicon, counts: Counts, checkpoint: Callable[[], None]
) -> Iterator[_Example]:
    """Cut the sample in folds, each with a view that leaves it out."""
    full = View(counts)
    held = [Counts() for _ in range(FOLDS)]
    kept = []
    for at, scene in enumerate(scenes):
        checkpoint()
        reading = read(scene, lexicon, title=known_title(scene))
        tally(held[at % FOLDS], scene, reading)
        tally_titles(held[at % FOLDS], scene, reading, full)
    for fold in held:
        for slot in ("b>", "b<", "template"):
            for value, row in fold.slots.get(slot, {}).items():
                for target, times in row.items():
                    counts.add(slot, value, target, times)
    for at, scene in enumerate(scenes):
        checkpoint()
        shown = known_title(scene) if at % 4 == 1 else None
        reading = read(scene, lexicon, title=shown)
        studio = scene.studio_id if at % 8 == 3 else None
        kept.append(_Example(scene, Scored(reading, View(counts, held[at % FOLDS]), studio, ())))
    yield from kept


def _labelled(name: str, example: _Example) -> Iterator[tuple[Sequence[float], bool]]:
    scene, scored = example.scene, example.scored
    match name:
        case "studio":
            yield from ((c.row, c.id == scene.studio_id) for c in scored.studios)
        case "performers":
            yield from ((c.row, c.id in scene.performer_ids) for c in scored.performers)
        case "date" if scene.date:
            yield from ((c.row, c.value == scene.date) for _, c in scored.dates)
        case "title" if scene.title:
            truth = plain(scene.title)
            yield from ((c.row, plain(title_text(c)) == truth) for _, c in scored.titles)
        case "tags":
            yield from ((c.row, c.id in scene.tag_ids) for c in scored.tags)


def _rescore(name: str, scored: Scored, linear: Linear) -> None:
    """Give the candidates their scores by the weights just fitted, best first."""
    match name:
        case "date":
            scored.dates = [(linear.score(c.row), c) for _, c in scored.dates]
            scored.dates.sort(key=lambda item: (-item[0], item[1].value))
        case "title":
            scored.titles = [(linear.score(c.row), c) for _, c in scored.titles]
            scored.titles.sort(key=lambda item: -item[0])
        case "studio":
            for studio in scored.studios:
                studio.score = linear.score(studio.row)
            scored.studios.sort(key=lambda c: (-c.score, c.id))
        case _:
            for candidate in scored.performers if name == "performers" else scored.tags:
                candidate.score = linear.score(candidate.row)


def _winners(name: str, example: _Example) -> Iterator[tuple[float, float, bool]]:
    """What would be proposed for the field: score, runner-up, right."""
    scene, scored = example.scene, example.scored
    match name:
        case "studio":
            yield from _winner({c.id: c.score for c in scored.studios}, scene.studio_id)
        case "performers":
            yield from ((c.score, 0.0, c.id in scene.performer_ids) for c in scored.performers)
        case "date" if scene.date:
            best = _best((c.value, score) for score, c in scored.dates)
            yield from _winner(best, scene.date)
        case "title" if scene.title:
            best = _best((plain(title_text(c)), score) for score, c in scored.titles)
            yield from _winner(best, plain(scene.title))
        case "tags":
            yield from ((c.score, 0.0, c.id in scene.tag_ids) for c in scored.tags)


def _best(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for value, score in values:
        best[value] = max(score, best.get(value, score))
    return best


def _winner(scores: dict[str, float], truth: str | None) -> Iterator[tuple[float, float, bool]]:
    for value, score, rival in rivals(scores):
        yield score, rival, value == truth
        break
