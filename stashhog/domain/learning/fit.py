"""Fitting the small models: ridge logistic regression by Newton steps, in plain Python.

Rules:
- The ridge pulls towards given weights, not towards zero: a small library stays near what was
  shipped, a large one goes its own way.
- Everything is deterministic; nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from operator import mul

from stashhog.domain.detection.counts import sigmoid
from stashhog.domain.detection.model import Calibrator, calibration_row

STEPS = 20
SLICE = 400
"""Rows between two checkpoints: some milliseconds of work."""


def fit_linear(
    rows: Sequence[Sequence[float]],
    labels: Sequence[bool],
    towards: Sequence[float],
    *,
    ridge: float,
    checkpoint: Callable[[], None],
) -> tuple[float, ...]:
    """Weights that explain the labels and stay near `towards`.

    Args:
        rows: Features, each of the length of `towards`.
        labels: Which of the rows were right.
        towards: What the weights are where there are no rows.
        ridge: How many (unit-scaled) rows `towards` is worth.
        checkpoint: Called every few milliseconds; what it raises ends the fit.
    """
    size = len(towards)
    weights = list(towards)
    least = math.inf
    step = [0.0] * size
    for _ in range(STEPS):
        gradient = [ridge * (t - w) for t, w in zip(towards, weights, strict=True)]
        loss = 0.5 * sum(g * g for g in gradient) / ridge
        curve = [[0.0] * size for _ in range(size)]
        for at in range(size):
            curve[at][at] = ridge
        for start in range(0, len(rows), SLICE):
            checkpoint()
            part = slice(start, start + SLICE)
            loss += _accumulate(rows[part], labels[part], weights, gradient, curve)
        if loss > least:
            # too far: half the way back, as often as it takes
            step = [s / 2.0 for s in step]
            weights = [w - s for w, s in zip(weights, step, strict=True)]
            continue
        least = loss
        step = _solve(curve, gradient)
        longest = max(map(abs, step), default=0.0)
        scale = min(1.0, 4.0 / longest) if longest else 1.0
        step = [scale * s for s in step]
        weights = [w + s for w, s in zip(weights, step, strict=True)]
        if longest < 1e-4:
            break
    return tuple(weights)


def _accumulate(
    rows: Sequence[Sequence[float]],
    labels: Sequence[bool],
    weights: list[float],
    gradient: list[float],
    curve: list[list[float]],
) -> float:
    """Add rows to the gradient and to the lower triangle of the curvature; returns their loss."""
    loss = 0.0
    for row, right in zip(rows, labels, strict=True):
        score = sum(map(mul, weights, row))
        p = sigmoid(score)
        loss += softplus(-score if right else score)
        miss = right - p
        bend = max(p * (1.0 - p), 1e-6)
        items = list(compress(enumerate(row), row))
        for place, (at, x) in enumerate(items):
            gradient[at] += miss * x
            line = curve[at]
            bent = bend * x
            for other, y in items[: place + 1]:
                line[other] += bent * y
    return loss


def softplus(x: float) -> float:
    """The loss of a wrong score, log(1 + e^x)."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _solve(lower: list[list[float]], right: list[float]) -> list[float]:
    """Solve by Cholesky; `lower` is a positive definite matrix's lower triangle."""
    size = len(right)
    root = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = lower[i][j] - sum(map(mul, root[i][:j], root[j][:j]))
            root[i][j] = max(rest, 1e-9) ** 0.5 if i == j else rest / root[j][j]
    middle = [0.0] * size
    for i in range(size):
        middle[i] = (right[i] - sum(map(mul, root[i][:i], middle[:i]))) / root[i][i]
    out = [0.0] * size
    for i in reversed(range(size)):
        known = sum(root[k][i] * out[k] for k in range(i + 1, size))
        out[i] = (middle[i] - known) / root[i][i]
    return out


def fit_calibrator(
    scores: Sequence[tuple[float, float, bool]],
    towards: Calibrator,
    *,
    ridge: float,
    checkpoint: Callable[[], None],
) -> Calibrator:
    """Fit a calibrator to (score, runner-up, right); monotone in the score."""
    if not scores:
        return towards
    rows = []
    for at, (score, rival, _) in enumerate(scores):
        if not at % SLICE:
            checkpoint()
        rows.append(calibration_row(score, rival))
    labels = [right for _, _, right in scores]
    start = (towards.high, towards.low, towards.shift, towards.gap)
    high, low, shift, gap = fit_linear(rows, labels, start, ridge=ridge, checkpoint=checkpoint)
    if min(high, low) >= 0.0:
        return Calibrator(high, low, shift, gap)
    return _straight(scores, labels, towards, ridge, checkpoint)


def _straight(
    scores: Sequence[tuple[float, float, bool]],
    labels: Sequence[bool],
    towards: Calibrator,
    ridge: float,
    checkpoint: Callable[[], None],
) -> Calibrator:
    """One slope for both ends, where two would turn the order of scores."""
    rows = [(min(max(score, -30.0), 30.0), 1.0, rival) for score, rival, _ in scores]
    start = ((towards.high + towards.low) / 2.0, towards.shift, towards.gap)
    slope, shift, gap = fit_linear(rows, labels, start, ridge=ridge, checkpoint=checkpoint)
    return Calibrator(max(slope, LEAST_SLOPE), max(slope, LEAST_SLOPE), shift, gap)


LEAST_SLOPE = 0.05


SUREST = 0.4
MOST_OMITTED = 0.05
OMISSION_PRIOR = 40.0


def with_omissions(
    calibrator: Calibrator, scores: Sequence[tuple[float, float, bool]]
) -> Calibrator:
    """Take what the surest candidates lack of being right for omissions of the scenes."""
    ranked = sorted(scores, key=lambda item: -item[0])
    surest = ranked[: int(SUREST * len(ranked))]
    missing = sum(not right for _, _, right in surest)
    return replace(calibrator, omitted=min(MOST_OMITTED, missing / (len(surest) + OMISSION_PRIOR)))
