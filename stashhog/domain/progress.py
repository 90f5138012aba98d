"""How fast a job goes and when it ends, said only where it means something.

Rules:
- The rate is a mean that forgets: what happened `MEMORY_S` seconds ago weighs a third. It is per
  second of time that passed, waiting included, so a job that stands still slows down.
- Nothing is said before `ENOUGH_S` seconds and `ENOUGH_STEPS` steps were seen, and no `eta_s`
  where the total is unknown or nothing moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from stashhog.domain.jobs import Progress

MEMORY_S = 10.0
ENOUGH_S = 2.0
ENOUGH_STEPS = 3
_SLOWEST = 1e-6


@dataclass(frozen=True, slots=True)
class Pace:
    """What was seen of a job's speed so far.

    `at_s` is a monotonic time in seconds; `amount` and `span_s` are the items and the seconds seen,
    both weighted by how long ago they were; `seen_s` is unweighted.
    """

    at_s: float
    done: int
    amount: float = 0.0
    span_s: float = 0.0
    seen_s: float = 0.0
    steps: int = 0

    @property
    def rate(self) -> float | None:
        """Items a second, or None while too little was seen."""
        if self.seen_s < ENOUGH_S or self.steps < ENOUGH_STEPS or self.span_s <= 0:
            return None
        return self.amount / self.span_s


def observe(pace: Pace, done: int, at_s: float) -> Pace:
    """Return the pace after `done` items stood at a time.

    A count that fell (a job that began again) starts the observation over.
    """
    if done < pace.done:
        return Pace(at_s, done)
    passed = at_s - pace.at_s
    if passed <= 0:
        return replace(pace, amount=pace.amount + done - pace.done, done=done)
    kept = math.exp(-passed / MEMORY_S)
    return Pace(
        at_s=at_s,
        done=done,
        amount=pace.amount * kept + (done - pace.done),
        span_s=pace.span_s * kept + MEMORY_S * (1 - kept),
        seen_s=pace.seen_s + passed,
        steps=pace.steps + (done > pace.done),
    )


def measured(progress: Progress, pace: Pace) -> Progress:
    """Return the progress with the rate and the time left that the pace tells of.

    `rate` is rounded to three digits, `eta_s` to whole seconds.
    """
    rate = pace.rate
    if rate is None or rate < _SLOWEST:
        return replace(progress, rate=None if rate is None else 0.0, eta_s=None)
    left = None if progress.total is None else max(progress.total - progress.done, 0)
    eta = None if left is None else float(round(left / rate))
    return replace(progress, rate=float(f"{rate:.3g}"), eta_s=eta)
