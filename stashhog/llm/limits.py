"""What a model's server says of its own limits, in the headers of an answer; pure.

Rules:
- Hints only: what is absent, negative or no number says nothing.
- A reset is a duration like `6m0s` or `20ms`, or plain seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stashhog.ports.model import ModelLimits

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (3600.0, 60.0, 1.0, 0.001)
_MOST_DIGITS = 24


def read_limits(headers: Mapping[str, str]) -> ModelLimits | None:
    """Read the limits; None where nothing is said."""
    limits = ModelLimits(
        _count(headers.get("x-ratelimit-remaining-requests", "")),
        _count(headers.get("x-ratelimit-remaining-tokens", "")),
        _seconds(headers.get("x-ratelimit-reset-requests", "")),
        _seconds(headers.get("x-ratelimit-reset-tokens", "")),
    )
    return None if limits == ModelLimits() else limits


def _count(text: str) -> int | None:
    text = text.strip()
    ok = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if ok else None


def _seconds(text: str) -> float | None:
    text = text.strip()
    if not text or len(text) > _MOST_DIGITS:
        return None
    match = _DURATION.fullmatch(text)
    if match is not None:
        return sum(float(n) * unit for n, unit in zip(match.groups("0"), _UNITS, strict=True))
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
