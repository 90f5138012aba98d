"""Keeps what happens over and over from filling the log."""

from __future__ import annotations

import trio

QUIET_S = 10.0
MOST_CAUSES = 64


class Quiet:
    """Lets each cause be told once in `QUIET_S` seconds."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def may(self, cause: str) -> bool:
        """Whether this may be told now; asking counts as telling."""
        now = trio.current_time()
        if now - self._told.get(cause, -QUIET_S) < QUIET_S:
            return False
        if len(self._told) >= MOST_CAUSES:
            self._told.clear()
        self._told[cause] = now
        return True
