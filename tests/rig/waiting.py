"""Waiting for something to become true, never longer than was said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_never = threading.Event()


def pause(seconds: float) -> None:
    """Let some time pass."""
    _never.wait(seconds)


def until(look: Callable[[], T], what: str, *, seconds: float = 10.0, every_s: float = 0.02) -> T:
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
