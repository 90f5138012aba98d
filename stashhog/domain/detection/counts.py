"""What was counted in organised scenes, and how counts become evidence.

Rules:
- Counts lie in slots: slot → value seen → target → how often; the target `""` is the total.
- A `View` is what was counted without one fold: confidence is learned only from counts that the
  scene in question did not help to make.
- Evidence is in log-odds, smoothed towards a prior, so that a thing never seen says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TOTAL = ""
Rows = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Nested counts; only learning writes to them."""

    slots: dict[str, Rows] = field(default_factory=dict)

    def add(self, slot: str, value: str, target: str, times: int = 1) -> None:
        """Count a target under a value; the total is the caller's."""
        row = self.slots.setdefault(slot, {}).setdefault(value, {})
        row[target] = row.get(target, 0) + times


_NO_ROWS: Mapping[str, Mapping[str, int]] = {}
_NO_ROW: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class View:
    """Counts, less those of a held-out fold."""

    counts: Counts
    held: Counts | None = None

    def n(self, slot: str, value: str, target: str = TOTAL) -> int:
        """How often the target was seen under the value."""
        row = self.counts.slots.get(slot, _NO_ROWS).get(value)
        if row is None:
            return 0
        seen = row.get(target, 0)
        if seen and self.held is not None:
            seen -= self.held.slots.get(slot, _NO_ROWS).get(value, _NO_ROW).get(target, 0)
        return seen

    def row(self, slot: str, value: str) -> Iterator[tuple[str, int]]:
        """Each target seen under the value, with how often; the total is left out."""
        row = self.counts.slots.get(slot, _NO_ROWS).get(value, _NO_ROW)
        held = _NO_ROW
        if self.held is not None:
            held = self.held.slots.get(slot, _NO_ROWS).get(value, _NO_ROW)
        for target, seen in row.items():
            left = seen - held.get(target, 0) if held else seen
            if left > 0 and target:
                yield target, left

    def odds(self, slot: str, value: str, target: str, prior: float, weight: float) -> float:
        """Log-odds of the target under the value, smoothed by `weight` scenes of `prior`."""
        total = self.n(slot, value)
        if not total:
            return logit(prior)
        seen = self.n(slot, value, target)
        return math.log((seen + weight * prior) / (total - seen + weight * (1.0 - prior)))


def logit(p: float) -> float:
    """Log-odds of a probability, bounded."""
    p = min(max(p, 1e-6), 1.0 - 1e-6)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """The probability of log-odds."""
    if x < -35.0:
        return 0.0
    if x > 35.0:
        return 1.0
    return 1.0 / (1.0 + math.exp(-x))
