"""What detection goes by: the names, what organised scenes meant, and the fitted numbers."""

from __future__ import annotations

from dataclasses import dataclass

from stashhog.domain.detection.counts import Counts, View
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.model import Weights
from stashhog.domain.library import Library


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

    @property
    def library(self) -> Library:
        """The entities that may be proposed."""
        return self.lexicon.library

    def view(self) -> View:
        """All counts."""
        return View(self.counts)
