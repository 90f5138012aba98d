"""Reading scenes and entities whatever single items do: pages that shrink, lists in pieces.

Rules:
- A read is tried again, shortly, where the server was away, busy or talked nonsense; the job that
  asks owns long waiting.
- One scene that cannot be read nulls the whole answer it is part of. Then the same scenes are asked
  for by id, in halves down to single ones, and only that one is a failure.
- An answer that does not come in time, or is too large to take, makes the next questions smaller at
  once; they grow again only after many good ones.
- Where Stash says how long it wants to be left alone, it is not asked again here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import stamina
import stamina.instrumentation
import trio

from stashhog.core.exceptions import (
    StashBusyError,
    StashConnectionError,
    StashError,
    StashProtocolError,
)
from stashhog.domain.library import Entity, EntityKind, Scene
from stashhog.domain.sync import EVERYTHING, SETTLE, ItemFailure, Stamp, Window, entities_print
from stashhog.ports import EntityList, ScenePage, ScenesById
from stashhog.stash import mapping
from stashhog.stash.answers import ResolverError, StashTooLargeError, StashTooSlowError
from stashhog.stash.documents import (
    ENTITY_OPERATIONS,
    ENTITY_STAMPS,
    FILE_STAMPS_AFTER,
    SCENE_BY_ID,
    SCENES_AFTER,
    SCENES_BY_ID,
    STAMPS_AFTER,
    STATUS,
    Operation,
)
from stashhog.stash.transport import Answered, Wire

T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], T]

LARGEST_PAGE = 1_000
LARGEST_STAMPS = 10_000
SHRINK = 4
GROW_AFTER = 16
ENTITY_PAGE = 512
"""A power of two: each half of a page is again a page of Stash's own paging."""

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
LONGEST_RETRY_S = 5.0

# A job tells of its waiting itself, once; a line for each try would bury that.
stamina.instrumentation.set_on_retry_hooks(())


TOO_MUCH = (StashTooSlowError, StashTooLargeError)
"""What a smaller question helps against."""


def _worth_another_try(error: Exception) -> bool:
    if isinstance(error, TOO_MUCH):
        return False
    if isinstance(error, StashBusyError) and error.retry_after_seconds > LONGEST_PAUSE_S:
        return False
    return isinstance(error, (StashConnectionError, StashBusyError, StashProtocolError))


class Size:
    """How large a question may be, as the answers so far have shown."""

    def __init__(self, largest: int) -> None:
        self._largest = self.most = largest
        self._good = 0

    def answered(self) -> None:
        """Note a good answer; after many of them the next question is twice as large."""
        self._good += 1
        if self._good >= GROW_AFTER:
            self._good, self.most = 0, min(self._largest, self.most * 2)

    def too_much(self, size: int) -> None:
        """Note that a question of this size was too large."""
        self._good, self.most = 0, max(1, min(self.most, size // SHRINK))


class Reader:
    """Asks a wire, again where that helps; remembers how large a question may be."""

    def __init__(self, wire: Wire, *, tries: int) -> None:
        self._wire = wire
        self._tries = tries
        self._pages = Size(LARGEST_PAGE)
        self._stamps = Size(LARGEST_STAMPS)

    async def ask(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        read: Read[T],
    ) -> T:
        """As `asked`, for what was read alone."""
        return (await self.asked(operation, variables, read)).value

    async def asked(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        read: Read[T],
    ) -> Answered[T]:
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
        answer = await self._wire.ask(
            STATUS, {}, lambda data: mapping.read_instance(data, frozenset())
        )
        instance = answer.value
        if instance.status != "OK":
            raise not_ready(instance.status)

    # --- scenes ---------------------------------------------------------------------------------

    async def scene_at(self, position: int) -> str | None:
        """The id of so many-th a scene in the order of ids; None where there are fewer."""

        def read(data: Mapping[str, Any]) -> str | None:
            stamps, _ = mapping.read_stamps(rows_of(data, "scenes"), after=None)
            return stamps[0].id if stamps else None

        paging = {"sort": "id", "direction": "ASC", "page": position, "per_page": 1}
        return await self.ask(STAMPS_AFTER, {"filter": paging, "where": {}}, read)

    async def scenes_after(self, after: str | None, limit: int) -> ScenePage:
        """A keyset page, as long as `limit` or as Stash can answer in time."""
        while True:
            size = max(1, min(limit, self._pages.most))
            try:
                page = await self._page(after, size)
            except TOO_MUCH:
                if size == 1:
                    return await self._page_by_id(after, size)
                self._pages.too_much(size)
            except ResolverError:
                return await self._page_by_id(after, size)
            else:
                self._pages.answered()
                return page

    async def _page(self, after: str | None, size: int) -> ScenePage:
        def read(data: Mapping[str, Any]) -> ScenePage:
            return mapping.read_scene_page(rows_of(data, "scenes"), after=after, asked=size)

        answer = await self.asked(SCENES_AFTER, _keyset(after, size), read)
        return replace(answer.value, asked_at=answer.asked_at)

    async def _page_by_id(self, after: str | None, size: int) -> ScenePage:
        stamps = await self.stamps_after(after, size)
        ids = [stamp.id for stamp in stamps]
        found = await self.scenes(ids)
        last = ids[-1] if len(ids) >= size else None
        return ScenePage(last, lambda: (found.scenes, found.failures), found.asked_at)

    async def stamps_after(
        self, after: str | None, limit: int, *, window: Window = EVERYTHING
    ) -> list[Stamp]:
        """Stamps in id order, fewer than `limit` only at the end."""
        stamps: list[Stamp] = []
        while len(stamps) < limit:
            asked = min(limit - len(stamps), self._stamps.most)
            try:
                found, after, count = await self._some_stamps(after, asked, window)
            except TOO_MUCH:
                if asked == 1:
                    raise
                self._stamps.too_much(asked)
                continue
            self._stamps.answered()
            stamps.extend(found)
            if count < asked:
                break
        return sorted(stamps, key=lambda stamp: int(stamp.id))

    async def _some_stamps(
        self, after: str | None, size: int, window: Window
    ) -> tuple[list[Stamp], str | None, int]:
        def read(data: Mapping[str, Any]) -> tuple[list[Stamp], str | None, int]:
            rows = rows_of(data, "scenes")
            return *mapping.read_stamps(rows, after=after), len(rows)

        operation = FILE_STAMPS_AFTER if window.with_files else STAMPS_AFTER
        return await self.ask(operation, _keyset(after, size, window), read)

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        """Scenes by id, each at most once, in the order asked for."""
        wanted = list(dict.fromkeys(ids))
        known = [scene_id for scene_id in wanted if mapping.is_id(scene_id)]
        found: dict[str, Scene | ItemFailure] = {}
        asked_at: list[datetime] = []
        while known:
            chunk, known = known[: self._pages.most], known[self._pages.most :]
            found.update(await self._by_id(chunk, asked_at))
        return ScenesById(
            scenes=tuple(item for key in wanted if isinstance(item := found.get(key), Scene)),
            missing=tuple(key for key in wanted if key not in found),
            failures=tuple(item for item in found.values() if isinstance(item, ItemFailure)),
            asked_at=min(asked_at, default=None),
        )

    async def _by_id(
        self, ids: Sequence[str], asked_at: list[datetime]
    ) -> dict[str, Scene | ItemFailure]:
        """Scenes and failures by id; what Stash does not have is absent.

        The times at which Stash was asked are added to `asked_at`.
        """
        try:
            if len(ids) == 1:
                answer = await self._single(ids[0])
            else:
                answer = await self.asked(
                    SCENES_BY_ID,
                    {"ids": list(ids)},
                    lambda data: mapping.read_scenes(rows_of(data, "scenes")),
                )
        except TOO_MUCH:
            if len(ids) == 1:
                raise
            self._pages.too_much(len(ids))
        except ResolverError:
            pass  # one of them spoils the answer
        else:
            if answer.asked_at is not None:
                asked_at.append(answer.asked_at)
            return {key: answer.value[key] for key in ids if key in answer.value}
        middle = len(ids) // 2
        first = await self._by_id(ids[:middle], asked_at)
        return {**first, **await self._by_id(ids[middle:], asked_at)}

    async def _single(self, scene_id: str) -> Answered[dict[str, Scene | ItemFailure]]:
        try:
            answer = await self.asked(SCENE_BY_ID, {"id": scene_id}, _read_single)
        except ResolverError as error:
            if error.missing_scene == scene_id:
                return Answered({}, None)
            return Answered({scene_id: ItemFailure(scene_id, error.detail)}, None)
        except StashTooLargeError as error:
            return Answered({scene_id: ItemFailure(scene_id, error.detail)}, None)
        item = answer.value
        return Answered({} if item is None else {scene_id: item}, answer.asked_at)

    # --- entities -------------------------------------------------------------------------------

    async def entity_prints(self) -> dict[EntityKind, str]:
        """What names each kind's entities and their times; what cannot be told is left out."""

        def read(data: Mapping[str, Any]) -> dict[EntityKind, list[Stamp]]:
            return {
                kind: mapping.read_stamps(rows_of(data, one.rows, root=one.find.root), after=None)[
                    0
                ]
                for kind, one in ENTITY_OPERATIONS.items()
            }

        paging = {"sort": "id", "direction": "ASC", "per_page": -1}
        try:
            answer = await self.asked(ENTITY_STAMPS, {"filter": paging}, read)
        except (ResolverError, StashProtocolError, StashTooSlowError):
            return {}
        if answer.asked_at is None:
            return {}
        prints = {
            kind: entities_print(stamps, answer.asked_at) for kind, stamps in answer.value.items()
        }
        return {kind: said for kind, said in prints.items() if said is not None}

    async def entities(self, kind: EntityKind) -> EntityList:
        """All entities of a kind: in one answer, or in pages where that one is spoiled.

        An answer that took long says nothing of itself: an edit may lie in the second in which it
        was made up, long after the question.
        """
        operations = ENTITY_OPERATIONS[kind]

        def read(data: Mapping[str, Any]) -> tuple[EntityList, list[Stamp]]:
            rows = rows_of(data, operations.rows, root=operations.find.root)
            listed = EntityList(*mapping.read_entities(kind, rows))
            return listed, mapping.read_stamps(rows, after=None)[0]

        variables = _listing({"page": 1, "per_page": -1}, None)
        began = trio.current_time()
        try:
            answer = await self.asked(operations.find, variables, read)
        except (ResolverError, *TOO_MUCH):
            return EntityList(*await self._entities_in_pages(kind))
        listed, stamps = answer.value
        if answer.asked_at is None or trio.current_time() - began >= SETTLE.total_seconds():
            return listed
        return replace(listed, said=entities_print(stamps, answer.asked_at))

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
            whole, bad, count = await self.entity_list(kind, {"page": page, "per_page": size}, None)
        except (ResolverError, *TOO_MUCH) as error:
            if size == 1 and isinstance(error, StashTooSlowError):
                raise
            if size == 1:
                return [], [ItemFailure(f"number {page}", error.detail)], page
        else:
            return list(whole), list(bad), count
        first, bad_first, count_first = await self._halved(kind, 2 * page - 1, size // 2)
        second, bad_second, count_second = await self._halved(kind, 2 * page, size // 2)
        return first + second, bad_first + bad_second, max(count_first, count_second)

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

        return await self.ask(operations.find, _listing(paging, where), read)


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


def _listing(paging: Mapping[str, int], where: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"filter": {"sort": "id", "direction": "ASC", **paging}, "where": where}


def _keyset(after: str | None, size: int, window: Window = EVERYTHING) -> dict[str, Any]:
    where = {"id": {"value": int(after or 0), "modifier": "GREATER_THAN"}, **criteria(window)}
    return {"filter": {"sort": "id", "direction": "ASC", "per_page": size}, "where": where}


def criteria(window: Window) -> dict[str, Any]:
    """What a window asks of scenes."""
    if window.linked_to is not None:
        kind, ids = window.linked_to
        return {f"{kind}s": {"value": list(ids), "modifier": "INCLUDES"}}
    if window.since is None:
        return {}
    later = {"updated_at": {"value": window.since, "modifier": "GREATER_THAN"}}
    return {"files_filter": later} if window.of_files else later
