"""What Stash tells by itself, and what of that we did ourselves, as the sync manager sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from stashhog.domain.events import EntityHook, StashEvent
from stashhog.domain.library import Scene


class StashEvents(Protocol):
    """Stash's live events."""

    async def listen(
        self, tell: Callable[[StashEvent], None], connected: Callable[[], None]
    ) -> NoReturn:
        """Hold one connection, and tell each event as long as it lasts.

        Args:
            tell: Called with each event; must not block.
            connected: Called once, when events may come.

        Raises:
            StashNotConfiguredError: no address is set, or live events are turned off.
            StashError: it could not be made, or it broke.
        """
        ...

    async def changed(self) -> bool:
        """Wait until other settings of Stash hold than now; whether the address is the same."""
        ...


class OwnWrites(Protocol):
    """Tells our own writes, when they come back as hooks, by what Stash should hold after them."""

    async def unsettled(self, scene_ids: Sequence[str]) -> frozenset[str]:
        """Of these scenes those with a write of ours whose answer is not recorded yet."""
        ...

    async def as_held(self, scenes: Sequence[Scene]) -> frozenset[str]:
        """Ids of those that are exactly as the local copy holds them."""
        ...

    async def held(self, scene_ids: Sequence[str]) -> frozenset[str]:
        """Of these scenes those that the local copy holds as not deleted."""
        ...

    async def by_us(self, hooks: Sequence[EntityHook]) -> frozenset[EntityHook]:
        """Of these those that our journal knows: entities that we created, or removed again."""
        ...

    async def mark_stale(self, scene_ids: Sequence[str]) -> None:
        """Have the next sync read these scenes again, whatever their `updated_at` says."""
        ...
