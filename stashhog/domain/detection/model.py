"""The small linear models: plain numbers, no code.

Rules:
- A model is weights by feature name; scoring is a dot product.
- Confidence is a score bent by a beta calibrator with one more term, the gap to the runner-up.
- Organised scenes have slips of their own: `omitted` is the share of surest candidates that they
  lack, taken for omissions and not for mistakes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from stashhog.domain.detection.counts import logit, sigmoid


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights in the order of a field's features."""

    weights: tuple[float, ...]

    def score(self, row: Sequence[float]) -> float:
        """Log-odds that the candidate is right."""
        return float(sum(map(mul, self.weights, row)))


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Beta calibration of log-odds: `high` bends the upper end, `low` the lower one."""

    high: float = 1.0
    low: float = 1.0
    shift: float = 0.0
    gap: float = 0.0
    omitted: float = 0.0

    def confidence(self, score: float, runner_up: float = 0.0) -> float:
        """The share of such proposals that are right."""
        row = calibration_row(score, runner_up)
        p = sigmoid(sum(map(mul, (self.high, self.low, self.shift, self.gap), row)))
        return min(1.0, p / (1.0 - self.omitted))


def calibration_row(score: float, runner_up: float) -> tuple[float, float, float, float]:
    """What a calibrator's four numbers are multiplied with."""
    score = min(max(score, -30.0), 30.0)
    return -math.log1p(math.exp(-score)), math.log1p(math.exp(score)), 1.0, runner_up


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything fitted, by field."""

    linear: Mapping[str, Linear]
    calibrators: Mapping[str, Calibrator]


@dataclass(frozen=True, slots=True)
class Correction:
    """What decisions made of confidences: their log-odds times `slope`, plus `shift`."""

    slope: float = 1.0
    shift: float = 0.0

    def corrected(self, confidence: float) -> float:
        """A confidence as the person's decisions say it should have been."""
        return sigmoid(self.slope * logit(confidence) + self.shift)
