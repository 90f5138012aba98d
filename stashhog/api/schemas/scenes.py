"""Scenes, entities and syncs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from stashhog.api.contract import SOME, BodyModel
from stashhog.api.schemas.common import ApiModel, ListQuery, StashId
from stashhog.db.entities import ENTITY_SORT_KEYS
from stashhog.db.scenes import SCENE_SORT_KEYS

Missing = Literal["studio", "performers", "tags", "title", "date", "details"]
Match = Literal["all", "any"]
PartialDate = Annotated[
    str, Field(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")
]
Text = Annotated[str, Field(max_length=1000)]
Ids = Annotated[list[StashId], Field(max_length=500)]


class SceneListQuery(ListQuery):
    """Filters of `GET /api/scenes`; all that are given must hold."""

    sort_keys: ClassVar[Sequence[str]] = SCENE_SORT_KEYS

    q: Text | None = Field(
        None, description="Words over title, path, details, performers, studio and tags."
    )
    studio_id: Ids | None = Field(None, description="One of these.")
    performer_id: Ids | None = None
    performer_match: Match | None = None
    tag_id: Ids | None = None
    tag_match: Match | None = None
    organized: bool | None = None
    date_from: PartialDate | None = None
    date_to: PartialDate | None = None
    path: Text | None = Field(None, description="Beginning of a file's path.")
    missing: list[Missing] | None = None
    analyzed: bool | None = Field(None, description="Analysed since the content last changed.")
    deleted: bool | None = Field(None, description="Default false.")


class SceneFilterBody(BodyModel):
    """The same filters in a body: repeatable ones as arrays, everything as `{"all": true}`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    all: Literal[True] | None = None
    q: Text | None = None
    studio_id: StashId | Ids | None = None
    performer_id: Ids | None = None
    performer_match: Match | None = None
    tag_id: Ids | None = None
    tag_match: Match | None = None
    organized: bool | None = None
    date_from: PartialDate | None = None
    date_to: PartialDate | None = None
    path: Text | None = None
    missing: list[Missing] | None = None
    analyzed: bool | None = None
    deleted: bool | None = None


class EntityRef(ApiModel):
    """A performer, tag or studio by id and name."""

    id: str
    name: str


class FingerprintResponse(ApiModel):
    """A fingerprint of a file."""

    type: str
    value: str


class FileResponse(ApiModel):
    """A video file: `size` in bytes, `duration` in seconds."""

    id: str
    path: str
    size: int | None
    duration: float | None
    width: int | None
    height: int | None
    video_codec: str | None
    frame_rate: float | None
    fingerprints: list[FingerprintResponse]


class ScenePaths(ApiModel):
    """Where a scene's pictures are served by StashHog."""

    screenshot: str | None


class SceneResponse(ApiModel):
    """A scene as Stash had it when it was last read."""

    id: str
    title: str | None
    details: str | None
    date: str | None
    organized: bool
    rating100: int | None
    studio: EntityRef | None
    performers: list[EntityRef]
    tags: list[EntityRef]
    files: list[FileResponse]
    paths: ScenePaths
    urls: list[str]
    created_at: AwareDatetime = Field(description="Stash's own, in UTC.")
    updated_at: AwareDatetime = Field(description="Stash's own, in UTC.")
    synced_at: AwareDatetime
    deleted: bool


class EntityListQuery(ListQuery):
    """Filters of the lists of performers, tags and studios."""

    sort_keys: ClassVar[Sequence[str]] = ENTITY_SORT_KEYS

    q: Text | None = Field(None, description="Words over name and aliases.")
    id: Ids | None = Field(None, description="Only these.")


class EntityResponse(ApiModel):
    """A performer, tag or studio."""

    id: str
    name: str
    aliases: list[str]
    disambiguation: str | None = None
    parent_ids: list[str]
    ignore_auto_tag: bool
    scene_count: int


class SyncBody(BodyModel):
    """What to sync; with `scene_ids` only those."""

    mode: Literal["full", "incremental"] = "incremental"
    scene_ids: Annotated[list[StashId], Field(max_length=10_000, json_schema_extra=SOME)] | None = (
        None
    )
    adopt: bool = Field(
        default=False,
        description="Take the library that Stash serves now, after a sync was refused with"
        " `library_replaced`; reads everything. What was planned for scenes that are no more stays"
        " as history.",
    )


class SyncRun(ApiModel):
    """A past sync; the counts are of scenes."""

    job_id: str
    mode: str
    finished_at: AwareDatetime
    created: int
    updated: int
    deleted: int
    unchanged: int
    failed: int


class SyncFailuresQuery(ListQuery):
    """Of which sync; default the last one that ended well."""

    job_id: str | None = Field(None, max_length=64)


class SyncFailure(ApiModel):
    """A scene, performer, tag or studio that could not be taken over, and why."""

    kind: str
    item: str = Field(description="Its id, where it has one.")
    reason: str


class SyncLive(ApiModel):
    """The live subscription to Stash: since when it stands, or else since when it does not."""

    connected: bool
    since: AwareDatetime | None
    code: str | None = Field(
        description="Why it is not connected; `stash_not_configured` also where it is turned off."
    )


class SyncStatusResponse(ApiModel):
    """Where syncing stands."""

    running_job_id: str | None
    last: SyncRun | None
    watermark: str | None
    live: SyncLive
    scenes: int = Field(description="How many scenes the copy holds.")
    unreadable: int = Field(description="Scenes that Stash has and that could not be read.")
    swept_at: AwareDatetime | None = Field(description="When all scenes were last compared.")


class HookBody(BodyModel):
    """What a hook of Stash tells."""

    id: Annotated[str | int, Field(description="The object's id.")] | None = None
    type: Annotated[str, Field(max_length=100)]
    fields: Annotated[list[str], Field(max_length=100)] | None = None
