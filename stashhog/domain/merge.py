"""Planned-from, now, proposed: what to do with a change when the scene is read again.

Rules:
- A value found to be there without an intent of ours is somebody else's: recorded, never undone.
- After an intent of ours, the proposed value is ours and the pre-image means that nothing arrived.
- A scalar goes only where its pre-image still stands; an `add` never conflicts.
- Only accepted fields are ever sent; lists as deltas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stashhog.domain.library import Library, Scene
from stashhog.domain.plans import ENTITY_FIELDS, Change, Value, same_value


class Verdict(StrEnum):
    """What is to be done with one change of a scene that was just read."""

    SEND = "send"
    ALREADY = "already"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class SceneUpdate:
    """One mutation of one scene: only what was accepted, lists as deltas.

    `scalars` maps `title`, `date`, `details` to text or None (clear) and `studio_id` to an id or
    None; an absent key stays as it is in Stash.
    """

    scene_id: str
    scalars: Mapping[str, str | None] = field(default_factory=dict)
    add_performers: tuple[str, ...] = ()
    remove_performers: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


def present_value(scene: Scene, change: Change, library: Library) -> Value:
    """What Stash has now in the place that a change is about.

    A scalar's value, or for a list member the member if it is there, else None. Entities as
    `{id, name}`, the name from our own copy where it is known.
    """
    match change.field:
        case "title":
            return scene.title
        case "date":
            return scene.date
        case "details":
            return scene.details
        case "studio":
            return entity_value(library, "studio", scene.studio_id)
        case "performers" | "tags":
            member = _member(change)
            ids = scene.performer_ids if change.field == "performers" else scene.tag_ids
            found = member.get("id") is not None and member["id"] in ids
            return entity_value(library, change.field, str(member["id"])) if found else None


def entity_value(library: Library, field_name: str, entity_id: str | None) -> Value:
    """An entity as a change's value; its id stands for the name where that is not known."""
    if entity_id is None:
        return None
    entity = library.of(ENTITY_FIELDS[field_name]).get(entity_id)
    return {"id": entity_id, "name": entity.name if entity else entity_id}


def judge_apply(change: Change, present: Value) -> Verdict:
    """Decide an accepted change against what Stash has now (`present_value`)."""
    if change.action == "add":
        return Verdict.ALREADY if present is not None else Verdict.SEND
    if change.action == "remove":
        return Verdict.SEND if present is not None else Verdict.ALREADY
    if same_value(present, change.proposed):
        return Verdict.ALREADY
    return Verdict.SEND if same_value(present, change.current) else Verdict.CONFLICT


def judge_undo(change: Change, present: Value) -> Verdict:
    """Decide an applied change against what Stash has now: SEND the pre-image, or CONFLICT.

    ALREADY is only for what follows an undo intent of ours: see `landed_undo`.
    """
    if change.action == "add":
        return Verdict.SEND if present is not None else Verdict.CONFLICT
    if change.action == "remove":
        return Verdict.SEND if present is None else Verdict.CONFLICT
    return Verdict.SEND if same_value(present, change.written) else Verdict.CONFLICT


def landed_apply(change: Change, present: Value) -> bool:
    """Whether the change's post-image stands."""
    if change.action == "remove":
        return present is None
    if change.action == "add":
        return present is not None
    return same_value(present, change.proposed)


def landed_undo(change: Change, present: Value) -> bool:
    """Whether the change's pre-image stands."""
    if change.action == "remove":
        return present is not None
    if change.action == "add":
        return present is None
    return same_value(present, change.current)


def update_for_apply(scene_id: str, changes: Iterable[Change]) -> SceneUpdate:
    """The mutation that brings these changes about; new entities must have their id by now."""
    return _update(scene_id, ((c.field, c.action, c.proposed, c) for c in changes))


def update_for_undo(scene_id: str, changes: Iterable[Change]) -> SceneUpdate:
    """The mutation that puts these changes' pre-images back."""
    inverse: Mapping[str, Any] = {"set": "set", "add": "remove", "remove": "add"}
    return _update(scene_id, ((c.field, inverse[c.action], c.current, c) for c in changes))


def _update(scene_id: str, parts: Iterable[tuple[str, str, Value, Change]]) -> SceneUpdate:
    scalars: dict[str, str | None] = {}
    lists: dict[str, list[str]] = {}
    for field_name, action, value, change in parts:
        if action != "set":
            lists.setdefault(f"{action}_{field_name}", []).append(str(_member(change)["id"]))
        elif field_name == "studio":
            scalars["studio_id"] = str(value["id"]) if isinstance(value, Mapping) else None
        else:
            scalars[field_name] = value if isinstance(value, str) else None
    return SceneUpdate(
        scene_id, scalars, **{name: tuple(dict.fromkeys(ids)) for name, ids in lists.items()}
    )


def _member(change: Change) -> Mapping[str, Any]:
    """The list member that an `add` or `remove` is about."""
    value = change.current if change.action == "remove" else change.proposed
    return value if isinstance(value, Mapping) else {"id": None}
