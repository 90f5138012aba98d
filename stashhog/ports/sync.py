"""The local copy, as the sync job reads and writes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True)
class SyncPoint:
    """What a sync starts from.

    Attributes:
        watermarks: How far Stash was seen.
        live_scenes: How many scenes the copy holds.
        expected_scenes: How many Stash has where nothing was created or deleted since: those, and
            those that could not be read.
        unreadable: The ids of scenes that could not be read when they were last tried.
        swept_at: When all scenes were last compared.
        sample: Some scene ids → `created_at` (ISO, UTC), for `looks_replaced`.
        entity_prints: What named the entities of a kind when they were last listed.
    """

    watermarks: Watermarks
    live_scenes: int
    expected_scenes: int
    unreadable: tuple[str, ...]
    swept_at: datetime | None
    sample: Mapping[str, str]
    entity_prints: Mapping[EntityKind, str]


class SyncStore(Protocol):
    """The local copy: the sync job's. `job_id` names whose cursor, counts and tally move along."""

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        ...

    async def sync_point(self) -> SyncPoint:
        """Watermarks, numbers of scenes, and a sample for telling libraries apart."""
        ...

    async def entity_ids(self, kind: EntityKind) -> Sequence[str]:
        """Ids of all entities of a kind."""
        ...

    async def save_entities(
        self,
        job_id: str,
        kind: EntityKind,
        entities: Sequence[Entity],
        failures: Sequence[ItemFailure] = (),
        *,
        said: str | None = None,
    ) -> EntityDelta:
        """Diff a full list against the copy; what is not in the list goes (links and all).

        `said` names the list (`Stash.entity_prints`, asked before it, or its own), and is
        remembered where all of it could be read. What is new is remembered until `finish`, see
        `newcomers`.

        What could not be read stays; where nobody knows what that is, everything does. Live scenes
        that were linked to what went are marked stale in the same transaction, and so are those
        that link what never came: a merge in Stash moved their links without a trace in
        `updated_at`. Counted in the tally as `entities.created`, `entities.updated`,
        `entities.deleted`, `entities.failed`.
        """
        ...

    async def newcomers(self) -> Mapping[EntityKind, Sequence[str]]:
        """Entities that came since the last run that was finished."""
        ...

    async def read_before(self, ids: Sequence[str], since: datetime) -> Sequence[str]:
        """Those of these scenes that were not read since, or never."""
        ...

    async def stale(self) -> Sequence[str]:
        """Ids of live scenes that have to be read again whatever their `updated_at` says.

        `save_scenes` and `mark_deleted` take the mark away.
        """
        ...

    async def known(self, ids: Sequence[str]) -> Mapping[str, KnownScene]:
        """What we remember of these scenes; unknown and deleted ones are absent."""
        ...

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
        """Upsert whole scenes and move the job's cursor, counts and tally, in one transaction.

        `done` grows by all that were handled; a run counts a scene once, however often it reads it.
        A scene that links an unknown entity keeps its other links. Those in `again` are marked
        stale: they were read in the second of an edit.
        """
        ...

    async def count_held(self, window: Window) -> int:
        """How many live scenes lie in a window, their texts compared as Stash compares them."""
        ...

    async def held_ids(self, window: Window, after: str | None, last: str | None) -> Sequence[str]:
        """Ids of the live scenes of a window above `after` and up to `last` (None: all above)."""
        ...

    async def mark_deleted(self, job_id: str, ids: Sequence[str], now: datetime) -> int:
        """Mark scenes as deleted in Stash; plans and history stay."""
        ...

    async def finish(
        self, job_id: str, marks: Watermarks, now: datetime, *, swept: bool, hidden: int = 0
    ) -> SyncCounts:
        """Make the run part of the history, keep the watermarks, count the library as a whole.

        `swept`: all scenes were compared. `hidden`: so many Stash counts and does not show.
        """
        ...
