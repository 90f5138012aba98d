"""Random histories of a Stash library, and a copy that is synced in between.

A history is data: edits of every kind that Stash knows, the passing of time, changes of the
server's zone, backups and restores, and syncs that are cancelled or killed at any of their calls,
with edits in the middle of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from stashhog.demo import SampleStash, StashOptions
from stashhog.demo.rows import Kind, RefusedError, SceneRow
from tests.rig.library import small_library

ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati")
BEGIN = datetime(2026, 10, 31, 20, tzinfo=UTC)
"""Near the end of daylight saving in half of the zones."""


@dataclass(frozen=True)
class Edit:
    """One thing that happens at Stash; `one` and `other` choose what it happens to."""

    what: str
    one: int = 0
    other: int = 0


@dataclass(frozen=True)
class Sync:
    """One sync: `edits` happen before its n-th call, where it may also end."""

    mode: Literal["full", "incremental"] = "incremental"
    edits: tuple[tuple[int, Edit], ...] = ()
    ends_at: int | None = None
    killed: bool = False


@dataclass(frozen=True)
class History:
    """Everything that happens, in order."""

    version: str
    zone: str
    steps: tuple[Edit | Sync, ...]


@dataclass
class World:
    """A sample Stash with a clock of its own, to which things happen."""

    history: History
    moment: datetime = BEGIN
    backup: Any = None
    names: int = 0
    stash: SampleStash = field(init=False)

    def __post_init__(self) -> None:
        self.stash = SampleStash(
            small_library(scenes=9, organized=5),
            StashOptions(
                zone=self.history.zone, version=self.history.version, time=lambda: self.moment
            ),
        )
        self.backup = self.stash.state.backup()

    def now(self) -> datetime:
        """The present moment, here and at Stash."""
        return self.moment

    def happen(self, edit: Edit) -> None:
        """Let an edit happen; one that Stash refuses does not."""
        try:
            EDITS[edit.what](self, edit.one, edit.other)
        except RefusedError:
            return

    def name(self) -> str:
        """A name that nobody has yet."""
        self.names += 1
        return f"Name {self.names}"


def _scene(world: World, number: int) -> SceneRow:
    scenes = list(world.stash.state.scenes.values())
    if not scenes:
        raise RefusedError("there is no scene")
    return scenes[number % len(scenes)]


def _entity(world: World, kind: Kind, number: int) -> int:
    rows = list(world.stash.state.tables[kind].rows)
    if not rows:
        raise RefusedError(f"there is no {kind}")
    return rows[number % len(rows)]


def _update(world: World, number: int, **values: Any) -> None:
    world.stash.state.update_scenes([{"id": _scene(world, number).id, **values}])


def _links(world: World, one: int, other: int, kind: Kind, mode: str) -> None:
    ids = {"ids": [_entity(world, kind, other)], "mode": mode}
    world.stash.state.bulk_update_scenes({"ids": [_scene(world, one).id], f"{kind}_ids": ids})


def _wait(world: World, one: int, _other: int) -> None:
    seconds = (1, 2, 59, 1800, 3600, 5000, 40_000, 90_000)[one % 8]
    world.moment += timedelta(seconds=seconds)


def _zone(world: World, one: int, _other: int) -> None:
    world.stash.state.zone = ZoneInfo(ZONES[one % len(ZONES)])


def _create(world: World, one: int, other: int) -> None:
    made = world.stash.state.create_scene({"title": world.name()})
    if one % 2:
        made.tag_ids = [_entity(world, "tag", other)]


def _destroy(world: World, one: int, _other: int) -> None:
    world.stash.state.destroy_scenes([_scene(world, one).id])


def _move(world: World, one: int, _other: int) -> None:
    for file in _scene(world, one).files[:1]:
        world.stash.state.move_file(file, f"/elsewhere/{world.name()}.mp4")


def _rename_folder(world: World, one: int, _other: int) -> None:
    for file in _scene(world, one).files:
        file.path = f"/{world.name()}{file.path}"


def _hash(world: World, one: int, other: int) -> None:
    for file in _scene(world, one).files:
        file.fingerprints = (*file.fingerprints[:1], ("phash", f"{other:016x}"))


def _assign(world: World, one: int, other: int) -> None:
    source, target = _scene(world, one), _scene(world, other)
    if source is not target:
        target.files += source.files
        source.files = []


def _merge_scenes(world: World, one: int, other: int) -> None:
    source, target = _scene(world, one), _scene(world, other)
    if source is not target:
        target.files += source.files
        world.stash.state.scenes.pop(source.id)
        target.updated_at = world.stash.state.now()


def _create_entity(world: World, kind: Kind) -> None:
    world.stash.state.tables[kind].create({"name": world.name()})


def _rename(world: World, kind: Kind, number: int) -> None:
    key = _entity(world, kind, number)
    world.stash.state.tables[kind].update(key, {"name": world.name()})


def _merge_tags(world: World, one: int, other: int) -> None:
    world.stash.state.merge_tags([_entity(world, "tag", one)], _entity(world, "tag", other))


def _merge_performers(world: World, one: int, other: int) -> None:
    source, target = _entity(world, "performer", one), _entity(world, "performer", other)
    if source == target:
        return
    for scene in world.stash.state.scenes.values():
        if source in scene.performer_ids:
            ids = (target if i == source else i for i in scene.performer_ids)
            scene.performer_ids = list(dict.fromkeys(ids))
    world.stash.state.destroy_entity("performer", source)


def _break(world: World, one: int, _other: int) -> None:
    _scene(world, one).tag_ids.append(10**6)


def _heal(world: World, _one: int, _other: int) -> None:
    for scene in world.stash.state.scenes.values():
        scene.tag_ids = [i for i in scene.tag_ids if i in world.stash.state.tags.rows]


def _future(world: World, one: int, _other: int) -> None:
    _scene(world, one).updated_at = "2038-01-19T03:14:07Z"


def _keep(world: World, _one: int, _other: int) -> None:
    world.backup = world.stash.state.backup()


def _restore(world: World, _one: int, _other: int) -> None:
    world.stash.state.restore(world.backup)
    world.moment += timedelta(seconds=30)


def _replace(world: World, one: int, _other: int) -> None:
    state = world.stash.state
    for scene in state.scenes.values():
        scene.created_at = state.time_text(world.moment - timedelta(days=one % 9 + 1))
        scene.title = world.name()


Happening = Callable[[World, int, int], None]

ORDINARY: dict[str, Happening] = {
    "wait": _wait,
    "title": lambda w, one, _other: _update(w, one, title=w.name()),
    "same": lambda w, one, _other: _update(w, one),
    "details": lambda w, one, other: _update(w, one, details=f"Words {other}", rating100=other),
    "organized": lambda w, one, other: _update(w, one, organized=bool(other % 2)),
    "studio": lambda w, one, other: _update(w, one, studio_id=_entity(w, "studio", other)),
    "no studio": lambda w, one, _other: _update(w, one, studio_id=None),
    "tag": lambda w, one, other: _links(w, one, other, "tag", "ADD"),
    "no tag": lambda w, one, other: _links(w, one, other, "tag", "REMOVE"),
    "performer": lambda w, one, other: _links(w, one, other, "performer", "ADD"),
    "no performer": lambda w, one, other: _links(w, one, other, "performer", "REMOVE"),
    "create": _create,
    "destroy": _destroy,
    "merge scenes": _merge_scenes,
    "create tag": lambda w, _one, _other: _create_entity(w, "tag"),
    "create performer": lambda w, _one, _other: _create_entity(w, "performer"),
    "rename tag": lambda w, one, _other: _rename(w, "tag", one),
    "rename performer": lambda w, one, _other: _rename(w, "performer", one),
    "rename studio": lambda w, one, _other: _rename(w, "studio", one),
    "destroy tag": lambda w, one, _other: w.stash.state.destroy_entity(
        "tag", _entity(w, "tag", one)
    ),
    "destroy performer": lambda w, one, _other: w.stash.state.destroy_entity(
        "performer", _entity(w, "performer", one)
    ),
    "destroy studio": lambda w, one, _other: w.stash.state.destroy_entity(
        "studio", _entity(w, "studio", one)
    ),
    "merge tags": _merge_tags,
    "merge performers": _merge_performers,
    "move": _move,
}
"""What an incremental sync has to find by itself, from 0.30 on."""
STRANGE: dict[str, Happening] = {
    "zone": _zone,
    "rename folder": _rename_folder,
    "hash": _hash,
    "assign": _assign,
    "break": _break,
    "heal": _heal,
    "future": _future,
    "keep": _keep,
    "restore": _restore,
    "replace": _replace,
}
"""What may need a look at everything."""
EDITS = {**ORDINARY, **STRANGE}


def edits(names: Sequence[str]) -> st.SearchStrategy[Edit]:
    """One edit; half of the time time passes."""
    small = st.integers(0, 30)
    some = st.builds(Edit, st.sampled_from(names), small, small)
    return st.one_of(some, some, st.builds(Edit, st.just("wait"), small))


def syncs(names: Sequence[str]) -> st.SearchStrategy[Sync]:
    """One sync, perhaps disturbed."""
    call = st.integers(1, 30)
    return st.builds(
        Sync,
        st.sampled_from(["incremental", "incremental", "full"]),
        st.lists(st.tuples(call, edits(names)), max_size=4).map(tuple),
        st.one_of(st.none(), call),
        st.booleans(),
    )


def histories(
    names: Sequence[str] = tuple(EDITS), *, versions: Sequence[str], most: int = 25
) -> st.SearchStrategy[History]:
    """A history of edits of these kinds and syncs."""
    step = st.one_of(edits(names), edits(names), edits(names), syncs(names))
    steps = st.lists(step, min_size=1, max_size=most).map(tuple)
    return st.builds(History, st.sampled_from(versions), st.sampled_from(ZONES), steps)
