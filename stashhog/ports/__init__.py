"""What the actors need of the outside, as Protocols; one adapter each.

Rules:
- Each store method is one transaction, run in one thread hop: when it returns, it is on disk.
- Reads for people never come here: a route calls a query function of `stashhog.db`.
- What the language model is, and what it costs, is in `stashhog.ports.model`.
- All may raise `stashhog.core.exceptions`; the stores `StorageError`, and `DiskFullError` among
  them, after which nothing of that call was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from stashhog.domain.jobs import Job, LogLine, Submission
from stashhog.domain.learning.decisions import Decided
from stashhog.domain.library import Entity, EntityKind, Library, Scene, StashInstance
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.plans import NewChange
from stashhog.domain.sync import (
    EVERYTHING,
    ItemFailure,
    Stamp,
    Window,
)


@dataclass(frozen=True, slots=True)
class DependencyState:
    """What is known of Stash or the model without asking: what the last request showed, and when.

    `unset` is one that is not configured or turned off; `detail_code` is the last error's code.
    """

    status: Literal["ok", "down", "unset", "unknown"]
    since: datetime | None = None
    detail_code: str | None = None


# --- Stash --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScenePage:
    """A keyset page as it came: where to go on, and what makes scenes of it.

    `last_id` is None after the last page. `read` gives the scenes in id order and what could not be
    read; it takes a while and is for a thread. `asked_at` is when Stash was asked, by its own
    clock; None where it does not tell the time.
    """

    last_id: str | None
    read: Callable[[], tuple[tuple[Scene, ...], tuple[ItemFailure, ...]]]
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScenesById:
    """The scenes that were asked for by id, and the ids that Stash does not have.

    `asked_at` as in `ScenePage`, the earliest of several requests.
    """

    scenes: tuple[Scene, ...]
    missing: tuple[str, ...]
    failures: tuple[ItemFailure, ...] = ()
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntityList:
    """All entities of a kind, and what could not be read.

    `said` is what the list says of itself (`domain.sync.entities_print`); None where that cannot be
    told.
    """

    entities: Sequence[Entity]
    failures: Sequence[ItemFailure] = ()
    said: str | None = None


class Stash(Protocol):
    """A Stash server.

    Reads are tried again where that is safe. A mutation is sent once; where it is unknown whether
    it was executed, `StashUnknownOutcomeError` is raised. Errors:
    `StashConnectionError`, `StashAuthError`, `StashBusyError`, `StashProtocolError`,
    `StashGoneError`, `StashRejectedError`, `StashNameConflictError`, `StashError`;
    `StashNotConfiguredError` where no address is set.
    """

    async def probe(self) -> StashInstance:
        """Ask for release, status and capabilities; proves address and key."""
        ...

    async def hindrance(self) -> str | None:
        """What Stash itself is at work on that a polite job waits for, as a `waiting.code`."""
        ...

    async def count_scenes(self, window: Window = EVERYTHING) -> int:
        """How many scenes Stash has in a window."""
        ...

    async def scene_at(self, position: int) -> str | None:
        """The id of so many-th a scene in the order of ids; None where there are fewer."""
        ...

    async def scenes_after(self, after_id: str | None, limit: int) -> ScenePage:
        """Whole scenes by keyset on id, one request."""
        ...

    async def stamps_after(
        self, after_id: str | None, limit: int, *, window: Window = EVERYTHING
    ) -> Sequence[Stamp]:
        """Ids and `updated_at` texts by keyset on id, fewer than `limit` only at the end."""
        ...

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        """Scenes by id, in one request where all exist; an empty sequence asks nothing."""
        ...

    async def entity_prints(self) -> Mapping[EntityKind, str]:
        """What names each kind's entities and their times (`domain.sync.entities_print`).

        A kind of which that cannot be told now is left out.
        """
        ...

    async def entities(self, kind: EntityKind) -> EntityList:
        """All performers, tags or studios."""
        ...

    async def update_scene(self, update: SceneUpdate) -> Scene:
        """Send one mutation for one scene, and return the scene as Stash answers it."""
        ...

    async def create_entity(self, kind: EntityKind, name: str) -> Entity:
        """Create an entity; `StashNameConflictError` where name or alias is taken."""
        ...

    async def find_entity(self, kind: EntityKind, name: str) -> Entity | None:
        """Find by name or alias (NFKC, casefold), asking Stash now."""
        ...

    async def entity_uses(self, kind: EntityKind, entity_id: str) -> int | None:
        """How many objects of any kind use an entity, children included; None if it is gone."""
        ...

    async def destroy_entity(self, kind: EntityKind, entity_id: str) -> None:
        """Remove an entity (undo with `remove_created` only)."""
        ...


# --- the store ----------------------------------------------------------------------------------


class JobStore(Protocol):
    """Job rows: the job registry's."""

    async def unfinished(self) -> Sequence[Job]:
        """All jobs whose status is not final, oldest first."""
        ...

    async def get(self, job_id: str) -> Job:
        """One job, ended or not.

        Raises:
            JobNotFoundError: no job has this id.
        """
        ...

    async def insert(self, job_id: str, submission: Submission, now: datetime) -> Job:
        """Make a job with all that belongs to it, in one transaction.

        Analysis: the plan and the fixed list of scenes (a retry with a living plan goes on after
        what that plan's last job committed). Apply and undo: the fixed list of changes, the plan
        marked busy. `params` are the public ones, `plan_id` included.

        Raises:
            ConflictError: `plan_busy` with `job_id` in its context.
            PlanNotFoundError: the plan does not exist.
            ValidationError: a selector names what does not exist, or is empty.
            ScheduleMovedError: the scheduled run that this is for is not due any more.
            NothingToDoError: a scheduled analysis found no scene.
        """
        ...

    async def save(self, jobs: Sequence[Job], logs: Sequence[LogLine]) -> Sequence[Job]:
        """Save status, times, waiting, error, seq and log lines of jobs, and settle ended ones.

        A final status also settles the plan that the job worked on and builds `result` from the
        job's tally. Returns the jobs as stored (`result` filled in).
        `progress.done`, `progress.total`, the cursor and the tally are written by the item
        transactions of the other stores, never here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a job goes on: its opaque cursor (JSON) and its committed counts."""

    cursor: Mapping[str, Any]
    done: int
    total: int | None
    tally: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnalysisBatch:
    """The next scenes of an analysis, in id order; empty at the end."""

    scenes: tuple[Scene, ...]
    last_id: str | None


@dataclass(frozen=True, slots=True)
class ScenePath:
    """Where a scene's primary file lies, and when the scene came into the library."""

    scene_id: str
    path: str
    came: datetime


class PlanStore(Protocol):
    """Plans as analysis writes them."""

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        ...

    async def library(self) -> Library:
        """All entities of the local copy."""
        ...

    async def organized(self, after_id: str | None, limit: int) -> Sequence[Scene]:
        """The user's own organised scenes by keyset on id, for learning."""
        ...

    async def library_revision(self) -> int:
        """A number that rises whenever entities or organised scenes of the copy change."""
        ...

    async def paths(self, after_id: str | None, limit: int) -> Sequence[ScenePath]:
        """Paths of all live scenes that have files, organised or not, by keyset on the scene id."""
        ...

    async def decided(self) -> Sequence[Decided]:
        """What people decided about proposals, by field, confidence and the model's opinion."""
        ...

    async def new_names(self) -> Mapping[EntityKind, Sequence[str]]:
        """Names that living changes propose as new and that were not created yet."""
        ...

    async def kept_knowledge(self) -> bytes | None:
        """What was learned and kept before; None where there is nothing."""
        ...

    async def keep_knowledge(self, content: bytes) -> None:
        """Keep what was learned, in place of what was kept before; best effort."""
        ...

    async def next_scenes(
        self, job_id: str, limit: int, after_id: str | None = None
    ) -> AnalysisBatch:
        """The next of the scenes that were fixed at submit, after the job's cursor and an id."""
        ...

    async def save_findings(
        self,
        job_id: str,
        plan_id: int,
        changes: Sequence[NewChange],
        *,
        last_id: str,
        scenes: int,
        skipped: Mapping[str, int],
        analyzed: Mapping[str, str],
        left: Sequence[str] = (),
    ) -> int:
        """Save a batch's changes, counts and cursor in one transaction.

        Leaves out what was rejected before (`rejected` among the skip reasons) and what another
        plan proposes or has accepted (`already_proposed`). `analyzed` maps scene id → the content
        hash that was analysed. `left` are scenes of the batch that the budget left for a retry:
        they stay on the job's list, and its result says `stopped`. Returns how many changes were
        kept.
        """
        ...
