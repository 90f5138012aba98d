"""From examples to weights: field by field, each on what the former fields would have found.

Rules:
- An example's counts leave its own fold out; what is fitted on it is fitted on what would have been
  known of it.
- Linear weights first, then the calibrator on the scores they give, of winners only where one
  wins.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stashhog.domain.detection.counts import Counts, View
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.model import Linear, Weights
from stashhog.domain.detection.performers import PerformerCandidate
from stashhog.domain.detection.reading import known_title, last_day, read
from stashhog.domain.detection.scoring import STEPS, Scored, rivals
from stashhog.domain.detection.spelling import title_text
from stashhog.domain.detection.studio import StudioCandidate
from stashhog.domain.detection.tags import TagCandidate
from stashhog.domain.learning.fit import fit_calibrator, fit_linear, with_omissions
from stashhog.domain.learning.tally import TITLE_SLOTS, survey, survey_folders, tally, tally_titles
from stashhog.domain.library import Scene
from stashhog.domain.names import plain

FOLDS = 5
MOST_ROWS = 24_000
RIDGE = 3.0
CALIBRATION_RIDGE = 8.0
OMITTABLE = frozenset({"performers", "studio"})
"""Fields whose members people forget: one named in full and lacking was most likely forgotten."""
SHOWN_TITLE = (4, 1)
"""Every fourth example shows its title, as unorganised scenes sometimes do."""
SHOWN_STUDIO = (8, 3)

Checkpoint = Callable[[], None]


_TAKEN: list[float] = []


@dataclass(slots=True)
class Example:
    """A scene whose truth is known, while it is looked at as if it were not.

    `rows` are those of one field's candidates, in their order.
    """

    scene: Scene
    lexicon: Lexicon
    scored: Scored
    rows: Sequence[array[float]] = ()

    def take_rows(self, name: str) -> None:
        """Take the rows from the candidates: as arrays they are a third of the size."""
        scored = self.scored
        match name:
            case "date":
                self.rows = [array("d", c.row) for _, c in scored.dates]
                scored.dates = [(score, c._replace(row=_TAKEN)) for score, c in scored.dates]
            case "title":
                self.rows = [array("d", c.row) for _, c in scored.titles]
                scored.titles = [(score, c._replace(row=_TAKEN)) for score, c in scored.titles]
            case _:
                found = _of(name, scored)
                self.rows = [array("d", c.row) for c in found]
                for candidate in found:
                    candidate.row = _TAKEN

    def settle(self, name: str) -> None:
        """Let go of what no later field looks at."""
        self.rows = ()
        match name:
            case "date":
                self.scored.dates = []
            case "title":
                self.scored.titles = self.scored.titles[:1]
            case _:
                pass


def _of(name: str, scored: Scored) -> Sequence[StudioCandidate | PerformerCandidate | TagCandidate]:
    """The candidates of a field that has entities."""
    match name:
        case "studio":
            return scored.studios
        case "performers":
            return scored.performers
        case _:
            return scored.tags


def folded(
    scenes: Sequence[Scene], lexicon: Lexicon, counts: Counts, checkpoint: Checkpoint
) -> list[Example]:
    """Examples in folds, each with a view that leaves its fold out.

    Adds to `counts` where titles begin and end, which needs the other counts first.
    """
    full = View(counts)
    held = [Counts() for _ in range(FOLDS)]
    for at, scene in enumerate(scenes):
        checkpoint()
        reading = read(scene, lexicon, title=known_title(scene))
        tally(held[at % FOLDS], scene, reading)
        tally_titles(held[at % FOLDS], scene, reading, full)
    for fold in held:
        for slot in TITLE_SLOTS:
            for value, row in fold.slots.get(slot, {}).items():
                for target, times in row.items():
                    counts.add(slot, value, target, times)
    views = [View(counts, fold) for fold in held]
    examples = []
    for at, scene in enumerate(scenes):
        checkpoint()
        examples.append(_example(at, scene, lexicon, views[at % FOLDS]))
    return examples


def uncounted(scenes: Sequence[Scene], lexicon: Lexicon) -> list[Example]:
    """Examples as they look where nothing was ever organised."""
    counts = Counts()
    for scene in scenes:
        for file in scene.files:
            survey(counts, file.path, last_day(scene.created_at))
            survey_folders(counts, file.path, lexicon)
    view = View(counts)
    return [
        Example(scene, lexicon, Scored(read(scene, lexicon), view, None, ())) for scene in scenes
    ]


def _example(at: int, scene: Scene, lexicon: Lexicon, view: View) -> Example:
    shown = known_title(scene) if at % SHOWN_TITLE[0] == SHOWN_TITLE[1] else None
    studio = scene.studio_id if at % SHOWN_STUDIO[0] == SHOWN_STUDIO[1] else None
    return Example(scene, lexicon, Scored(read(scene, lexicon, title=shown), view, studio, ()))


def fit_weights(
    examples: Sequence[Example],
    start: Weights,
    checkpoint: Checkpoint,
    *,
    most_rows: int = MOST_ROWS,
    organized: bool = True,
) -> Weights:
    """Fit every field's weights and calibrator, staying near `start` where there is little."""
    linear = dict(start.linear)
    calibrators = dict(start.calibrators)
    for name, step in STEPS.items():
        weights = Weights(linear, calibrators)
        rows: list[array[float]] = []
        labels: list[bool] = []
        for example in examples:
            checkpoint()
            step(example.scored, example.lexicon, weights)
            example.take_rows(name)
            known = _known(name, example) if len(rows) < most_rows else ()
            if known:
                rows += example.rows
                labels += known
        fitted = fit_linear(rows, labels, linear[name].weights, ridge=RIDGE, checkpoint=checkpoint)
        linear[name] = Linear(fitted)
        scores: list[tuple[float, float, bool]] = []
        for example in examples:
            checkpoint()
            _rescore(name, example, linear[name])
            scores.extend(_winners(name, example))
            example.settle(name)
        calibrators[name] = fit_calibrator(
            scores, calibrators[name], ridge=CALIBRATION_RIDGE, checkpoint=checkpoint
        )
        if name in OMITTABLE and organized:
            calibrators[name] = with_omissions(calibrators[name], scores)
    return Weights(linear, calibrators)


def _known(name: str, example: Example) -> Sequence[bool]:
    """For each candidate whether it is right; nothing where that is not known."""
    scene, scored = example.scene, example.scored
    match name:
        case "studio":
            return [c.id == scene.studio_id for c in scored.studios]
        case "performers":
            return [c.id in scene.performer_ids for c in scored.performers]
        case "date" if scene.date:
            return [c.value == scene.date for _, c in scored.dates]
        case "title" if scene.title:
            truth = plain(scene.title)
            return [plain(title_text(c, scored.view)) == truth for _, c in scored.titles]
        case "tags":
            return [c.id in scene.tag_ids for c in scored.tags]
        case _:
            return ()


def _rescore(name: str, example: Example, linear: Linear) -> None:
    """Give the candidates their scores by the weights just fitted, best first."""
    scored, scores = example.scored, list(map(linear.score, example.rows))
    match name:
        case "date":
            scored.dates = [(score, c) for score, (_, c) in zip(scores, scored.dates, strict=True)]
            scored.dates.sort(key=lambda item: (-item[0], item[1].value))
        case "title":
            scored.titles = [
                (score, c) for score, (_, c) in zip(scores, scored.titles, strict=True)
            ]
            scored.titles.sort(key=lambda item: -item[0])
        case _:
            for score, candidate in zip(scores, _of(name, scored), strict=True):
                candidate.score = score
    if name == "studio":
        scored.studios.sort(key=lambda c: (-c.score, c.id))
        scored.likely = None


def _winners(name: str, example: Example) -> Iterator[tuple[float, float, bool]]:
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
            best = _best((plain(title_text(c, scored.view)), score) for score, c in scored.titles)
            yield from _winner(best, plain(scene.title))
        case "tags":
            yield from ((c.score, 0.0, c.id in scene.tag_ids) for c in scored.tags)
        case _:
            return


def _best(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for value, score in values:
        best[value] = max(score, best.get(value, score))
    return best


def _winner(scores: dict[str, float], truth: str | None) -> Iterator[tuple[float, float, bool]]:
    for value, score, rival in rivals(scores):
        yield score, rival, value == truth
        break
