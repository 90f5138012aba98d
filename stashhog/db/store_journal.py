"""`ports.JournalStore` on the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from stashhog.core.exceptions import ConflictError
from stashhog.db import journal, own_writes
from stashhog.db.access import Access
from stashhog.db.entities import whole_library
from stashhog.db.job_rows import job_checkpoint
from stashhog.domain.jobs import JobKind
from stashhog.domain.library import Entity, EntityKind, Library, Scene
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.plans import Value
from stashhog.ports import Checkpoint
from stashhog.ports.journal import (
    ChangeOutcome,
    Creation,
    Intent,
    OpenScene,
    SceneOutcomes,
    SceneWork,
)


class JournalRows:
    """What was written to Stash, before and after; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        return await self._db.read(job_checkpoint, job_id)

    async def next_work(self, job_id: str, limit: int) -> Sequence[SceneWork]:
        """The next scenes with unhandled changes; see `ports.JournalStore.next_work`."""
        return await self._db.write(journal.next_work, job_id, limit)

    async def open_scenes(
        self, job_id: str, kind: JobKind, after: str | None, limit: int
    ) -> Sequence[OpenScene]:
        """Scenes of the plan that an ended job left open; see `ports.journal.JournalStore`."""
        return await self._db.read(journal.open_scenes, job_id, kind, after, limit)

    async def settle(
        self, job_id: str, kind: JobKind, scenes: Sequence[SceneOutcomes], *, now: datetime
    ) -> None:
        """Commit what became of an earlier job; see `ports.journal.JournalStore`."""
        await self._db.write(journal.settle, job_id, kind, scenes, now)

    async def record_intent(
        self,
        job_id: str,
        scene_id: str,
        observed: Mapping[int, Value],
        update: SceneUpdate,
    ) -> int:
        """Commit what was observed and what exactly will be sent.

        Raises:
            ConflictError: `change_moved`, a person moved one of the changes meanwhile.
        """
        (intent,) = await self.record_intents(job_id, [Intent(scene_id, observed, update)])
        if intent is None:
            raise ConflictError("a change was decided otherwise meanwhile", code="change_moved")
        return intent

    async def record_intents(self, job_id: str, intents: Sequence[Intent]) -> Sequence[int | None]:
        """Commit several intents at once; None in place of one with a change that was moved."""
        return await self._db.write(journal.record_intents, job_id, intents, _now())

    async def record_scenes(
        self,
        job_id: str,
        scenes: Sequence[SceneOutcomes],
        *,
        released: Sequence[int] = (),
        now: datetime,
    ) -> None:
        """Commit the outcomes of several scenes at once; see `ports.journal.JournalStore`."""
        await self._db.write(journal.record_scenes, job_id, scenes, released=released, now=now)

    async def record_outcomes(
        self,
        job_id: str,
        outcomes: Sequence[ChangeOutcome],
        *,
        intent_id: int | None = None,
        scene: Scene | None = None,
        now: datetime,
    ) -> None:
        """Commit outcomes; see `ports.JournalStore.record_outcomes`."""
        intents = () if intent_id is None else (intent_id,)
        one = SceneOutcomes(tuple(outcomes), intents, scene)
        await self._db.write(journal.record_scenes, job_id, [one], now=now)

    async def release_intent(self, job_id: str, intent_id: int) -> None:
        """Settle an intent that surely never arrived."""
        await self._db.write(journal.release_intent, job_id, intent_id, _now())

    async def creation(self, job_id: str, plan_id: int, kind: EntityKind, name: str) -> Creation:
        """Find or journal the wish to create an entity."""
        return await self._db.write(
            own_writes.find_creation, job_id, plan_id, kind, name, now=_now()
        )

    async def record_asked(self, creation_id: int) -> None:
        """Commit that Stash is about to be asked to create the entity."""
        await self._db.write(own_writes.record_asked, creation_id)

    async def record_creation(self, creation_id: int, entity: Entity, *, ours: bool) -> None:
        """Commit that Stash has the entity, created by us or not, and take it over."""
        await self._db.write(own_writes.record_creation, creation_id, entity, ours=ours)

    async def created_entities(self, plan_id: int) -> Sequence[Creation]:
        """The entities that this plan created and that were not removed since."""
        return await self._db.read(own_writes.created_entities, plan_id)

    async def record_removal(self, job_id: str, creation_id: int) -> None:
        """Commit that an entity we created was removed again."""
        await self._db.write(own_writes.record_removal, job_id, creation_id, _now())

    async def library(self) -> Library:
        """All entities of the local copy (for names)."""
        return await self._db.read(whole_library)


def _now() -> datetime:
    """When the journal's own lines were written; no decision hangs on it."""
    return datetime.now(UTC)
