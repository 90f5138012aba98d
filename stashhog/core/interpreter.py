"""What the process asks of the Python interpreter: how threads take turns, and when it collects.

Rules:
- Threads take turns often, so that the event loop and the database writer get theirs beside a
  thread that computes.
- A whole collection of the garbage holds every thread while it walks all objects there are: some
  100 ms beside what is imported alone, and a quarter of a sync's time. What is there for good is
  therefore frozen, and never walked again.
- Where much is built that stays until its end, and no cycles are made, nothing is collected.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

SWITCH_INTERVAL_S = 0.0005
"""Measured: the loop's p99 lag beside a matching thread is 3 ms with it, 14 ms without."""
COLLECT_AFTER = 100_000
"""Measured: a page of a sync makes some 20,000 objects, none in a cycle; with Python's own 700 new
ones between two collections, these take a tenth of a sync's CPU. While scenes wait for a model's
answers, each with thousands of objects, 10,000 stop all threads for 0.7 s in 10, 50,000 for 0.2 s:
the calls reach 94 and 95.6 % of what the model's latency allows, and 96.4 with 200,000."""


def share_out() -> None:
    """Let threads take turns often."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def keep_for_good() -> None:
    """Take all objects there are now for such that stay, and look seldom at those to come."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


@contextmanager
def uncollected() -> Generator[None]:
    """Collect nothing meanwhile. At most one thread at a time may be inside.

    What was built is taken to stay: else the next collection would walk all of it at once.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
