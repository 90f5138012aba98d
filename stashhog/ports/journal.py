"""What is written to Stash, before and after, as the apply and undo jobs see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from stashhog.domain.jobs import JobKind
from stashhog.domain.library import Entity, EntityKind, Library, Scene
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.plans import Change, ChangeError, ChangeStatus, Value
from stashhog.ports import Checkpoint


@dataclass(frozen=True, slots=True)
class SceneWork:
    """The changes of one scene that an apply or undo job has still to handle."""

    scene_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class OpenScene:
    """The changes of one scene of which no outcome was saved.

    `intent_ids` are the intents for the scene that were never settled, and `sent` the changes that
    they are about: these may have arrived.
    """

    scene_id: str
    changes: tuple[Change, ...]
    intent_ids: tuple[int, ...]
    sent: frozenset[int]


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """How one change ended; `observed` is what Stash had before, `written` what it answered."""

    change_id: int
    status: ChangeStatus
    observed: Value = None
    written: Value = None
    outcome: Literal["sent", "already"] | None = None
    error: ChangeError | None = None


@dataclass(frozen=True, slots=True)
class SceneOutcomes:
    """Outcomes of one scene's changes, the intents that they settle, and the scene as answered."""

    outcomes: tuple[ChangeOutcome, ...]
    intent_ids: tuple[int, ...] = ()
    scene: Scene | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What was observed of a scene, by change, and what exactly will be sent."""

    scene_id: str
    observed: Mapping[int, Value]
    update: SceneUpdate


@dataclass(frozen=True, slots=True)
class Creation:
    """An entity that a plan wanted; `entity_id` is None until Stash is known to have it.

    `ours`: Stash was asked to create it; False where it turned out to exist already.
    """

    id: int
    kind: EntityKind
    name: str
    entity_id: str | None
    ours: bool


class JournalStore(Protocol):
    """What was written to Stash, before and after: the apply and undo jobs'."""

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        ...

    async def next_work(self, job_id: str, limit: int) -> Sequence[SceneWork]:
        """The next scenes of the job that have unhandled changes, in id order.

        Changes whose status was moved by a person meanwhile are counted `skipped` and left out;
        so are changes with an open intent, and for an undo those with the outcome `already`: what
        was not ours is not undone.
        """
        ...

    async def open_scenes(
        self, job_id: str, kind: JobKind, after: str | None, limit: int
    ) -> Sequence[OpenScene]:
        """The next scenes of the job's plan, in id order, that an apply or undo left open.

        On the job's list or not, and whatever the job's own kind. Open are changes with an open
        intent of that kind, and those still `applying`: without an intent, these never arrived.
        """
        ...

    async def settle(
        self, job_id: str, kind: JobKind, scenes: Sequence[SceneOutcomes], *, now: datetime
    ) -> None:
        """Commit what became of an earlier apply or undo of the plan, and settle its intents.

        A job of that kind counts what ended as its own; another one only learns of it.
        """
        ...

    async def record_intent(
        self,
        job_id: str,
        scene_id: str,
        observed: Mapping[int, Value],
        update: SceneUpdate,
    ) -> int:
        """Commit what was observed and what exactly will be sent; returns the intent's id.

        An apply's changes become `applying`.

        Raises:
            ConflictError: `change_moved`, a person moved one of the changes meanwhile; nothing may
                be sent, `next_work` leaves it out.
        """
        ...

    async def record_intents(self, job_id: str, intents: Sequence[Intent]) -> Sequence[int | None]:
        """Commit several intents at once; None in place of one with a change that was moved."""
        ...

    async def record_scenes(
        self,
        job_id: str,
        scenes: Sequence[SceneOutcomes],
        *,
        released: Sequence[int] = (),
        now: datetime,
    ) -> None:
        """Commit the outcomes of several scenes at once, as `record_outcomes` does of one.

        `released` are intents that were never sent, as for `release_intent`.
        """
        ...

    async def record_outcomes(
        self,
        job_id: str,
        outcomes: Sequence[ChangeOutcome],
        *,
        intent_id: int | None = None,
        scene: Scene | None = None,
        now: datetime,
    ) -> None:
        """Commit outcomes, settle the intent, count them, and take the scene over as answered.

        `done` grows by the number of outcomes. Tally: apply `applied`, `already`, `conflicts`,
        `failed`; undo `undone`, `conflicts`, `failed`. An undo that failed leaves its change
        `applied` (the outcome's status) with the error beside it.

        `scene` (as Stash answered it) refreshes the local copy in the same transaction, so that
        our own write, coming back as an event or in the next sync, changes nothing.
        """
        ...

    async def release_intent(self, job_id: str, intent_id: int) -> None:
        """Settle an intent that surely never arrived: an apply's changes are accepted again."""
        ...

    async def creation(self, job_id: str, plan_id: int, kind: EntityKind, name: str) -> Creation:
        """Find or journal (before anything is sent) the wish to create an entity."""
        ...

    async def record_asked(self, creation_id: int) -> None:
        """Commit that Stash is about to be asked to create the entity."""
        ...

    async def record_creation(self, creation_id: int, entity: Entity, *, ours: bool) -> None:
        """Commit that Stash has the entity, created by us or not, and take it over."""
        ...

    async def created_entities(self, plan_id: int) -> Sequence[Creation]:
        """The entities that this plan created and that were not removed since."""
        ...

    async def record_removal(self, job_id: str, creation_id: int) -> None:
        """Commit that an entity we created was removed again."""
        ...

    async def library(self) -> Library:
        """All entities of the local copy (for names)."""
        ...
