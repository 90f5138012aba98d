"""What an analysis is asked for and what it answers, one scene at a time.

Rules:
- A filled field is left alone unless it may be overwritten; a title that is only the file's stem
  counts as empty. Details are looked at only where they are asked for, and then cleaned; a rule
  never replaces them by others.
- A scene without a proposal says why, by a stable code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field as attribute
from typing import Any, Literal

from stashhog.domain.library import EntityKind, Scene

FIELDS = ("title", "date", "details", "studio", "performers", "tags")
DEFAULT_FIELDS = frozenset(FIELDS) - {"details"}

Action = Literal["set", "add", "remove"]
Source = Literal["rule", "learned", "llm"]


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """What may be proposed.

    `overwrite` names the scalar fields whose value may be replaced; `create_missing` the kinds
    that may be proposed although the library does not have them.
    """

    fields: frozenset[str] = DEFAULT_FIELDS
    min_confidence: float = 0.5
    overwrite: frozenset[str] = frozenset()
    removals: bool = False
    create_missing: frozenset[EntityKind] = frozenset()
    include_organized: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """One value for one field of one scene.

    `confidence` is the share of such proposals that a careful person accepts, 0 to 1, in four
    digits. `value` is the text, or the entity's name; `entity_id` is None for text and for
    entities that the library does not have. `evidence` holds `text` (what was looked at), `start`
    and `end` of the `span` in it (None where nothing was read but only counted), the `rule`, the
    `runner_up` (`value`, `confidence`) and the `gap` to it.
    """

    field: str
    action: Action
    entity_id: str | None
    value: str
    confidence: float
    source: Source
    reason: str
    evidence: Mapping[str, Any] = attribute(default_factory=dict)

    @property
    def key(self) -> str:
        """What the value is told apart by within its field."""
        return self.entity_id or self.value


NOT_LOOKED_AT = frozenset({"organized", "no_files", "complete"})
"""Reasons for which a scene is passed over before anything is read."""


@dataclass(frozen=True, slots=True)
class SceneFindings:
    """A scene's proposals; `skipped` says why there is none."""

    scene_id: str
    proposals: tuple[Proposal, ...]
    skipped: str | None = None

    @property
    def looked_at(self) -> bool:
        """Whether the scene had anything open."""
        return self.skipped not in NOT_LOOKED_AT


_SEPARATORS = re.compile(r"[/\\]")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def basename(path: str) -> str:
    """The last part of a path of either kind."""
    return _SEPARATORS.split(path)[-1]


def stem(path: str) -> str:
    """The last part of a path without its extension."""
    name = basename(path)
    return _EXTENSION.sub("", name) or name


def title_is_stem(scene: Scene) -> bool:
    """Whether the title is only what a file is called, with or without its extension."""
    title = (scene.title or "").strip()
    return any(title in (stem(file.path), basename(file.path)) for file in scene.files)


def current_blocks(scene: Scene, field: str, options: DetectionOptions) -> bool:
    """Whether a scalar field is filled and must be left alone; list fields never block."""
    if field in options.overwrite:
        return False
    match field:
        case "title":
            return bool((scene.title or "").strip()) and not title_is_stem(scene)
        case "date":
            return bool(scene.date)
        case "studio":
            return scene.studio_id is not None
        case _:
            return False
