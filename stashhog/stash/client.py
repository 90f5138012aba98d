"""The Stash server as `stashhog.ports.Stash`; see `reading` for how reads survive damage.

Rules:
- A mutation is sent once and never again: who writes looks before each try, because somebody may
  have been there meanwhile.
- Names are compared here (NFKC, casefold), because Stash's own comparison takes `%` and `_` for
  wildcards and knows the case of ASCII letters only.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import trio

from stashhog.core.config import StashSettings
from stashhog.core.exceptions import (
    StashError,
    StashGoneError,
    StashNotConfiguredError,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.domain.events import hindrance
from stashhog.domain.library import Entity, EntityKind, Scene, StashInstance
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.plans import name_key
from stashhog.domain.sync import EVERYTHING, ItemFailure, Stamp, Window
from stashhog.ports import EntityList, ScenePage, ScenesById
from stashhog.stash import mapping
from stashhog.stash.answers import ResolverError, unknown_outcome
from stashhog.stash.documents import (
    CAPABILITIES,
    COUNT_SCENES,
    ENTITY_OPERATIONS,
    JOB_QUEUE,
    STATUS,
    UPDATE_SCENE,
)
from stashhog.stash.reading import Reader, criteria, not_ready
from stashhog.stash.transport import Screenshot, Wire, open_wire

OLDEST_SCHEMA = 55
OLDEST_RELEASE = (0, 25)
_RELEASE = re.compile(r"v?(\d+)\.(\d+)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_CLOSING_S = 1.0


class StashClient:
    """One Stash server."""

    def __init__(self, wire: Wire, *, tries: int) -> None:
        self._wire = wire
        self._reader = Reader(wire, tries=tries)
        self._capabilities: frozenset[str] | None = None

    async def aclose(self) -> None:
        """Close all connections; at once, also while being cancelled."""
        with trio.move_on_after(_CLOSING_S, shield=True):
            await self._wire.aclose()

    # --- the server -----------------------------------------------------------------------------

    async def probe(self) -> StashInstance:
        """Ask for release, status and capabilities; proves address and key.

        Raises:
            StashBusyError: it answers, but is not set up or waits for a migration.
            StashError: `stash_too_old`.
        """
        said = await self._reader.ask(
            STATUS, {}, lambda data: mapping.read_instance(data, frozenset())
        )
        if _too_old(said):
            raise StashError(
                f"this Stash ({said.version or 'release unknown'}) is too old; "
                "StashHog needs 0.25 or later",
                code="stash_too_old",
            )
        if said.status != "OK":
            raise not_ready(said.status)
        self._capabilities = await self._ask_capabilities()
        return StashInstance(said.version, said.status, said.database_schema, self._capabilities)

    async def check(self) -> StashInstance:
        """The same as `probe`."""
        return await self.probe()

    async def _ask_capabilities(self) -> frozenset[str]:
        try:
            return await self._reader.ask(CAPABILITIES, {}, mapping.read_capabilities)
        except (ResolverError, StashProtocolError):
            # Somebody may hide the schema; what every release has is enough to go on.
            return frozenset()

    async def hindrance(self) -> str | None:
        """What Stash is at work on that a polite job waits for; None: nothing."""
        return await self._reader.ask(JOB_QUEUE, {}, _read_hindrance)

    # --- scenes ---------------------------------------------------------------------------------

    async def count_scenes(self, window: Window = EVERYTHING) -> int:
        """How many scenes Stash has in a window."""
        variables = {"filter": {"per_page": 0}, "where": criteria(window)}
        return await self._reader.ask(COUNT_SCENES, variables, _read_count)

    async def scene_at(self, position: int) -> str | None:
        """The id of so many-th a scene in the order of ids; None where there are fewer."""
        return await self._reader.scene_at(position)

    async def scenes_after(self, after_id: str | None, limit: int) -> ScenePage:
        """Whole scenes by keyset on id; a page may be shorter than asked for and not the last."""
        return await self._reader.scenes_after(after_id, limit)

    async def stamps_after(
        self, after_id: str | None, limit: int, *, window: Window = EVERYTHING
    ) -> Sequence[Stamp]:
        """Ids and `updated_at` texts by keyset on id; fewer than `limit` only at the end."""
        return await self._reader.stamps_after(after_id, limit, window=window)

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        """Scenes by id; one request where all exist, none for an empty sequence."""
        return await self._reader.scenes(ids)

    async def update_scene(self, update: SceneUpdate) -> Scene:
        """Send a mutation for one scene, and return the scene as Stash answers it.

        An update with nothing in it is not sent (Stash would move `updated_at`): the scene is
        read. One that adds to a list and removes from the same list takes two mutations, see
        `mapping.update_inputs`; whatever ends the second one is an unknown outcome, because the
        first one was executed.

        Raises:
            StashRejectedError: `missing_reference` where an entity is gone.
            StashGoneError: the scene is gone.
            StashUnknownOutcomeError: read it again, then decide.
        """
        inputs = mapping.update_inputs(update)
        if not inputs:
            return await self._read_one(update.scene_id)
        scene = (await self._wire.ask(UPDATE_SCENE, {"input": inputs[0]}, _read_updated)).value
        for later in inputs[1:]:
            try:
                answer = await self._wire.ask(UPDATE_SCENE, {"input": later}, _read_updated)
            except StashUnknownOutcomeError:
                raise
            except StashError as error:
                raise unknown_outcome(f"the second half of a change failed: {error.detail}") from (
                    None
                )
            scene = answer.value
        return scene

    async def _read_one(self, scene_id: str) -> Scene:
        found = await self._reader.scenes([scene_id])
        if found.scenes:
            return found.scenes[0]
        if found.failures:
            raise StashError(f"this scene cannot be read: {found.failures[0].reason}")
        raise StashGoneError("Stash no longer has this scene")

    # --- entities -------------------------------------------------------------------------------

    async def entity_prints(self) -> Mapping[EntityKind, str]:
        """What names each kind's entities and their times, where that can be told."""
        return await self._reader.entity_prints()

    async def entities(self, kind: EntityKind) -> EntityList:
        """All performers, tags or studios."""
        return await self._reader.entities(kind)

    async def find_entity(self, kind: EntityKind, name: str) -> Entity | None:
        """Find by name or alias (NFKC, casefold), asking Stash now.

        A name goes before an alias. Among performers of one name the one without disambiguation is
        meant; where only others are left, or an alias belongs to several, it is nobody in
        particular: None.
        """
        key = name_key(name)
        if not key:
            return None
        found, _, _ = await self._reader.entity_list(
            kind, {"page": 1, "per_page": -1}, _named(_spellings(name))
        )
        named = [entity for entity in found if name_key(entity.name) == key]
        plain = [entity for entity in named if not entity.disambiguation]
        called = [e for e in found if any(name_key(alias) == key for alias in e.aliases)]
        if plain:
            return _first(plain)
        for candidates in (named, called):
            if candidates:
                return candidates[0] if len(candidates) == 1 else None
        return None

    async def create_entity(self, kind: EntityKind, name: str) -> Entity:
        """Create an entity.

        Raises:
            StashNameConflictError: name or alias is taken.
            StashRejectedError: the name is blank.
        """
        wanted = name.strip()
        if not wanted:
            raise StashRejectedError(f"a {kind} needs a name")
        operation = ENTITY_OPERATIONS[kind].create

        def read(data: Mapping[str, Any]) -> Entity:
            made = mapping.read_entity(kind, data[operation.root])
            if isinstance(made, ItemFailure):
                raise StashProtocolError(made.reason)
            return made

        return (await self._wire.ask(operation, {"input": {"name": wanted}}, read)).value

    async def entity_uses(self, kind: EntityKind, entity_id: str) -> int | None:
        """How many objects of any kind use an entity, children included; None if it is gone."""
        if not mapping.is_id(entity_id):
            return None
        if self._capabilities is None:
            self._capabilities = await self._ask_capabilities()
        operations = ENTITY_OPERATIONS[kind]
        groups = "groups" in self._capabilities
        operation = operations.uses if groups else operations.uses_before_groups

        def read(data: Mapping[str, Any]) -> int | None:
            row = data[operation.root]
            if row is None:
                return None
            if not isinstance(row, dict):
                raise StashProtocolError("Stash did not count what uses an entity")
            return mapping.count_uses(row)

        return await self._reader.ask(operation, {"id": entity_id}, read)

    async def destroy_entity(self, kind: EntityKind, entity_id: str) -> None:
        """Remove an entity.

        Raises:
            StashGoneError: Stash does not have it.
        """
        operation = ENTITY_OPERATIONS[kind].destroy

        def read(data: Mapping[str, Any]) -> None:
            if data[operation.root] is not True:
                raise StashProtocolError("Stash did not say that it removed an entity")

        await self._wire.ask(operation, {"input": {"id": entity_id}}, read)

    # --- pictures -------------------------------------------------------------------------------

    async def screenshot(self, path: str, *, if_none_match: str | None = None) -> Screenshot:
        """Fetch a scene's screenshot (`Scene.screenshot`).

        Raises:
            NotFoundError: Stash has no such picture.
        """
        return await self._wire.screenshot(path, if_none_match=if_none_match)


async def connect(
    settings: StashSettings, *, transport: httpx.AsyncBaseTransport | None = None
) -> StashClient:
    """Make a client; nothing is sent yet, and it has to be closed.

    Raises:
        StashNotConfiguredError: no address is set.
        SettingsError: the file with certificates cannot be used.
    """
    if settings.url is None:
        raise StashNotConfiguredError("no Stash is set yet; name its address in the settings")
    return StashClient(await open_wire(settings, transport=transport), tries=settings.tries)


@asynccontextmanager
async def open_stash(
    settings: StashSettings, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[StashClient]:
    """A client for as long as the block lasts."""
    client = await connect(settings, transport=transport)
    try:
        yield client
    finally:
        await client.aclose()


def _too_old(instance: StashInstance) -> bool:
    if instance.database_schema:
        return instance.database_schema < OLDEST_SCHEMA
    release = _RELEASE.match(instance.version or "")
    return release is not None and (int(release[1]), int(release[2])) < OLDEST_RELEASE


def _read_count(data: Mapping[str, Any]) -> int:
    answer = data["findScenes"]
    count = answer.get("count") if isinstance(answer, dict) else None
    if type(count) is not int:
        raise StashProtocolError("Stash did not count its scenes")
    return count


def _read_hindrance(data: Mapping[str, Any]) -> str | None:
    rows = data["jobQueue"]
    for job in rows if isinstance(rows, list) else ():
        if isinstance(job, dict):
            code = hindrance(str(job.get("description")), str(job.get("status")))
            if code is not None:
                return code
    return None


def _read_updated(data: Mapping[str, Any]) -> Scene:
    rows = data[UPDATE_SCENE.root]
    scene = mapping.read_scene(rows[0]) if isinstance(rows, list) and rows else None
    if not isinstance(scene, Scene):
        raise StashProtocolError("Stash did not answer with the scene")
    return scene


def _spellings(name: str) -> list[str]:
    """What to ask Stash for so that all spellings of a name are among the answers.

    Its comparison is SQL's LIKE without ASCII case. Runs of other characters become wildcards,
    for those have a case (and several forms) too.
    """
    plain = " ".join(name.split())
    loose = _NOT_ASCII.sub("%", plain)
    return list(dict.fromkeys([name, plain, loose, _NOT_ASCII.sub("%", name_key(name))]))


def _named(spellings: Iterable[str]) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for spelling in spellings:
        for field in ("aliases", "name"):
            criterion: dict[str, Any] = {field: {"value": spelling, "modifier": "EQUALS"}}
            where = {**criterion, "OR": where} if where else criterion
    return where


def _first(entities: Iterable[Entity]) -> Entity:
    return min(entities, key=lambda entity: int(entity.id))
