"""`ports.events.OwnWrites` on the database."""

from __future__ import annotations

from collections.abc import Sequence

from stashhog.db import events
from stashhog.db.access import Access
from stashhog.domain.events import EntityHook
from stashhog.domain.library import Scene


class OwnWriteRows:
    """Our own writes as they come back; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def unsettled(self, scene_ids: Sequence[str]) -> frozenset[str]:
        """Of these scenes those with a write of ours whose answer is not recorded yet."""
        return await self._db.read(events.unsettled_scenes, scene_ids)

    async def as_held(self, scenes: Sequence[Scene]) -> frozenset[str]:
        """Ids of those that are exactly as the local copy holds them."""
        return await self._db.read(events.scenes_as_held, scenes)

    async def held(self, scene_ids: Sequence[str]) -> frozenset[str]:
        """Of these scenes those that the local copy holds as not deleted."""
        return await self._db.read(events.held_scenes, scene_ids)

    async def by_us(self, hooks: Sequence[EntityHook]) -> frozenset[EntityHook]:
        """Of these those that our journal knows."""
        return await self._db.read(events.hooks_by_us, hooks)

    async def mark_stale(self, scene_ids: Sequence[str]) -> None:
        """Have the next sync read these scenes again."""
        await self._db.write(events.mark_stale, scene_ids)
