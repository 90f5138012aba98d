"""`ports.sync.SyncStore` on the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from stashhog.db import sync
from stashhog.db.access import Access
from stashhog.db.entity_writes import entity_ids, newcomers, save_entities
from stashhog.db.job_rows import job_checkpoint
from stashhog.domain.library import Entity, EntityKind, Scene
from stashhog.domain.sync import (
    EntityDelta,
    ItemFailure,
    KnownScene,
    SyncCounts,
    Watermarks,
    Window,
)
from stashhog.ports import Checkpoint
from stashhog.ports.sync import SyncPoint


class SyncRows:
    """The local copy as the sync job writes it; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        return await self._db.read(job_checkpoint, job_id)

    async def sync_point(self) -> SyncPoint:
        """What a sync starts from."""
        return await self._db.read(sync.sync_point)

    async def entity_ids(self, kind: EntityKind) -> Sequence[str]:
        """Ids of all entities of a kind."""
        return await self._db.read(entity_ids, kind)

    async def save_entities(
        self,
        job_id: str,
        kind: EntityKind,
        entities: Sequence[Entity],
        failures: Sequence[ItemFailure] = (),
        *,
        said: str | None = None,
    ) -> EntityDelta:
        """Diff a full list against the copy; see `ports.sync.SyncStore.save_entities`."""
        return await self._db.write(save_entities, job_id, kind, entities, failures, said=said)

    async def newcomers(self) -> Mapping[EntityKind, Sequence[str]]:
        """Entities that came since the last run that was finished."""
        return await self._db.read(newcomers)

    async def read_before(self, ids: Sequence[str], since: datetime) -> Sequence[str]:
        """Those of these scenes that were not read since, or never."""
        return await self._db.read(sync.read_before, ids, since)

    async def stale(self) -> Sequence[str]:
        """Ids of live scenes that have to be read again."""
        return await self._db.read(sync.stale_scenes)

    async def known(self, ids: Sequence[str]) -> Mapping[str, KnownScene]:
        """What we remember of these scenes."""
        return await self._db.read(sync.known_scenes, ids)

    async def save_scenes(
        self,
        job_id: str,
        scenes: Sequence[Scene],
        *,
        read_at: datetime,
        cursor: Mapping[str, Any],
        total: int | None = None,
        failures: Sequence[ItemFailure] = (),
        again: Collection[str] = (),
    ) -> SyncCounts:
        """Upsert whole scenes and move the job along; see `ports.sync.SyncStore.save_scenes`."""
        return await self._db.write(
            sync.save_scenes,
            job_id,
            scenes,
            read_at=read_at,
            cursor=cursor,
            total=total,
            failures=failures,
            again=again,
        )

    async def count_held(self, window: Window) -> int:
        """How many live scenes lie in a window."""
        return await self._db.read(sync.count_held, window)

    async def held_ids(self, window: Window, after: str | None, last: str | None) -> Sequence[str]:
        """Ids of the live scenes of a window between two ids."""
        return await self._db.read(sync.held_ids, window, after, last)

    async def mark_deleted(self, job_id: str, ids: Sequence[str], now: datetime) -> int:
        """Mark scenes as deleted in Stash; plans and history stay."""
        return await self._db.write(sync.mark_deleted, job_id, ids, now)

    async def finish(
        self, job_id: str, marks: Watermarks, now: datetime, *, swept: bool, hidden: int = 0
    ) -> SyncCounts:
        """Make the run part of the history and keep the watermarks."""
        return await self._db.write(
            sync.finish_sync, job_id, marks, now, swept=swept, hidden=hidden
        )
