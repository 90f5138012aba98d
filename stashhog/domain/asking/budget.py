"""Whether a call may be paid for: what it can cost at the most, beside what was spent and held.

Rules:
- A cap is hard: a call goes out only where its worst case fits into what is left of every cap.
- What is on its way counts with its worst case until it is known.
- A cap in money and an unknown price exclude each other: unknown is not 0.
- Money is counted in billionths of a dollar, which add up exactly: a call that fits to the last of
  them goes out, and none slips through by a rounding error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Refusal = Literal["budget", "price_unknown"]

_BILLION = 1_000_000_000


def billionths(usd: float) -> int:
    """An amount as it is counted: a token at a cent for a million of them is ten."""
    return round(usd * _BILLION)


def dollars(amount: int) -> float:
    """A counted amount as it is told."""
    return amount / _BILLION


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
    """What was used so far, calls on their way included; money in billionths of a dollar."""

    job_tokens: int = 0
    job: int = 0
    day: int = 0
    month: int = 0


def refused(wanted: Wanted, spent: Spent, caps: Caps) -> Refusal | None:
    """Why a call may not go out; None where it may."""
    if caps.in_money and wanted.usd is None:
        return "price_unknown"
    if caps.job_tokens is not None and spent.job_tokens + wanted.tokens > caps.job_tokens:
        return "budget"
    amount = billionths(wanted.usd or 0.0)
    pots = ((spent.job, caps.job_usd), (spent.day, caps.day_usd), (spent.month, caps.month_usd))
    beyond = any(cap is not None and sum_ + amount > billionths(cap) for sum_, cap in pots)
    return "budget" if beyond else None


def least(*caps: float | None) -> float | None:
    """The tightest of several caps on the same thing."""
    return min((cap for cap in caps if cap is not None), default=None)
