"""What a person's decisions say of past confidences: accepted is right, rejected or edited wrong.

Rules:
- What is compared is the confidence before it was corrected by earlier decisions, so that
  corrections do not pile up. It was given before the person decided, so nothing leaks.
- Few decisions move little: the correction is pulled towards none, and below `FEWEST` of them
  there is none.
- The order of confidences never turns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stashhog.domain.detection.counts import logit, sigmoid
from stashhog.domain.detection.model import Correction
from stashhog.domain.detection.trust import Said, Trust, trusted

FEWEST = 20
RIDGE = 10.0
STEPS = 25
LEAST_SLOPE = 0.2
MOST = 0.9995
SHORTEST = 1e-3
OFFERED = {"studio": 4, "date": 2, "title": 4}
"""Between about how many values a model chose where a person decided later."""


@dataclass(frozen=True, slots=True)
class Decided:
    """How many proposals of one field and confidence a person found right and wrong.

    `opinion` is what a model said of them: `agrees`, `disagrees`, or None where it was not asked.
    """

    field: str
    confidence: float
    right: int
    wrong: int
    opinion: str | None = None


def corrections(decided: Iterable[Decided]) -> Mapping[str, Correction]:
    """By field how confidences are to be corrected; fields with too few decisions are absent."""
    by_field: dict[str, list[Decided]] = {}
    for one in decided:
        by_field.setdefault(one.field, []).append(one)
    return {
        field: _fitted(found)
        for field, found in by_field.items()
        if sum(one.right + one.wrong for one in found) >= FEWEST
    }


def trust(decided: Iterable[Decided]) -> Mapping[str, Trust]:
    """By field what a model's opinions turned out to be worth."""
    cases: dict[str, dict[Said, float]] = {}
    for one in decided:
        if one.opinion is not None:
            for confidence, number in ((1.0, one.right), (0.0, one.wrong)):
                said = Said(confidence, OFFERED.get(one.field, 1), one.opinion == "agrees")
                row = cases.setdefault(one.field, {})
                row[said] = row.get(said, 0.0) + number
    return trusted(cases)


def _fitted(found: list[Decided]) -> Correction:
    """Newton steps on the penalised likelihood of slope and shift, halved where they overshoot."""
    points = [(logit(min(max(d.confidence, 1.0 - MOST), MOST)), d.right, d.wrong) for d in found]
    slope, shift = 1.0, 0.0
    least = _loss(points, slope, shift)
    for _ in range(STEPS):
        g1, g0 = RIDGE * (1.0 - slope), -RIDGE * shift
        a, b, c = RIDGE, 0.0, RIDGE
        for x, right, wrong in points:
            p = sigmoid(slope * x + shift)
            miss = right - (right + wrong) * p
            bend = (right + wrong) * p * (1.0 - p)
            g1, g0 = g1 + miss * x, g0 + miss
            a, b, c = a + bend * x * x, b + bend * x, c + bend
        whole = a * c - b * b
        step = ((c * g1 - b * g0) / whole, (a * g0 - b * g1) / whole)
        scale = 1.0
        while (
            scale > 1e-3 and _loss(points, slope + scale * step[0], shift + scale * step[1]) > least
        ):
            scale /= 2.0
        slope, shift = slope + scale * step[0], shift + scale * step[1]
        least = _loss(points, slope, shift)
        if max(map(abs, step)) < 1e-5:
            break
    return Correction(max(slope, LEAST_SLOPE), shift)


def _loss(points: list[tuple[float, int, int]], slope: float, shift: float) -> float:
    loss = 0.5 * RIDGE * ((slope - 1.0) ** 2 + shift * shift)
    for x, right, wrong in points:
        score = slope * x + shift
        loss += right * math.log1p(math.exp(min(-score, 700.0)))
        loss += wrong * math.log1p(math.exp(min(score, 700.0)))
    return loss
