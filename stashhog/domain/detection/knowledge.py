"""What detection goes by: the names, what organised scenes meant, and the fitted numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stashhog.domain.detection.counts import Counts, Tops, View, frequency
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.model import Correction, Weights
from stashhog.domain.detection.trust import Trust
from stashhog.domain.library import Library

MOST_TOPS = 24
CALIBRATED_FROM = 150
"""From so many organised scenes on, confidences are the library's own."""

_RANKED = ("S:", "P>S", "S>T", "P>T", "F>T", "W>T", "T>T")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything learned from one library; it can be pickled and does not change.

    `calibrated` is False while there are too few organised scenes for the confidence to be the
    library's own.
    """

    lexicon: Lexicon
    counts: Counts
    weights: Weights
    organized_scenes: int
    calibrated: bool
    tops: Tops
    trust: Mapping[str, Trust] = field(default_factory=dict)
    """By field what a model's opinion was worth; the usual where it is not known."""
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    """By field what the user's decisions said of earlier confidences."""

    @classmethod
    def of(
        cls, lexicon: Lexicon, counts: Counts, weights: Weights, organized: int, tops: Tops
    ) -> Knowledge:
        """What so many organised scenes taught."""
        return cls(lexicon, counts, weights, organized, organized >= CALIBRATED_FROM, tops)

    @property
    def library(self) -> Library:
        """The entities that may be proposed."""
        return self.lexicon.library

    def view(self) -> View:
        """All counts."""
        return View(self.counts, None, self.tops)


def strongest(counts: Counts, checkpoint: Callable[[], None]) -> Tops:
    """Rank the targets of the slots that candidates are taken from."""
    tops: dict[str, dict[str, tuple[tuple[str, int], ...]]] = {}
    for slot, rows in counts.slots.items():
        if not slot.startswith(_RANKED):
            continue
        ranked = tops.setdefault(slot, {})
        for value, row in rows.items():
            checkpoint()
            found = sorted((item for item in row.items() if item[0]), key=frequency)
            ranked[value] = tuple(found[:MOST_TOPS])
    return tops
