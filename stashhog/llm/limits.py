"""What a model's server says of its own limits, in the status and headers of an answer.

Rules:
- Hints only: what is absent, negative or no number says nothing.
- A reset is a duration like `6m0s` or `20ms`, or plain seconds.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from stashhog.ports.model import ModelLimits

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (3600.0, 60.0, 1.0, 0.001)
_MOST_DIGITS = 24
_LONGEST_WAIT_S = 3600.0
_USUAL_WAIT_S = 0.5


def read_limits(status: int, headers: Mapping[str, str]) -> ModelLimits | None:
    """Read the limits; None where nothing is said."""
    throttled = status == HTTPStatus.TOO_MANY_REQUESTS
    limits = ModelLimits(
        _count(headers.get("x-ratelimit-remaining-requests", "")),
        _count(headers.get("x-ratelimit-remaining-tokens", "")),
        _seconds(headers.get("x-ratelimit-reset-requests", "")),
        _seconds(headers.get("x-ratelimit-reset-tokens", "")),
        wait_seconds(headers) if throttled else None,
    )
    return None if limits == ModelLimits() else limits


def wait_seconds(headers: Mapping[str, str]) -> float:
    """Read when trying again makes sense; a moment, where the server does not say."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            return _bounded(float(text) / unit)
        except ValueError:
            continue
    try:
        until = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return _USUAL_WAIT_S
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return _bounded((until - datetime.now(UTC)).total_seconds())


def _bounded(seconds: float) -> float:
    if not seconds >= 0:  # negative, or not a number
        return _USUAL_WAIT_S
    return min(seconds, _LONGEST_WAIT_S)


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
