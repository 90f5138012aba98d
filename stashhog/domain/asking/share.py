"""How many scenes of an analysis may be sent to a model: the doubtful ones, never most of them."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SHARE = 0.35
ALWAYS_ALLOWED = 20
"""So many may be sent of a small selection, however many it has."""


@dataclass(slots=True)
class Share:
    """Keeps count of what was seen and sent; what one batch leaves over, a later one may use.

    `limited` is False where every open scene is to be sent.
    """

    limited: bool = True
    seen: int = 0
    sent: int = 0

    def room(self, scenes: int) -> int:
        """How many of the next so many scenes may be sent."""
        self.seen += scenes
        if not self.limited:
            return scenes
        return max(0, max(ALWAYS_ALLOWED, int(MOST_SHARE * self.seen)) - self.sent)

    def take(self, scenes: int) -> None:
        """Count scenes as sent."""
        self.sent += scenes
