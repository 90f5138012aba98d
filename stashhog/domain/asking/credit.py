"""How far a model may be believed, told from its answers alone, without anybody's decisions.

The candidates' own confidences say how many of them are right: a model that reads takes the likely
ones more often than the unlikely ones, one that guesses takes both alike (`detection.trust`).
"""

from __future__ import annotations

from collections.abc import Mapping

from stashhog.domain.asking.scenes import AskedScene
from stashhog.domain.detection import Opinions
from stashhog.domain.detection.opinions import among
from stashhog.domain.detection.trust import Said, Trust, trusted

MORE = 1.1
"""What a tenth more answers say may move it."""

_GRAIN = 0.04
"""Confidences are counted in such steps: the answers of a whole library take no more room."""


class Credit:
    """Counts what a model took of what it was offered in one analysis, beside what was known."""

    def __init__(self, known: Mapping[str, Trust] | None = None) -> None:
        self._trust = known or {}
        self._cases = {field: dict(trust.cases) for field, trust in self._trust.items()}
        self._noted = self._fitted = 0

    def note(self, scene: AskedScene, opinions: Opinions) -> None:
        """Count an answer."""
        for field, option in scene.options.values():
            said = opinions.get(field)
            if said is not None:
                grain = round(option.confidence / _GRAIN) * _GRAIN
                case = Said(grain, among(field, said), said[option.key])
                cases = self._cases.setdefault(field, {})
                cases[case] = cases.get(case, 0.0) + 1.0
                self._noted += 1

    def trust(self) -> Mapping[str, Trust]:
        """By field what the model's word is worth by now; fitted anew where that may have moved."""
        if self._noted > MORE * self._fitted:
            self._fitted, self._trust = self._noted, trusted(self._cases)
        return self._trust
