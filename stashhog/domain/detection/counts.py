"""What was counted in organised scenes, and how counts become evidence.

Rules:
- Counts lie in slots: slot → value seen → target → how often; the target `""` is the total.
- A `View` is what was counted without one fold: confidence is learned only from counts that the
  scene in question did not help to make.
- Evidence is in log-odds, smoothed towards a prior, so that a thing never seen says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

TOTAL = ""
Rows = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Nested counts; only learning writes to them."""

    slots: dict[str, Rows] = field(default_factory=dict)

    def add(self, slot: str, value: str, target: str, times: int = 1) -> None:
        """Count a target under a value; the total is the caller's."""
        row = self._row(slot, value)
        row[target] = row.get(target, 0) + times

    def saw(self, slot: str, value: str, *targets: str) -> None:
        """Count a value, and each target that came with it."""
        row = self._row(slot, value)
        row[TOTAL] = row.get(TOTAL, 0) + 1
        for target in targets:
            row[target] = row.get(target, 0) + 1

    def merge(self, slots: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
        """Add what was counted elsewhere."""
        for slot, values in slots.items():
            for value, others in values.items():
                row = self._row(slot, value)
                for target, times in others.items():
                    row[target] = row.get(target, 0) + times

    def _row(self, slot: str, value: str) -> dict[str, int]:
        try:
            return self.slots[slot][value]
        except KeyError:
            return self.slots.setdefault(slot, {}).setdefault(value, {})


Tops = Mapping[str, Mapping[str, tuple[tuple[str, int], ...]]]
"""Slot → value → its most frequent targets, the most frequent first."""

_NO_TOPS: Mapping[str, tuple[tuple[str, int], ...]] = {}
_NO_ROWS: Mapping[str, Mapping[str, int]] = {}
_NO_ROW: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class View:
    """Counts, less those of a held-out fold."""

    counts: Counts
    held: Counts | None = None
    tops: Tops | None = None

    def n(self, slot: str, value: str, target: str = TOTAL) -> int:
        """How often the target was seen under the value."""
        row = self.counts.slots.get(slot, _NO_ROWS).get(value)
        if row is None:
            return 0
        seen = row.get(target, 0)
        if seen and self.held is not None:
            seen -= self.held.slots.get(slot, _NO_ROWS).get(value, _NO_ROW).get(target, 0)
        return seen

    def row(self, slot: str, value: str) -> Mapping[str, int]:
        """All targets under the value with how often they were seen, the total among them."""
        row = self.counts.slots.get(slot, _NO_ROWS).get(value, _NO_ROW)
        held = self.held.slots.get(slot, _NO_ROWS).get(value) if self.held is not None else None
        if not held:
            return row
        return {target: seen - held.get(target, 0) for target, seen in row.items()}

    def common(self, slot: str, value: str, least: int) -> list[tuple[str, int]]:
        """Targets seen at least so often under the value, the most frequent first."""
        if self.tops is not None:
            top = self.tops.get(slot, _NO_TOPS).get(value, ())
            return [item for item in top if item[1] >= least]
        row = self.counts.slots.get(slot, _NO_ROWS).get(value, _NO_ROW)
        found = [item for item in row.items() if item[1] >= least and item[0]]
        if self.held is not None and found:
            held = self.held.slots.get(slot, _NO_ROWS).get(value, _NO_ROW)
            if held:
                left = [(target, seen - held.get(target, 0)) for target, seen in found]
                found = [item for item in left if item[1] >= least]
        if len(found) > 1:
            found.sort(key=frequency)
        return found

    def odds(self, slot: str, value: str, target: str, prior: float, weight: float) -> float:
        """Log-odds of the target under the value, smoothed by `weight` scenes of `prior`."""
        row = self.counts.slots.get(slot, _NO_ROWS).get(value)
        if row is None:
            return logit(prior)
        total, seen = row.get(TOTAL, 0), row.get(target, 0)
        if self.held is not None:
            held = self.held.slots.get(slot, _NO_ROWS).get(value)
            if held is not None:
                total -= held.get(TOTAL, 0)
                seen -= held.get(target, 0)
        if not total:
            return logit(prior)
        return math.log((seen + weight * prior) / (total - seen + weight * (1.0 - prior)))


def frequency(item: tuple[str, int]) -> tuple[int, str]:
    """The order of targets: the most frequent first, then by name."""
    return -item[1], item[0]


def logit(p: float) -> float:
    """Log-odds of a probability, bounded."""
    p = min(max(p, 1e-6), 1.0 - 1e-6)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """The probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-min(max(x, -_FAR), _FAR)))


_FAR = 35.0
