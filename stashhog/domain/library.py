"""What a Stash library holds, as StashHog sees it.

Ids are Stash's own, as text. Instants are aware datetimes in UTC; a scene's `date` is text as Stash
has it (`YYYY-MM-DD`, from 0.30 on also `YYYY-MM` and `YYYY`). Lists have no order of meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

EntityKind = Literal["performer", "tag", "studio"]
ENTITY_KINDS: tuple[EntityKind, ...] = ("performer", "tag", "studio")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's fingerprint: `type` is `oshash`, `md5` or `phash`."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class SceneFile:
    """One video file of a scene; the first of a scene's files is its primary one.

    `size` in bytes, `duration` in seconds, `frame_rate` in frames a second.
    """

    id: str
    path: str
    size: int | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    video_codec: str | None = None
    frame_rate: float | None = None
    fingerprints: tuple[Fingerprint, ...] = ()


@dataclass(frozen=True, slots=True)
class StashId:
    """A scene's id at a stash-box."""

    endpoint: str
    stash_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene as Stash has it, entities by id.

    `updated_at_text` is Stash's own text of `updated_at`, zone and all: the watermark needs it.
    """

    id: str
    title: str | None
    details: str | None
    date: str | None
    rating100: int | None
    organized: bool
    studio_id: str | None
    performer_ids: tuple[str, ...]
    tag_ids: tuple[str, ...]
    files: tuple[SceneFile, ...]
    urls: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    updated_at_text: str
    code: str | None = None
    director: str | None = None
    stash_ids: tuple[StashId, ...] = ()
    screenshot: str | None = None
    """Path and query of the screenshot below Stash's base address; never a key."""
    files_text: str | None = field(default=None, compare=False)
    """The newest `updated_at` among the files, as Stash wrote it."""
    files_print: str = field(default="", compare=False)
    """`domain.sync.files_print` of the files."""

    @property
    def path(self) -> str | None:
        """The primary file's path; None for a scene without files."""
        return self.files[0].path if self.files else None


def new_scene(path: str, came: datetime) -> Scene:
    """A scene of which nothing is known but where its file lies."""
    file = SceneFile("", path)
    return Scene("", None, None, None, None, False, None, (), (), (file,), (), came, came, "")


@dataclass(frozen=True, slots=True)
class Entity:
    """A performer, tag or studio.

    `parent_ids`: a studio has at most one parent; a tag any number; a performer none.
    `disambiguation` is a performer's only.
    """

    kind: EntityKind
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    disambiguation: str | None = None
    parent_ids: tuple[str, ...] = ()
    ignore_auto_tag: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """The entities that detection may propose, by id."""

    performers: Mapping[str, Entity] = field(default_factory=dict)
    tags: Mapping[str, Entity] = field(default_factory=dict)
    studios: Mapping[str, Entity] = field(default_factory=dict)

    def of(self, kind: EntityKind) -> Mapping[str, Entity]:
        """The entities of one kind, by id."""
        return {"performer": self.performers, "tag": self.tags, "studio": self.studios}[kind]


@dataclass(frozen=True, slots=True)
class StashInstance:
    """What is known of the Stash at the other end: release text and what its schema can do."""

    version: str | None
    status: str
    database_schema: int | None
    capabilities: frozenset[str] = frozenset()
