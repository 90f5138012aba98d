"""The library of the sample Stash while it runs: everything its API reads and changes.

Rules:
- Methods are synchronous and belong to one thread; each is one transaction: a refused change has
  changed nothing.
- `updated_at` moves where a real Stash moves it, and only there: a scene's own update does, even
  an empty one; moving its file, and merging, renaming or removing what it links to, do not.
- A link dangles only where a test set it by hand; reading such a scene then fails as a real page
  does in which a tag was just deleted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from stashhog.demo.criteria import (
    ENTITY_SORTS,
    SCENE_SORTS,
    Get,
    Test,
    entity_test,
    entity_texts,
    scene_test,
    scene_texts,
    words_test,
)
from stashhog.demo.entities import EntityTable, number
from stashhog.demo.partial import bulk_list_changes, list_changes, scalar_changes
from stashhog.demo.rows import (
    KINDS,
    EntityRow,
    FileRow,
    Kind,
    Mutation,
    RefusedError,
    SceneRow,
    StashIdRow,
)

_KEPT = ("scenes", "tables", "last_scene", "last_file")
_DEFAULT_PAGE = 25
_SORT_CHECKED = 26
_DUPLICATES_NAMED = 28
_IDS_NAMED = 30
_NO_TITLE = "title must be set if scene has no files"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows, and how many there are on all pages."""

    count: int
    rows: Sequence[Any]


class StashState:
    """All rows, by id in ascending order, and what was done to them.

    Args:
        clock: Gives the present moment, aware.
        zone: The server's local zone, in which times are written.
        release: The minor release that is acted: 30 for v0.30.1.

    Attributes:
        scenes: All scenes; new ids only ever rise.
        tables: Performers, tags and studios.
        mutations: Each mutation that was executed, in order.
        refused: Each that was not, with its error.
        arrivals: Scenes with new files, that the next scan finds.
    """

    def __init__(self, *, clock: Callable[[], datetime], zone: tzinfo, release: int) -> None:
        self.clock = clock
        self.zone = zone
        self.release = release
        self.scenes: dict[int, SceneRow] = {}
        self.tables: dict[Kind, EntityTable] = {
            kind: EntityTable(kind, self.now, release) for kind in KINDS
        }
        self.mutations: list[Mutation] = []
        self.refused: list[Mutation] = []
        self.arrivals: list[SceneRow] = []
        self._last_scene = 0
        self._last_file = 0
        self._unsorted = 0

    @property
    def performers(self) -> EntityTable:
        """The performers."""
        return self.tables["performer"]

    @property
    def tags(self) -> EntityTable:
        """The tags."""
        return self.tables["tag"]

    @property
    def studios(self) -> EntityTable:
        """The studios."""
        return self.tables["studio"]

    # --- times ----------------------------------------------------------------------------------

    def time_text(self, moment: datetime) -> str:
        """Write a moment as this server does: local zone, whole seconds."""
        text = moment.astimezone(self.zone).isoformat(timespec="seconds")
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text

    def now(self) -> str:
        """The present time as it is written into rows."""
        return self.time_text(self.clock())

    # --- taking rows in -------------------------------------------------------------------------

    def load_scene(self, scene: SceneRow) -> None:
        """Take a scene as it is; its id must be new and the highest."""
        self.scenes[scene.id] = scene
        self._last_scene = max(self._last_scene, scene.id)
        self._last_file = max([self._last_file, *(file.id for file in scene.files)])

    def next_scene_id(self) -> int:
        """The id that the next scene gets."""
        return self._last_scene + 1

    def next_file_id(self) -> int:
        """The id that the next file gets."""
        return self._last_file + 1

    def scan(self) -> None:
        """Make scenes of the arrivals, as a scan does with new files."""
        for scene in self.arrivals:
            scene.id = self.next_scene_id()
            for file in scene.files:
                self._last_file += 1
                file.id = self._last_file
            scene.created_at = scene.updated_at = self.now()
            self.load_scene(scene)
        self.arrivals.clear()

    def backup(self) -> Mapping[str, Any]:
        """Everything that the library holds, as a backup of its database does."""
        tables = {kind: table.backup() for kind, table in self.tables.items()}
        kept = (self.scenes, tables, self._last_scene, self._last_file)
        return dict(zip(_KEPT, deepcopy(kept), strict=True))

    def restore(self, backup: Mapping[str, Any]) -> None:
        """Go back to a backup; ids that were given since will be given again."""
        scenes, tables, self._last_scene, self._last_file = deepcopy(
            tuple(backup[name] for name in _KEPT)
        )
        self.scenes = scenes
        for kind, kept in tables.items():
            self.tables[kind].restore(kept)

    # --- reading --------------------------------------------------------------------------------

    def require_scene(self, scene_id: int) -> SceneRow:
        """Return the scene.

        Raises:
            RefusedError: it does not exist.
        """
        scene = self.scenes.get(scene_id)
        if scene is None:
            raise RefusedError(f"scene with id {scene_id} not found")
        return scene

    def find_scenes(
        self,
        scene_filter: Mapping[str, Any] | None = None,
        find_filter: Mapping[str, Any] | None = None,
        ids: Sequence[object] | None = None,
    ) -> Found:
        """List scenes. With ids nothing else counts; without a sort there is no order.

        Raises:
            RefusedError: an id is missing, double or none, or the sort is unknown.
        """
        if ids:
            return self._by_ids(ids, self.require_scene)
        given, find = dict(scene_filter or {}), find_filter or {}
        numbers = list(self.scenes)
        keyset = given.get("id")
        if keyset is not None and keyset["modifier"] == "GREATER_THAN" and "OR" not in given:
            numbers = numbers[bisect_right(numbers, keyset["value"]) :]
            del given["id"]
        tests = [scene_test(given, self.tables)]
        if find.get("q"):
            tests.append(words_test(find["q"], scene_texts))
        key = self._sort_key(find, "scenes", SCENE_SORTS)
        if find.get("sort") == "id" and not any(tests):
            found = _page(numbers, find, key)
            return Found(found.count, [self.scenes[i] for i in found.rows])
        rows: Iterable[SceneRow] = map(self.scenes.__getitem__, numbers)
        return _page(_kept(rows, tests), find, key)

    def find_entities(
        self,
        kind: Kind,
        entity_filter: Mapping[str, Any] | None = None,
        find_filter: Mapping[str, Any] | None = None,
        ids: Sequence[object] | None = None,
    ) -> Found:
        """List performers, tags or studios, by name unless asked otherwise.

        Raises:
            RefusedError: an id is missing, double or none, or the sort is unknown.
        """
        table = self.tables[kind]
        if ids:
            return self._by_ids(ids, table.require)
        find = {"sort": "name", **{k: v for k, v in (find_filter or {}).items() if v is not None}}
        tests = [entity_test(entity_filter or {})]
        if find.get("q"):
            tests.append(words_test(find["q"], entity_texts))
        key = self._sort_key(find, f"{kind}s", ENTITY_SORTS)
        return _page(_kept(table.rows.values(), tests), find, key)

    def scene_uses(self, kind: Kind) -> Counter[int]:
        """How many scenes link to each entity of a kind."""
        return Counter(i for scene in self.scenes.values() for i in _links(scene, kind))

    def scene_uses_below(self, kind: Kind, entity_id: int, depth: int) -> int:
        """How many scenes link to an entity or to one below it, down to `depth` (-1: all)."""
        wanted = self.tables[kind].descendants([entity_id], depth)
        return sum(1 for scene in self.scenes.values() if wanted & set(_links(scene, kind)))

    def _by_ids(self, ids: Sequence[object], require: Callable[[int], Any]) -> Found:
        opening = "converting ids: " if self.release >= _IDS_NAMED else ""
        numbers = [number(text, opening) for text in ids]
        for double in (i for i, times in Counter(numbers).items() if times > 1):
            if self.release >= _DUPLICATES_NAMED:
                raise RefusedError(f"validating ids: duplicate id found: {double}")
            raise RefusedError(f"scene with id {double} not found")
        rows = [require(i) for i in numbers]
        return Found(len(rows), rows)

    def _sort_key(self, find: Mapping[str, Any], table: str, sorts: Mapping[str, Get]) -> Get:
        sort = find.get("sort")
        if not sort or sort.startswith("random"):
            self._unsorted += 1
            salt = self._unsorted * 40503
            return lambda row: (row.id * 2654435761 + salt * row.id) % 65521
        if sort not in sorts:
            if self.release >= _SORT_CHECKED:
                raise RefusedError(f"invalid sort: {sort}")
            raise RefusedError(
                f"error executing find query with SQL: no such column: {table}.{sort}"
            )
        return sorts[sort]

    # --- scenes ---------------------------------------------------------------------------------

    def create_scene(self, given: Mapping[str, Any]) -> SceneRow:
        """Create a scene without files.

        Raises:
            RefusedError: it has no title, or a value is not possible.
        """
        now = self.now()
        scene = SceneRow(self.next_scene_id(), now, now)
        if not given.get("title"):
            raise RefusedError(_NO_TITLE)
        changes = self._whole_changes(scene, given)
        self._write(scene, changes)
        self.load_scene(scene)
        return scene

    def update_scenes(self, inputs: Sequence[Mapping[str, Any]]) -> list[SceneRow]:
        """Update several scenes, each by its own input; all of them or none.

        Raises:
            RefusedError: one is gone, or a value is not possible.
        """
        prepared = []
        for given in inputs:
            scene = self.require_scene(number(given["id"], "converting id: "))
            prepared.append((scene, self._whole_changes(scene, given)))
        return [self._write(scene, changes) for scene, changes in prepared]

    def bulk_update_scenes(self, given: Mapping[str, Any]) -> list[SceneRow] | None:
        """Update several scenes by one input; all of them or none, and None without ids.

        Raises:
            RefusedError: one is gone, or a value is not possible.
        """
        ids = [number(text, "converting ids: ") for text in given.get("ids") or ()]
        scalars = scalar_changes(given, self.release)
        prepared = []
        for scene_id in ids:
            scene = self.scenes.get(scene_id)
            if scene is None:
                raise RefusedError("sql: no rows in result set")
            changes = scalars | bulk_list_changes(given, scene)
            self._check_links(scene, changes)
            prepared.append((scene, changes))
        written = [self._write(scene, changes) for scene, changes in prepared]
        return written or None

    def destroy_scenes(self, texts: Sequence[object]) -> None:
        """Remove scenes; their ids are never used again.

        Raises:
            RefusedError: one is gone already; none is removed then.
        """
        scenes = [self.require_scene(number(text)) for text in texts]
        for scene in scenes:
            self.scenes.pop(scene.id, None)

    def move_files(self, texts: Sequence[object], folder: str, basename: str | None) -> None:
        """Move files; the files' `updated_at` moves, their scenes' does not.

        Raises:
            RefusedError: a file does not exist.
        """
        files = {file.id: file for scene in self.scenes.values() for file in scene.files}
        for file_id in (number(text, "converting ids: ") for text in texts):
            file = files.get(file_id)
            if file is None:
                raise RefusedError(f"file with id {file_id} not found")
            self.move_file(file, f"{folder.rstrip('/')}/{basename or file.path.rsplit('/', 1)[-1]}")

    def move_file(self, file: FileRow, path: str) -> None:
        """Move one file."""
        file.path = path
        file.updated_at = self.now()

    def _whole_changes(self, scene: SceneRow, given: Mapping[str, Any]) -> dict[str, Any]:
        changes = scalar_changes(given, self.release) | list_changes(given)
        if "title" in changes and not changes["title"] and not scene.files:
            raise RefusedError(_NO_TITLE)
        if "stash_ids" in given:
            changes["stash_ids"] = [
                StashIdRow(each["endpoint"], each["stash_id"], self.now())
                for each in given["stash_ids"] or ()
            ]
        self._check_links(scene, changes)
        return changes

    def _check_links(self, scene: SceneRow, changes: Mapping[str, Any]) -> None:
        studio = changes.get("studio_id")
        if studio is not None and studio not in self.studios.rows:
            raise RefusedError(
                f"updating scenes: executing `UPDATE scenes` [[{studio} {scene.id}]]: "
                "FOREIGN KEY constraint failed"
            )
        links: tuple[tuple[str, Kind], ...] = (("tag_ids", "tag"), ("performer_ids", "performer"))
        for name, kind in links:
            present = getattr(scene, name)
            for entity_id in changes.get(name, ()):
                if entity_id not in self.tables[kind].rows and entity_id not in present:
                    raise RefusedError(
                        f"error executing `INSERT INTO scenes_{kind}s` [[{scene.id} {entity_id}]]: "
                        "FOREIGN KEY constraint failed"
                    )

    def _write(self, scene: SceneRow, changes: Mapping[str, Any]) -> SceneRow:
        for name, value in changes.items():
            setattr(scene, name, value)
        scene.updated_at = self.now()
        return scene

    # --- entities -------------------------------------------------------------------------------

    def destroy_entity(self, kind: Kind, entity_id: int) -> None:
        """Remove an entity and all links to it; scenes do not move their `updated_at`.

        Raises:
            RefusedError: it does not exist.
        """
        self.tables[kind].destroy(entity_id)
        for scene in self.scenes.values():
            if kind == "studio":
                scene.studio_id = None if scene.studio_id == entity_id else scene.studio_id
            elif entity_id in _links(scene, kind):
                _links(scene, kind).remove(entity_id)

    def merge_tags(self, sources: Sequence[int], destination: int) -> EntityRow | None:
        """Merge tags; scenes carry the destination then, without moving their `updated_at`.

        Raises:
            RefusedError: a tag is missing, or is merged into itself.
        """
        row = self.tags.merge(sources, destination)
        gone = set(sources)
        for scene in self.scenes.values():
            if gone & set(scene.tag_ids):
                moved = (destination if i in gone else i for i in scene.tag_ids)
                scene.tag_ids = list(dict.fromkeys(moved))
        return row


def _links(scene: SceneRow, kind: Kind) -> list[int]:
    if kind == "tag":
        return scene.tag_ids
    if kind == "performer":
        return scene.performer_ids
    return [] if scene.studio_id is None else [scene.studio_id]


def _kept(rows: Iterable[Any], tests: Sequence[Test | None]) -> list[Any]:
    for test in tests:
        if test is not None:
            rows = filter(test, rows)
    return list(rows)


def _page(rows: list[Any], find: Mapping[str, Any], key: Get) -> Found:
    per_page, page = find.get("per_page"), max(find.get("page") or 1, 1)
    per_page = _DEFAULT_PAGE if per_page is None else per_page
    count = len(rows)
    if find.get("sort") != "id":
        rows.sort(key=key)
    if find.get("direction") == "DESC":
        rows.reverse()
    if per_page >= 0:
        rows = rows[(page - 1) * per_page : page * per_page]
    return Found(count, rows)
