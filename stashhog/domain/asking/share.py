"""How many scenes of an analysis may be sent to a model: the doubtful ones, never most of them.

Rules:
- The share is one of the scenes that have anything open: organised and complete ones, which are
  passed over, make no room for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stashhog.domain.asking.scenes import AskedScene

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

    def chosen(
        self,
        fresh: Sequence[tuple[float, AskedScene]],
        known: Sequence[AskedScene],
        scenes: int,
    ) -> list[AskedScene]:
        """Those of a batch of so many scenes that are sent, and counts them and the known ones.

        Where a text was asked for, a scene is sent however many there are: all others share.

        Args:
            fresh: Open scenes, each with its doubt.
            known: Open scenes whose answers are kept.
            scenes: How many the batch has.
        """
        answered = sum(not asked.summary for asked in known)
        room = max(0, self.room(scenes) - answered)
        ranked = sorted(fresh, key=lambda item: -item[0])
        doubtful = [asked for _, asked in ranked if not asked.summary][:room]
        self.take(answered + len(doubtful))
        return [asked for _, asked in ranked if asked.summary] + doubtful
