"""The shipped numbers as models: where a library starts that has little of its own.

Rules:
- With nothing organised the cold numbers hold; with more and more of it the warm ones, which were
  fitted where much was counted. Both are plain numbers by name: one that a later release does not
  know is passed over, one that it lacks is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stashhog.domain.detection import dates, performers, studio, tags, titles
from stashhog.domain.detection.model import Calibrator, Linear, Weights
from stashhog.domain.detection.shipped import COLD, WARM

FEATURES: Mapping[str, Sequence[str]] = {
    "studio": studio.FEATURES,
    "performers": performers.FEATURES,
    "date": dates.FEATURES,
    "title": titles.FEATURES,
    "tags": tags.FEATURES,
}
HALF_WAY = 60
"""From so many organised scenes on, what was counted says more than what was shipped."""

CALIBRATION = ("high", "low", "shift", "gap")

Numbers = Mapping[str, Mapping[str, float]]


def shipped(organized: int) -> Weights:
    """The weights to start from, by how many organised scenes there are."""
    warm = organized / (organized + HALF_WAY) if organized else 0.0
    return Weights(
        {name: Linear(_mix(name, names, warm)) for name, names in FEATURES.items()},
        {name: Calibrator(*_mix(f"{name}?", CALIBRATION, warm)) for name in FEATURES},
    )


def _mix(name: str, parts: Sequence[str], warm: float) -> tuple[float, ...]:
    cold_numbers, warm_numbers = COLD.get(name, {}), WARM.get(name, {})
    return tuple(
        (1.0 - warm) * cold_numbers.get(part, 0.0) + warm * warm_numbers.get(part, 0.0)
        for part in parts
    )


def untaught() -> Weights:
    """Where fitting the shipped numbers starts: nothing known."""
    return Weights(
        {name: Linear((0.0,) * len(names)) for name, names in FEATURES.items()},
        {name: Calibrator() for name in FEATURES},
    )


def numbers(weights: Weights) -> Numbers:
    """Weights as they are shipped, four digits each, zeros left out."""
    out: dict[str, dict[str, float]] = {}
    for name, names in FEATURES.items():
        linear = dict(zip(names, weights.linear[name].weights, strict=True))
        calibrator = weights.calibrators[name]
        bend = {part: float(getattr(calibrator, part)) for part in CALIBRATION}
        for key, values in ((name, linear), (f"{name}?", bend)):
            out[key] = {part: round(x, 4) for part, x in values.items() if round(x, 4)}
    return out
