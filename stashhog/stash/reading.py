"""Reading scenes and entities whatever single items do: pages that shrink, lists in pieces.

Rules:
- A read is tried again, shortly, where the server was away, busy or talked nonsense; the job that
  asks owns long waiting.
- One scene that cannot be read nulls the whole answer it is part of. Then the same scenes are asked
  for by id, in halves down to single ones, and only that one is a failure.
- An answer that does not come in time, or is too large, makes the next questions smaller; they
  grow again slowly.
- Where Stash says how long it wants to be left alone, it is not asked again here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import stamina
import stamina.instrumentation

from stashhog.core.exceptions import (
    StashBusyError,
    StashConnectionError,
    StashError,
    StashProtocolError,
)
from stashhog.domain.library import Entity, EntityKind, Scene
from stashhog.domain.sync import ItemFailure, Stamp
from stashhog.ports import ScenePage, ScenesById
from stashhog.stash import mapping
from stashhog.stash.answers import ResolverError, StashTooLargeError, StashTooSlowError
from stashhog.stash.documents import (
    ENTITY_OPERATIONS,
    SCENE_BY_ID,
    SCENES_AFTER,
    SCENES_BY_ID,
    STAMPS_AFTER,
    STATUS,
    Operation,
)
from stashhog.stash.transport import Wire

T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], T]

LARGEST_PAGE = 1_000
SHRINK = 8
ENTITY_PAGE = 512
"""A power of two: each half of a page is again a page of Stash's own paging."""

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
LONGEST_RETRY_S = 5.0

# A job tells of its waiting itself, once; a line for each try would bury that.
stamina.instrumentation.set_on_retry_hooks(())


def _worth_another_try(error: Exception) -> bool:
    if isinstance(error, (StashTooSlowError, StashTooLargeError)):
        return False
    if isinstance(error, StashBusyError) and error.retry_after_seconds > LONGEST_PAUSE_S:
        return False
    return isinstance(error, (StashConnectionError, StashBusyError, StashProtocolError))


class Reader:
    """Asks a wire, again where that helps; remembers how large a question may be."""

    def __init__(self, wire: Wire, *, tries: int) -> None:
        self._wire = wire
        self._tries = tries
        self._most = LARGEST_PAGE

    async def ask(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        read: Read[T],
    ) -> T:
        """Ask, and ask again where that may help, at most `tries` times in all.

        Raises:
            StashBusyError: also where Stash answers but its library is not open.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_worth_another_try,
                attempts=self._tries,
                timeout=LONGEST_RETRY_S,
                wait_initial=FIRST_PAUSE_S,
                wait_max=LONGEST_PAUSE_S,
                wait_jitter=FIRST_PAUSE_S,
            ):
                with attempt:
                    return await self._wire.ask(operation, variables, read)
        except ResolverError as error:
            if error.panicked:
                await self._refuse_unready()
            raise
        raise StashConnectionError("Stash cannot be reached")

    async def _refuse_unready(self) -> None:
        """Tell a library that is not open from an item that cannot be read."""
        instance = await self._wire.ask(
            STATUS, {}, lambda data: mapping.read_instance(data, frozenset())
        )
        if instance.status != "OK":
            raise not_ready(instance.status)

    # --- scenes ---------------------------------------------------------------------------------

    async def scenes_after(self, after: str | None, limit: int) -> ScenePage:
        """A keyset page, as long as `limit` or as Stash can answer in time."""
        size = max(1, min(limit, self._most))
        try:
            page = await self._page(after, size)
        except (StashTooSlowError, StashTooLargeError) as error:
            if size > 1:
                return await self.scenes_after(after, self._shrink(size))
            if isinstance(error, StashTooSlowError):
                raise
            return await self._page_by_id(after, size)
        except ResolverError:
            return await self._page_by_id(after, size)
        self._most = min(LARGEST_PAGE, self._most * 2)
        return page

    def _shrink(self, size: int) -> int:
        self._most = max(1, size // SHRINK)
        return self._most

    async def _page(self, after: str | None, size: int) -> ScenePage:
        return await self.ask(
            SCENES_AFTER,
            _keyset(after, size),
            lambda data: mapping.read_scene_page(rows_of(data, "scenes"), after=after, asked=size),
        )

    async def _page_by_id(self, after: str | None, size: int) -> ScenePage:
        stamps = await self.stamps_after(after, size, since=None)
        ids = [stamp.id for stamp in stamps]
        found = await self.scenes(ids)
        return ScenePage(found.scenes, found.failures, ids[-1] if len(ids) >= size else None)

    async def stamps_after(
        self, after: str | None, limit: int, *, since: str | None
    ) -> list[Stamp]:
        """Stamps in id order, fewer than `limit` only at the end."""
        stamps: list[Stamp] = []
        while len(stamps) < limit:
            asked = limit - len(stamps)
            start = after

            def read(
                data: Mapping[str, Any], start: str | None = start
            ) -> tuple[list[Stamp], str | None, int]:
                rows = rows_of(data, "scenes")
                return *mapping.read_stamps(rows, after=start), len(rows)

            found, after, count = await self.ask(
                STAMPS_AFTER, _keyset(start, asked, since=since), read
            )
            stamps.extend(found)
            if count < asked:
                break
        return sorted(stamps, key=lambda stamp: int(stamp.id))

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        """Scenes by id, each at most once, in the order asked for."""
        wanted = list(dict.fromkeys(ids))
        known = [scene_id for scene_id in wanted if mapping.ID.fullmatch(scene_id)]
        found: dict[str, Scene | ItemFailure] = {}
        while known:
            chunk, known = known[: self._most], known[self._most :]
            found.update(await self._by_id(chunk))
        return ScenesById(
            scenes=tuple(item for key in wanted if isinstance(item := found.get(key), Scene)),
            missing=tuple(key for key in wanted if key not in found),
            failures=tuple(item for item in found.values() if isinstance(item, ItemFailure)),
        )

    async def _by_id(self, ids: Sequence[str]) -> dict[str, Scene | ItemFailure]:
        """Scenes and failures by id; what Stash does not have is absent."""
        if len(ids) == 1:
            return await self._single(ids[0])
        try:
            found = await self.ask(
                SCENES_BY_ID,
                {"ids": list(ids)},
                lambda data: mapping.read_scenes(rows_of(data, "scenes")),
            )
        except StashTooSlowError:
            self._shrink(len(ids))
            raise
        except (ResolverError, StashTooLargeError):
            middle = len(ids) // 2
            return {**await self._by_id(ids[:middle]), **await self._by_id(ids[middle:])}
        return {key: found[key] for key in ids if key in found}

    async def _single(self, scene_id: str) -> dict[str, Scene | ItemFailure]:
        try:
            item = await self.ask(SCENE_BY_ID, {"id": scene_id}, _read_single)
        except ResolverError as error:
            if error.missing_scene == scene_id:
                return {}
            return {scene_id: ItemFailure(scene_id, error.detail)}
        except StashTooLargeError as error:
            return {scene_id: ItemFailure(scene_id, error.detail)}
        return {} if item is None else {scene_id: item}

    # --- entities -------------------------------------------------------------------------------

    async def entities(self, kind: EntityKind) -> tuple[list[Entity], list[ItemFailure]]:
        """All entities of a kind: in one answer, or in pages where that one is spoiled."""
        try:
            whole, bad, _ = await self._entity_page(kind, 1, -1)
        except (ResolverError, StashTooSlowError, StashTooLargeError):
            return await self._entities_in_pages(kind)
        return list(whole), list(bad)

    async def _entities_in_pages(self, kind: EntityKind) -> tuple[list[Entity], list[ItemFailure]]:
        entities: dict[str, Entity] = {}
        failures: list[ItemFailure] = []
        page = 1
        while True:
            found, bad, count = await self._halved(kind, page, ENTITY_PAGE)
            entities.update((entity.id, entity) for entity in found)
            failures.extend(bad)
            if page * ENTITY_PAGE >= count:
                return list(entities.values()), failures
            page += 1

    async def _halved(
        self, kind: EntityKind, page: int, size: int
    ) -> tuple[list[Entity], list[ItemFailure], int]:
        try:
            whole, bad, count = await self._entity_page(kind, page, size)
        except (ResolverError, StashTooLargeError) as error:
            if size == 1:
                return [], [ItemFailure(f"number {page}", error.detail)], page
        else:
            return list(whole), list(bad), count
        first, bad_first, count_first = await self._halved(kind, 2 * page - 1, size // 2)
        second, bad_second, count_second = await self._halved(kind, 2 * page, size // 2)
        return first + second, bad_first + bad_second, max(count_first, count_second)

    async def _entity_page(
        self, kind: EntityKind, page: int, size: int
    ) -> tuple[tuple[Entity, ...], tuple[ItemFailure, ...], int]:
        return await self.entity_list(kind, {"page": page, "per_page": size}, None)

    async def entity_list(
        self, kind: EntityKind, paging: Mapping[str, int], where: Mapping[str, Any] | None
    ) -> tuple[tuple[Entity, ...], tuple[ItemFailure, ...], int]:
        """Entities that match, what could not be read, and how many match in all."""
        operations = ENTITY_OPERATIONS[kind]

        def read(
            data: Mapping[str, Any],
        ) -> tuple[tuple[Entity, ...], tuple[ItemFailure, ...], int]:
            answer = data[operations.find.root]
            rows = rows_of(data, operations.rows, root=operations.find.root)
            count = answer.get("count")
            return *mapping.read_entities(kind, rows), count if type(count) is int else len(rows)

        variables = {"filter": {"sort": "id", "direction": "ASC", **paging}, "where": where}
        return await self.ask(operations.find, variables, read)


def not_ready(status: str) -> StashError:
    """The error for a Stash that answers while its library is not open."""
    if status == "NEEDS_MIGRATION":
        return StashBusyError("Stash waits for somebody to migrate its database; open its own page")
    if status == "SETUP":
        return StashBusyError("Stash is not set up yet; open its own page")
    return StashBusyError("Stash says that it is not ready")


def rows_of(data: Mapping[str, Any], name: str, *, root: str = "findScenes") -> list[Any]:
    """The rows of a list's answer.

    Raises:
        StashProtocolError: the answer has another shape.
    """
    answer = data.get(root)
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise StashProtocolError("Stash's answer has another shape than was asked for")
    return rows


def _read_single(data: Mapping[str, Any]) -> Scene | ItemFailure | None:
    row = data.get("findScene")
    return None if row is None else mapping.read_scene(row)


def _keyset(after: str | None, size: int, *, since: str | None = None) -> dict[str, Any]:
    where: dict[str, Any] = {"id": {"value": int(after or 0), "modifier": "GREATER_THAN"}}
    if since is not None:
        where["updated_at"] = {"value": since, "modifier": "GREATER_THAN"}
    return {"filter": {"sort": "id", "direction": "ASC", "per_page": size}, "where": where}
