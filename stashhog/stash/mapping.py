"""Stash's JSON as domain values, and updates as Stash's inputs; pure.

Rules:
- One damaged item never spoils its page: it becomes an `ItemFailure` with the reason.
- Nothing is invented: what cannot be read inside a file (a size, a duration) is None, a scene or
  entity without a usable id, name or time is a failure, and nulls are what GraphQL says they are.
- Texts keep their spelling; an empty text is None, as Stash means it.
- No address keeps a key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from stashhog.core.exceptions import StashProtocolError
from stashhog.domain.library import (
    Entity,
    EntityKind,
    Fingerprint,
    Scene,
    SceneFile,
    StashId,
    StashInstance,
)
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.sync import ItemFailure, Stamp, files_print, parse_time
from stashhog.ports import ScenePage
from stashhog.stash.links import screenshot_path, strip_keys

T = TypeVar("T")

_ID_DIGITS = 18

_LARGEST = 2**63 - 1
_UNKNOWN = "?"

ALIASES: Mapping[EntityKind, str] = {
    "performer": "alias_list",
    "tag": "aliases",
    "studio": "aliases",
}
SCALARS = frozenset({"title", "date", "details", "studio_id"})


class _DamagedError(Exception):
    """An item that cannot be taken over; the text says why."""


# --- single values ------------------------------------------------------------------------------


def read_id(value: object) -> str | None:
    """An id as text; None for what is no id."""
    if type(value) is int:
        value = str(value)
    return value if isinstance(value, str) and is_id(value) else None


def is_id(text: str) -> bool:
    """Stash's ids are positive 64-bit numbers; nothing else is ever asked for."""
    return text.isdecimal() and text.isascii() and len(text) <= _ID_DIGITS


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _DamagedError(f"its {name} is no text")
    return value or None


def _whole(value: object) -> int | None:
    if type(value) is float and math.isfinite(value) and value.is_integer():
        value = int(value)
    return value if type(value) is int and -_LARGEST <= value <= _LARGEST else None


def _number(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    number = float(value)  # type: ignore[arg-type]  # the line above leaves int and float
    return number if math.isfinite(number) else None


def _instant(row: Mapping[str, Any], name: str) -> tuple[datetime, str]:
    text = row.get(name)
    if not isinstance(text, str):
        raise _DamagedError(f"it has no {name}")
    try:
        return parse_time(text), text
    except (ValueError, OverflowError):
        raise _DamagedError(f"its {name} is no instant") from None


def _rows(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> Iterable[str]:
    return (item for item in _rows(value) if isinstance(item, str) and item)


def _linked(row: Mapping[str, Any], name: str) -> str | None:
    """The id of a linked object; None where there is none."""
    target = row.get(name)
    if target is None:
        return None
    found = read_id(target.get("id")) if isinstance(target, dict) else None
    if found is None:
        raise _DamagedError(f"its {name} has no usable id")
    return found


def _links(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The ids of linked objects, each once."""
    found: dict[str, None] = {}
    for target in _rows(row.get(name)):
        target_id = read_id(target.get("id")) if isinstance(target, dict) else None
        if target_id is not None:
            found[target_id] = None
    return tuple(found)


# --- scenes -------------------------------------------------------------------------------------


def read_scene(row: object) -> Scene | ItemFailure:
    """One scene, or why it cannot be taken over."""
    return _one(row, _scene)


def _one(row: object, read: Callable[[str, Mapping[str, Any]], T]) -> T | ItemFailure:
    if not isinstance(row, dict):
        return ItemFailure(_UNKNOWN, "Stash listed nothing in its place")
    item_id = read_id(row.get("id"))
    if item_id is None:
        return ItemFailure(_UNKNOWN, "it has no usable id")
    try:
        return read(item_id, row)
    except _DamagedError as error:
        return ItemFailure(item_id, str(error))


def _scene(scene_id: str, row: Mapping[str, Any]) -> Scene:
    created_at, _ = _instant(row, "created_at")
    updated_at, updated_at_text = _instant(row, "updated_at")
    paths = row.get("paths")
    picture = paths.get("screenshot") if isinstance(paths, dict) else None
    files, times = _files(row.get("files"))
    return Scene(
        id=scene_id,
        title=_text(row, "title"),
        details=_text(row, "details"),
        date=_text(row, "date"),
        rating100=_whole(row.get("rating100")),
        organized=row.get("organized") is True,
        studio_id=_linked(row, "studio"),
        performer_ids=_links(row, "performers"),
        tag_ids=_links(row, "tags"),
        files=files,
        urls=tuple(kept for url in _texts(row.get("urls")) if (kept := strip_keys(url))),
        created_at=created_at,
        updated_at=updated_at,
        updated_at_text=updated_at_text,
        code=_text(row, "code"),
        director=_text(row, "director"),
        stash_ids=_stash_ids(row.get("stash_ids")),
        screenshot=screenshot_path(picture) if isinstance(picture, str) else None,
        files_text=max(times, default=None) or None,
        files_print=files_print(files, times),
    )


def _files(value: object) -> tuple[tuple[SceneFile, ...], tuple[str, ...]]:
    """Files, each once, and the texts of their `updated_at`."""
    files: dict[str, SceneFile] = {}
    times: list[str] = []
    for row in _rows(value):
        file = _file(row) if isinstance(row, dict) else None
        if file is not None and file.id not in files:
            files[file.id] = file
            time = row.get("updated_at")
            times.append(time if isinstance(time, str) else "")
    return tuple(files.values()), tuple(times)


def _file(row: Mapping[str, Any]) -> SceneFile | None:
    file_id, path = read_id(row.get("id")), row.get("path")
    if file_id is None or not isinstance(path, str) or not path:
        return None
    codec = row.get("video_codec")
    return SceneFile(
        id=file_id,
        path=path,
        size=_whole(row.get("size")),
        duration=_number(row.get("duration")),
        width=_whole(row.get("width")),
        height=_whole(row.get("height")),
        video_codec=codec if isinstance(codec, str) and codec else None,
        frame_rate=_number(row.get("frame_rate")),
        fingerprints=_fingerprints(row.get("fingerprints")),
    )


def _fingerprints(value: object) -> tuple[Fingerprint, ...]:
    """Fingerprints; a perceptual hash gets the leading zeros back that Stash leaves out."""
    found: dict[tuple[str, str], Fingerprint] = {}
    for row in _rows(value):
        if not isinstance(row, dict):
            continue
        kind, text = row.get("type"), row.get("value")
        if isinstance(kind, str) and isinstance(text, str) and kind and text:
            text = text.zfill(16) if kind == "phash" else text
            found[kind, text] = Fingerprint(kind, text)
    return tuple(found.values())


def _stash_ids(value: object) -> tuple[StashId, ...]:
    found: dict[tuple[str, str], StashId] = {}
    for row in _rows(value):
        if not isinstance(row, dict):
            continue
        endpoint, stash_id = row.get("endpoint"), row.get("stash_id")
        if isinstance(endpoint, str) and isinstance(stash_id, str) and endpoint and stash_id:
            kept = strip_keys(endpoint)
            found[kept, stash_id] = StashId(kept, stash_id)
    return tuple(found.values())


def read_scene_page(rows: Sequence[object], *, after: str | None, asked: int) -> ScenePage:
    """A keyset page; one shorter than `asked` is the last.

    Raises:
        StashProtocolError: the rows do not go on after `after`, so asking on would never end.
    """
    last = _last_id(rows, after)
    return ScenePage(last if len(rows) >= asked else None, lambda: _each_once(rows, read_scene))


def _each_once(
    rows: Sequence[object], read: Callable[[object], Any]
) -> tuple[tuple[Any, ...], tuple[ItemFailure, ...]]:
    """The items of a list in its order, each as it came first, and what could not be read."""
    items: dict[str, Any] = {}
    failures: list[ItemFailure] = []
    for row in rows:
        item = read(row)
        if isinstance(item, ItemFailure):
            failures.append(item)
        else:
            items.setdefault(item.id, item)
    return tuple(items.values()), tuple(failures)


def _last_id(rows: Sequence[object], after: str | None) -> str | None:
    """Where to go on after these rows.

    Raises:
        StashProtocolError: the rows do not move on.
    """
    found = (read_id(row.get("id")) for row in rows if isinstance(row, dict))
    last = max((int(item) for item in found if item is not None), default=None)
    if rows and (last is None or last <= int(after or 0)):
        raise StashProtocolError("Stash's answer does not go on after the scenes asked for before")
    return after if last is None else str(last)


def read_stamps(rows: Sequence[object], *, after: str | None) -> tuple[list[Stamp], str | None]:
    """The stamps of rows that have an id, and the highest id.

    A row without a time gets an empty text, which differs from all that is known of the scene.

    Raises:
        StashProtocolError: the rows do not go on after `after`.
    """
    stamps: dict[str, Stamp] = {}
    for row in rows:
        scene_id = read_id(row.get("id")) if isinstance(row, dict) else None
        if scene_id is not None and isinstance(row, dict):
            stamps[scene_id] = _stamp(scene_id, row)
    return list(stamps.values()), _last_id(rows, after)


def _stamp(scene_id: str, row: Mapping[str, Any]) -> Stamp:
    text = row.get("updated_at")
    said = text if isinstance(text, str) else ""
    if "files" not in row:
        return Stamp(scene_id, said)
    files, times = _files(row["files"])
    return Stamp(scene_id, said, max(times, default=None) or None, files_print(files, times))


def read_scenes(rows: Sequence[object]) -> dict[str, Scene | ItemFailure]:
    """Scenes or failures by id, for rows that were asked for by id."""
    found: dict[str, Scene | ItemFailure] = {}
    for row in rows:
        item = read_scene(row)
        found.setdefault(item.item if isinstance(item, ItemFailure) else item.id, item)
    return found


# --- entities -----------------------------------------------------------------------------------


def read_entities(
    kind: EntityKind, rows: Sequence[object]
) -> tuple[tuple[Entity, ...], tuple[ItemFailure, ...]]:
    """Entities of one kind, and what could not be taken over."""
    return _each_once(rows, lambda row: read_entity(kind, row))


def read_entity(kind: EntityKind, row: object) -> Entity | ItemFailure:
    """One entity, or why it cannot be taken over."""
    return _one(row, lambda entity_id, fields: _entity(kind, entity_id, fields))


def _entity(kind: EntityKind, entity_id: str, row: Mapping[str, Any]) -> Entity:
    name = _text(row, "name")
    if name is None:
        raise _DamagedError("it has no name")
    parents: tuple[str, ...] = ()
    if kind == "tag":
        parents = _links(row, "parents")
    elif kind == "studio":
        parent = _linked(row, "parent_studio")
        parents = () if parent is None else (parent,)
    return Entity(
        kind=kind,
        id=entity_id,
        name=name,
        aliases=tuple(dict.fromkeys(_texts(row.get(ALIASES[kind])))),
        disambiguation=_text(row, "disambiguation") if kind == "performer" else None,
        parent_ids=tuple(parent for parent in parents if parent != entity_id),
        ignore_auto_tag=row.get("ignore_auto_tag") is True,
    )


def count_uses(row: Mapping[str, Any]) -> int:
    """The sum of all counts that an entity's answer holds.

    Raises:
        StashProtocolError: a count is missing, so nothing can be said.
    """
    total = 0
    for value in row.values():
        number = len(value) if isinstance(value, list) else _whole(value)
        if number is None:
            raise StashProtocolError("Stash did not count what uses an entity")
        total += number
    return total


# --- the server ---------------------------------------------------------------------------------


def read_instance(data: Mapping[str, Any], capabilities: frozenset[str]) -> StashInstance:
    """What Stash says about itself.

    Raises:
        StashProtocolError: it says nothing.
    """
    status = data.get("systemStatus")
    if not isinstance(status, dict):
        raise StashProtocolError("what answers at this address does not say how it stands")
    version = data.get("version")
    text = version.get("version") if isinstance(version, dict) else None
    return StashInstance(
        version=text if isinstance(text, str) and text else None,
        status=str(status.get("status") or "unknown"),
        database_schema=_whole(status.get("databaseSchema")),
        capabilities=capabilities,
    )


CAPABILITY_FIELDS: Mapping[str, tuple[str, str, str]] = {
    "groups": ("tag", "fields", "group_count"),
    "file_filter": ("scene_filter", "inputFields", "files_filter"),
    "scene_custom_fields": ("scene", "fields", "custom_fields"),
}
"""Capability → the type that shows it, the list of that type, and the name to look for."""


def read_capabilities(data: Mapping[str, Any]) -> frozenset[str]:
    """What the schema shows that not every supported release has."""
    found = set()
    for capability, (alias, members, name) in CAPABILITY_FIELDS.items():
        shown = data.get(alias)
        rows = _rows(shown.get(members)) if isinstance(shown, dict) else []
        if any(isinstance(row, dict) and row.get("name") == name for row in rows):
            found.add(capability)
    return frozenset(found)


# --- what is sent -------------------------------------------------------------------------------


def update_inputs(update: SceneUpdate) -> list[dict[str, Any]]:
    """The inputs that bring an update about, in the order they have to be sent; none if empty.

    One list of a scene takes one mode in one mutation. An update that both adds to a list and
    removes from it (a plan with removals, or its undo) therefore takes a second mutation with
    those removals alone. Setting the whole list would do it in one, and would undo whatever
    somebody else did to the list in between; deltas never do.

    Raises:
        ValueError: a scalar that an update cannot have.
    """
    unknown = set(update.scalars) - SCALARS
    if unknown:
        raise ValueError(f"no such scalar: {', '.join(sorted(unknown))}")
    first: dict[str, Any] = dict(update.scalars)
    second: dict[str, Any] = {}
    lists = (
        ("performer_ids", update.add_performers, update.remove_performers),
        ("tag_ids", update.add_tags, update.remove_tags),
    )
    for name, added, removed in lists:
        if added:
            first[name] = {"ids": list(dict.fromkeys(added)), "mode": "ADD"}
        if removed:
            target = second if added else first
            target[name] = {"ids": list(dict.fromkeys(removed)), "mode": "REMOVE"}
    return [{"ids": [update.scene_id], **fields} for fields in (first, second) if fields]
