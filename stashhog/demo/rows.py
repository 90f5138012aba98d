"""What the sample Stash keeps: plain mutable rows.

Rules:
- A row may be changed by hand, a test's way of making trouble: nothing is derived from it in
  advance but the indexes that `state` rebuilds when it is told to.
- Times are texts, as a real Stash stores and compares them: RFC 3339, whole seconds, local zone.
- Ids are numbers here and texts on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["performer", "tag", "studio"]
KINDS: tuple[Kind, ...] = ("performer", "tag", "studio")


class RefusedError(Exception):
    """What the sample Stash answers in `errors`; the message is the answer's text."""


@dataclass(slots=True)
class FileRow:
    """A video file; `size` in bytes, `duration` in seconds, `bit_rate` in bits a second."""

    id: int
    path: str
    size: int
    duration: float
    width: int
    height: int
    video_codec: str
    audio_codec: str
    frame_rate: float
    bit_rate: int
    fingerprints: tuple[tuple[str, str], ...]
    mod_time: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class StashIdRow:
    """A scene's id at a stash-box."""

    endpoint: str
    stash_id: str
    updated_at: str


@dataclass(slots=True)
class SceneRow:
    """A scene; the first file is the primary one. Empty texts are "", an empty date is None."""

    id: int
    created_at: str
    updated_at: str
    title: str = ""
    code: str = ""
    details: str = ""
    director: str = ""
    date: str | None = None
    rating100: int | None = None
    organized: bool = False
    studio_id: int | None = None
    urls: list[str] = field(default_factory=list)
    tag_ids: list[int] = field(default_factory=list)
    performer_ids: list[int] = field(default_factory=list)
    stash_ids: list[StashIdRow] = field(default_factory=list)
    files: list[FileRow] = field(default_factory=list)
    play_count: int = 0


@dataclass(slots=True)
class EntityRow:
    """A performer, tag or studio.

    `other_uses` says how often it is used beside scenes, by the name of the count on the wire
    (`image_count`, `gallery_count`, `scene_marker_count`, …): this Stash has no images.
    """

    kind: Kind
    id: int
    name: str
    created_at: str
    updated_at: str
    aliases: list[str] = field(default_factory=list)
    disambiguation: str = ""
    description: str = ""
    parent_ids: list[int] = field(default_factory=list)
    ignore_auto_tag: bool = False
    favorite: bool = False
    urls: list[str] = field(default_factory=list)
    other_uses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mutation as it was asked for: root field, the scenes it was about, its input.

    `error` is None where it was executed.
    """

    operation: str
    scene_ids: tuple[str, ...]
    input: Mapping[str, Any]
    error: str | None = None
