"""What a plan's changes do to a library, worked out beside the product."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]
TEXTS = ("title", "date", "details")
LINKS = {"performers": "performer_ids", "tags": "tag_ids"}


def carried_out(scenes: Mapping[str, Row], changes: Iterable[Row]) -> dict[str, Row]:
    """The scenes as they are once these changes, and nothing else, have been made."""
    after = copy.deepcopy(dict(scenes))
    for change in changes:
        carry_out(after[change["scene_id"]], change)
    return after


def carry_out(scene: Row, change: Row) -> None:
    """Make one change."""
    name, proposed = change["field"], change["proposed"]
    if name in TEXTS:
        scene[name] = proposed
    elif name == "studio":
        scene["studio_id"] = None if proposed is None else int(proposed["id"])
    elif change["action"] == "add":
        if int(proposed["id"]) not in scene[LINKS[name]]:
            scene[LINKS[name]].append(int(proposed["id"]))
    else:
        scene[LINKS[name]].remove(int(change["current"]["id"]))


def unlike(wanted: Mapping[str, Row], found: Mapping[str, Row]) -> dict[str, Any]:
    """Where scenes differ, field by field: `id/field` → (wanted, found); links are sets."""
    places: dict[str, Any] = {}
    for key in {**wanted, **found}:
        one, other = wanted.get(key, {}), found.get(key, {})
        for name in {**one, **other}:
            expected, seen = _plain(name, one.get(name)), _plain(name, other.get(name))
            if expected != seen:
                places[f"{key}/{name}"] = (expected, seen)
    return places


def _plain(name: str, value: Any) -> Any:
    if name in LINKS.values():
        return sorted(value or ())
    return value or None if name in TEXTS else value
