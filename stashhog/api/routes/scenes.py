"""Scenes, performers, tags, studios, and bringing them up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, Response, current_app, request

from stashhog.api.contract import operation
from stashhog.api.dependencies import get_actors, get_db, get_settings, get_stash_client
from stashhog.api.schemas.analysis import ChangeResponse
from stashhog.api.schemas.common import ListQuery, Page
from stashhog.api.schemas.jobs import JobResponse
from stashhog.api.schemas.scenes import (
    EntityListQuery,
    EntityResponse,
    SceneListQuery,
    SceneResponse,
    SyncBody,
    SyncFailure,
    SyncFailuresQuery,
    SyncRun,
    SyncStatusResponse,
)
from stashhog.core.exceptions import (
    NotFoundError,
    StashError,
    StashNotConfiguredError,
    ValidationError,
)
from stashhog.core.pagination import PaginatedResponse
from stashhog.db import (
    entities as db_entities,
    failures as db_failures,
    scenes as db_scenes,
    sync as db_sync,
)
from stashhog.db.jobs import job_json
from stashhog.domain.jobs import SyncSubmission
from stashhog.domain.library import EntityKind
from stashhog.domain.selections import allow_none

bp = Blueprint("scenes", __name__)

Shapes = PaginatedResponse[dict[str, Any]]


def require_stash() -> None:
    """Refuse what needs a Stash while none was ever set.

    Raises:
        StashNotConfiguredError: no address is set.
    """
    if get_settings().stash.url is None:
        raise StashNotConfiguredError("no Stash is set yet; name its address in the settings")


@bp.get("/scenes")
@operation("Find scenes", Page[SceneResponse], query=SceneListQuery)
async def list_scenes(query: SceneListQuery) -> Shapes:
    """All filters that are given must hold."""
    sort = query.sort_key()
    filters = db_scenes.filters_from_query(query.filters())
    return await get_db().read(db_scenes.list_scenes, filters, query.params(), sort)


@bp.get("/scenes/<stash:scene_id>")
@operation("One scene", SceneResponse, errors=(404,))
async def show_scene(scene_id: str) -> dict[str, Any]:
    """The scene as our copy has it, also where it is deleted in Stash."""
    return await get_db().read(db_scenes.get_scene, scene_id)


@bp.get("/scenes/<stash:scene_id>/screenshot")
@operation("A scene's picture", {200: "image/*", 304: None}, errors=(404, 409, 502))
async def show_screenshot(scene_id: str) -> Response:
    """Stash's own picture, through this service: images only, with an ETag."""
    path = await get_db().read(db_scenes.screenshot_path, scene_id)
    if path is None:
        raise NotFoundError("this scene has no picture")
    held = request.headers.get("If-None-Match")
    shot = await get_stash_client().screenshot(path, if_none_match=held)
    # Stash looks for the very text; a list of tags, a weak one or `*` is understood here.
    held_still = shot.etag is not None and request.if_none_match.contains_weak(_tag(shot.etag))
    fresh = shot.not_modified or held_still
    response: Response = current_app.response_class(
        b"" if fresh else shot.content, 304 if fresh else 200, content_type=shot.content_type
    )
    if shot.etag is not None:
        response.headers["ETag"] = shot.etag
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def _tag(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


@bp.get("/scenes/<stash:scene_id>/changes")
@operation(
    "All that was ever proposed for a scene", Page[ChangeResponse], query=ListQuery, errors=(404,)
)
async def list_scene_changes(scene_id: str, query: ListQuery) -> Shapes:
    """Newest first, those of deleted plans too."""
    query.sort_key()
    return await get_db().read(db_scenes.scene_history, scene_id, query.params())


@bp.post("/scenes/<stash:scene_id>/resync")
@operation("Read one scene from Stash now", SceneResponse, errors=(404, 409, 502))
async def resync_scene(scene_id: str) -> dict[str, Any]:
    """Also a scene that is not held yet; 404 where Stash no longer has it."""
    require_stash()
    read_at = datetime.now(UTC)
    found = await get_stash_client().scenes([scene_id])
    if found.failures:
        raise StashError(f"this scene cannot be read: {found.failures[0].reason}")
    if not found.scenes:
        await get_db().write(db_sync.forget_scene, scene_id, read_at)
        raise NotFoundError("Stash does not have this scene")
    await get_db().write(db_sync.take_scene, found.scenes[0], read_at)
    return await get_db().read(db_scenes.get_scene, scene_id)


@bp.post("/scenes/sync")
@operation("Bring the copy up to date", {202: JobResponse}, body=SyncBody, errors=(409,))
async def sync_scenes(body: SyncBody) -> dict[str, Any]:
    """One of the same mode and scenes that waits or runs is joined."""
    require_stash()
    allow_none(scene_ids=body.scene_ids)
    if body.adopt and body.scene_ids is not None:
        raise ValidationError("a library is adopted as a whole", code="ambiguous_selection")
    ids = None if body.scene_ids is None else tuple(dict.fromkeys(body.scene_ids))
    wanted = SyncSubmission("full" if body.adopt else body.mode, ids, body.adopt)
    return job_json(await get_actors().sync_manager.request(wanted))


@bp.get("/sync/status")
@operation("Where syncing stands", SyncStatusResponse)
async def show_sync_status() -> dict[str, Any]:
    """The last run, the one that runs, and the live connection."""
    status = await get_db().read(db_sync.sync_status)
    live = get_actors().sync_manager.live
    return {**status, "live": live}


@bp.get("/sync/history")
@operation("Past syncs", Page[SyncRun], query=ListQuery)
async def list_sync_history(query: ListQuery) -> Shapes:
    """Newest first."""
    query.sort_key()
    return await get_db().read(db_sync.sync_history, query.params())


@bp.get("/sync/failures")
@operation("What a sync could not take over", Page[SyncFailure], query=SyncFailuresQuery)
async def list_sync_failures(query: SyncFailuresQuery) -> Shapes:
    """In the order in which they were met."""
    query.sort_key()
    return await get_db().read(db_failures.sync_failures, query.params(), query.job_id)


async def _entities(kind: EntityKind, query: EntityListQuery) -> Shapes:
    sort = query.sort_key()
    return await get_db().read(
        db_entities.list_entities, kind, query.q, query.params(), sort, ids=query.id
    )


@bp.get("/performers")
@operation("Find performers", Page[EntityResponse], query=EntityListQuery)
async def list_performers(query: EntityListQuery) -> Shapes:
    """By words of name or alias."""
    return await _entities("performer", query)


@bp.get("/tags")
@operation("Find tags", Page[EntityResponse], query=EntityListQuery)
async def list_tags(query: EntityListQuery) -> Shapes:
    """By words of name or alias."""
    return await _entities("tag", query)


@bp.get("/studios")
@operation("Find studios", Page[EntityResponse], query=EntityListQuery)
async def list_studios(query: EntityListQuery) -> Shapes:
    """By words of name or alias."""
    return await _entities("studio", query)
