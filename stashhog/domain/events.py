"""What Stash tells by its hooks and its live events, and what of it concerns the local copy.

Rules:
- What is not known is taken for a change: an incremental sync costs little and is always right.
- Only what surely touches nothing of the copy is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from stashhog.domain.library import EntityKind

# --- live events --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StashJob:
    """Something about a job of Stash: `change` is ADD, UPDATE or REMOVE (it ended)."""

    change: str
    description: str
    status: str


@dataclass(frozen=True, slots=True)
class ScanCompleted:
    """A scan or a clean-up of Stash has ended."""


StashEvent: TypeAlias = StashJob | ScanCompleted

HARMLESS = (
    "Backing up",
    "Cleaning generated files",
    "Downloading ffmpeg",
    "Exporting",
    "Installing packages",
    "Migrating blobs",
    "Migrating scene screenshots",
    "Optimising database",
    "Updating packages",
)
"""How the descriptions of jobs begin that change no scene, performer, tag or studio."""

HINDRANCES = {"Scanning": "stash_scanning", "Generating": "stash_generating"}
"""Jobs that keep Stash's disk and database busy, and what a job of ours that makes way waits for"""


def reason_to_sync(event: StashEvent) -> str | None:
    """Why the library may differ after an event; None where it does not."""
    match event:
        case ScanCompleted():
            return "scan completed"
        case StashJob("REMOVE", description) if not description.startswith(HARMLESS):
            return f"ended: {description.rstrip('.')}"
        case _:
            return None


def hindrance(description: str, status: str) -> str | None:
    """What a polite job of ours waits for while this job of Stash is at work; None: nothing."""
    if status not in ("RUNNING", "STOPPING"):
        return None
    for begins, code in HINDRANCES.items():
        if description.startswith(begins):
            return code
    return None


# --- hooks --------------------------------------------------------------------------------------

HookAction = Literal["create", "update", "destroy"]

_KINDS: dict[str, EntityKind] = {"performer": "performer", "tag": "tag", "studio": "studio"}
_ELSEWHERE = frozenset(
    {"scenemarker", "image", "gallery", "gallerychapter", "group", "movie", "folder"}
)
_ACTIONS: dict[str, HookAction] = {"create": "create", "update": "update", "destroy": "destroy"}
_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class SceneHook:
    """A scene was created, changed or destroyed."""

    scene_id: str


@dataclass(frozen=True, slots=True)
class EntityHook:
    """A performer, tag or studio was created, changed or destroyed."""

    kind: EntityKind
    entity_id: str
    action: HookAction


@dataclass(frozen=True, slots=True)
class OtherHook:
    """Something else that may have changed anything, such as a merge."""

    type: str


Hook: TypeAlias = SceneHook | EntityHook | OtherHook


def read_hook(type_: str, object_id: str | None) -> Hook | None:
    """Read a hook's type (`Scene.Update.Post`) and id; None where it concerns nothing we hold."""
    kind, _, rest = type_.partition(".")
    kind, action = kind.lower(), _ACTIONS.get(rest.partition(".")[0].lower())
    if kind in _ELSEWHERE:
        return None
    if object_id is not None and _ID.fullmatch(object_id) and action is not None:
        if kind == "scene":
            return SceneHook(object_id)
        if kind in _KINDS:
            return EntityHook(_KINDS[kind], object_id, action)
    return OtherHook(type_)
