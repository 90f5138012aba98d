"""Waiting for something to become true, never longer than was said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long a test waits for what must come. What must be *soon* is asserted, not waited for."""

_never = threading.Event()


def pause(seconds: float) -> None:
    """Let some time pass."""
    _never.wait(seconds)


def until(
    look: Callable[[], T], what: str, *, seconds: float = PATIENCE_S, every_s: float = 0.02
) -> T:
    """Look until the answer is truthy, and return it.

    Raises:
        AssertionError: it was not within `seconds`; names `what` and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s; last seen {answer!r}")
        pause(every_s)
