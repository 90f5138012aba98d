"""One scene through all detectors, each using what the former ones found.

Order: studio, performers, date, title, tags. The same steps run while learning, with counts that
leave the scene's fold out, and afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from stashhog.domain.detection.counts import View, sigmoid
from stashhog.domain.detection.dates import DateCandidate, date_candidates
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.model import Calibrator, Weights
from stashhog.domain.detection.performers import (
    PerformerCandidate,
    performer_candidates,
    sure_cast,
)
from stashhog.domain.detection.reading import Reading
from stashhog.domain.detection.spelling import title_text
from stashhog.domain.detection.studio import StudioCandidate, studio_candidates
from stashhog.domain.detection.tags import TagCandidate, TagContext, tag_candidates
from stashhog.domain.detection.titles import TitleCandidate, title_candidates
from stashhog.domain.names import plain

T = TypeVar("T")

SURE = 0.5


@dataclass(slots=True)
class Scored:
    """A scene while it is looked at: candidates by field, best first where one wins."""

    reading: Reading
    view: View
    studio_known: str | None
    cast_known: tuple[str, ...]
    studios: list[StudioCandidate] = field(default_factory=list)
    performers: list[PerformerCandidate] = field(default_factory=list)
    dates: list[tuple[float, DateCandidate]] = field(default_factory=list)
    titles: list[tuple[float, TitleCandidate]] = field(default_factory=list)
    tags: list[TagCandidate] = field(default_factory=list)
    likely: dict[str, float] | None = None
    written: dict[tuple[int, int, int], tuple[str, str]] = field(default_factory=dict)
    heard: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """By field confidences with a model's word in them, by id, date or title."""

    def confidence(self, name: str, key: str, alone: float) -> float:
        """A candidate's confidence: what it was alone, where no model said anything."""
        return self.heard[name].get(key, alone) if name in self.heard else alone

    def title_of(self, candidate: TitleCandidate) -> tuple[str, str]:
        """The candidate's run as a title, and in the form that titles are compared in."""
        run = (id(candidate.segment), candidate.first, candidate.after)
        if run not in self.written:
            text = title_text(candidate, self.view)
            self.written[run] = text, plain(text)
        return self.written[run]

    def likely_studios(self, weights: Weights) -> dict[str, float]:
        """The studio on the scene, or the best candidates with their probability."""
        if self.likely is None:
            self.likely = self._likely(weights)
        return self.likely

    def _likely(self, weights: Weights) -> dict[str, float]:
        if self.studio_known is not None:
            return {self.studio_known: 1.0}
        calibrator = weights.calibrators["studio"]
        best: dict[str, float] = {}
        for at, candidate in enumerate(self.studios[:3]):
            rival = self.studios[1 if at == 0 else 0].score if len(self.studios) > 1 else -8.0
            best[candidate.id] = calibrator.confidence(candidate.score, bounded(rival))
        total = sum(best.values())
        return {s: p / max(1.0, total) for s, p in best.items()}

    def top_studio(self, weights: Weights) -> str | None:
        """The studio on the scene, or the best candidate where that is sure enough."""
        for studio, p in self.likely_studios(weights).items():
            if p >= SURE:
                return studio
        return None

    def sure_performers(self) -> tuple[str, ...]:
        """Performers on the scene, and the candidates that are sure enough."""
        sure = [c.id for c in self.performers if sigmoid(c.score) >= SURE]
        return tuple(dict.fromkeys((*self.cast_known, *sure)))

    def name_tokens(self, weights: Weights) -> frozenset[int]:
        """Stem tokens that belong to sure names."""
        taken: set[int] = set()
        for candidate in self.performers:
            if sigmoid(candidate.score) >= SURE:
                for mention in candidate.mentions:
                    if mention.segment.role == "stem":
                        taken.update(range(mention.first, mention.after))
        top = self.top_studio(weights)
        for studio in self.studios:
            if studio.id == top:
                for named in studio.named:
                    if named.segment.role == "stem":
                        taken.update(range(named.hit.first, named.hit.after))
        return frozenset(taken)


def bounded(score: float) -> float:
    """A runner-up's score as the calibrators take it."""
    return min(max(score, -8.0), 8.0)


def score_studios(scored: Scored, lexicon: Lexicon, weights: Weights) -> None:
    """Find and rank the studios."""
    cast = dict.fromkeys((*scored.cast_known, *sure_cast(scored.reading, lexicon)))
    scored.studios = studio_candidates(scored.reading, cast, lexicon, scored.view)
    linear = weights.linear["studio"]
    for candidate in scored.studios:
        candidate.score = linear.score(candidate.row)
    scored.studios.sort(key=lambda c: (-c.score, c.id))
    scored.likely = None


def score_performers(scored: Scored, lexicon: Lexicon, weights: Weights) -> None:
    """Find and score the performers."""
    likely = scored.likely_studios(weights)
    scored.performers = performer_candidates(scored.reading, likely, lexicon, scored.view)
    linear = weights.linear["performers"]
    for candidate in scored.performers:
        candidate.score = linear.score(candidate.row)


def score_dates(scored: Scored, lexicon: Lexicon, weights: Weights) -> None:
    """Find and rank the dates."""
    linear = weights.linear["date"]
    found = date_candidates(scored.reading, scored.top_studio(weights), scored.view)
    scored.dates = sorted(
        ((linear.score(c.row), c) for c in found), key=lambda item: (-item[0], item[1].value)
    )


def score_titles(scored: Scored, lexicon: Lexicon, weights: Weights) -> None:
    """Find and rank the titles."""
    linear = weights.linear["title"]
    names = scored.name_tokens(weights)
    found = title_candidates(scored.reading, names, scored.top_studio(weights), scored.view)
    scored.titles = sorted(((linear.score(c.row), c) for c in found), key=lambda item: -item[0])


def score_tags(scored: Scored, lexicon: Lexicon, weights: Weights) -> None:
    """Find and score the tags."""
    context = TagContext(
        scored.likely_studios(weights),
        scored.sure_performers(),
        next(((c.first, c.after) for _, c in scored.titles[:1] if c.segment.role == "stem"), None),
        scored.name_tokens(weights),
    )
    scored.tags = tag_candidates(scored.reading, context, lexicon, scored.view)
    linear = weights.linear["tags"]
    for candidate in scored.tags:
        candidate.score = linear.score(candidate.row)


STEPS = {
    "studio": score_studios,
    "performers": score_performers,
    "date": score_dates,
    "title": score_titles,
    "tags": score_tags,
}


def studio_odds(scored: Scored, calibrator: Calibrator) -> Iterator[tuple[StudioCandidate, float]]:
    """Each studio with its confidence against the best other one, the best first."""
    best = [bounded(c.score) for c in scored.studios[:2]]
    for at, candidate in enumerate(scored.studios):
        rival = (best[1:] or [-8.0])[0] if at == 0 else best[0]
        yield candidate, calibrator.confidence(candidate.score, rival)


def date_odds(scored: Scored, calibrator: Calibrator) -> list[tuple[DateCandidate, float]]:
    """The first different dates alike."""
    return _text_odds(((s, c.value, c) for s, c in scored.dates), calibrator)


def title_odds(scored: Scored, calibrator: Calibrator) -> list[tuple[TitleCandidate, float]]:
    """The first different titles alike."""
    return _text_odds(((s, scored.title_of(c)[1], c) for s, c in scored.titles), calibrator)


MOST_TEXTS = 4


def _text_odds(
    found: Iterable[tuple[float, str, T]], calibrator: Calibrator
) -> list[tuple[T, float]]:
    best: dict[str, tuple[float, T]] = {}
    for score, key, candidate in found:
        best.setdefault(key, (score, candidate))
        if len(best) == MOST_TEXTS:
            break
    ranked = list(best.values())
    odds = []
    for at, (score, candidate) in enumerate(ranked):
        rival = ranked[1 if at == 0 else 0][0] if len(ranked) > 1 else -8.0
        odds.append((candidate, calibrator.confidence(score, bounded(rival))))
    return odds


def rivals(scores: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    """Each value with its score and that of the best other value."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    for at, (value, score) in enumerate(ranked):
        other = ranked[1 if at == 0 else 0][1] if len(ranked) > 1 else -8.0
        yield value, score, bounded(other)
