"""Whether a call may be paid for: what it can cost at the most, beside what was spent and held.

Rules:
- A cap is hard: a call goes out only where its worst case fits into what is left of every cap.
- What is on its way counts with its worst case until it is known.
- A cap in money and an unknown price exclude each other: unknown is not 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Refusal = Literal["budget", "price_unknown"]


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a job, a day and a month may use; None is no cap."""

    job_tokens: int | None = None
    job_usd: float | None = None
    day_usd: float | None = None
    month_usd: float | None = None

    @property
    def in_money(self) -> bool:
        """Whether one of them is an amount of money."""
        return any(cap is not None for cap in (self.job_usd, self.day_usd, self.month_usd))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The most that one call can use; `usd` is None where no price is known."""

    input_tokens: int
    output_tokens: int
    usd: float | None

    @property
    def tokens(self) -> int:
        """Of both kinds."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used so far, calls on their way included."""

    job_tokens: int = 0
    job_usd: float = 0.0
    day_usd: float = 0.0
    month_usd: float = 0.0


def refused(wanted: Wanted, spent: Spent, caps: Caps) -> Refusal | None:
    """Why a call may not go out; None where it may."""
    if caps.in_money and wanted.usd is None:
        return "price_unknown"
    usd = wanted.usd or 0.0
    beyond = (
        _beyond(spent.job_tokens + wanted.tokens, caps.job_tokens)
        or _beyond(spent.job_usd + usd, caps.job_usd)
        or _beyond(spent.day_usd + usd, caps.day_usd)
        or _beyond(spent.month_usd + usd, caps.month_usd)
    )
    return "budget" if beyond else None


def _beyond(sum_: float, cap: float | None) -> bool:
    return cap is not None and sum_ > cap


def least(*caps: float | None) -> float | None:
    """The tightest of several caps on the same thing."""
    return min((cap for cap in caps if cap is not None), default=None)
