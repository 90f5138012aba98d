"""Scenes as people see them: lists at any size, one by one, and what was proposed for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import NotFoundError
from stashhog.core.pagination import PaginatedResponse, PaginationParams, SortKey
from stashhog.db.change_rows import change_shapes
from stashhog.db.job_selections import check_scenes
from stashhog.db.meta import LIVE_SCENES, meta_number
from stashhog.db.paging import Order, walk
from stashhog.db.scene_filters import (
    Part,
    SceneFilters,
    filters_from_mapping,
    filters_from_query,
    parts_of,
    plain_conditions,
    scene_conditions,
    unindexed,
)
from stashhog.db.scene_rows import scene_shapes, scene_values
from stashhog.db.tables import changes, scenes
from stashhog.db.values import row_id, row_ids, run
from stashhog.domain.jobs import SceneSelection
from stashhog.domain.library import Scene
from stashhog.domain.selections import require_one

__all__ = [
    "SCENE_SORT_KEYS",
    "SceneFilters",
    "filters_from_mapping",
    "filters_from_query",
    "get_scene",
    "held_scene",
    "list_scenes",
    "sample_selection",
    "scene_history",
    "screenshot_path",
]

_KEYS = {
    "title": "title_key",
    "date": "date_key",
    "path": "path_key",
    "duration": "duration",
    "size": "size",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
SCENE_SORT_KEYS = (*_KEYS, "id")
_NULLABLE = frozenset({"title", "date", "path", "duration", "size"})
_PROBE_COST = 2
"""Asking of one scene whether it is in a set costs about what taking two from the set does."""


def list_scenes(
    s: Session, filters: SceneFilters, params: PaginationParams, sort: SortKey | None
) -> PaginatedResponse[dict[str, Any]]:
    """One page of the scenes that all filters leave.

    Only the index of the order is walked, or where that is cheaper the smallest set that a filter
    names; the wide rows are read for the page alone.

    Raises:
        ValidationError: `bad_cursor`.
    """
    parts = parts_of(s, filters)
    total = _total(s, filters, parts)
    by_set = bool(parts) and not _walk_is_cheaper(s, params, parts[0].at_most, total)
    query = select(scenes.c.id).where(*plain_conditions(filters, by_set=by_set))
    if by_set:
        query = query.where(scenes.c.id.in_(parts[0].ids), *(part.holds for part in parts[1:]))
    else:
        query = query.where(*(part.holds for part in parts))
    key = sort or SortKey("created_at", descending=True)
    columns = {
        name: unindexed(column) if by_set else scenes.c[column] for name, column in _KEYS.items()
    }
    scene_id = unindexed("id") if by_set else scenes.c.id
    order = Order.of(key, columns, scene_id, nullable=_NULLABLE)
    found = walk(s, query, order, params, filters.names())
    return found.page(scene_shapes(s, found.ids), total)


def _total(s: Session, filters: SceneFilters, parts: list[Part]) -> int:
    conditions = plain_conditions(filters, by_set=bool(parts))
    alone = len(conditions) == 1 and not filters.deleted
    if alone and not parts:
        return meta_number(s, LIVE_SCENES)
    if alone and len(parts) == 1 and parts[0].exact is not None:
        return parts[0].exact
    query = select(func.count()).select_from(scenes).where(*conditions)
    if parts:
        query = query.where(scenes.c.id.in_(parts[0].ids), *(part.holds for part in parts[1:]))
    return int(s.execute(query).scalar_one())


def _walk_is_cheaper(s: Session, params: PaginationParams, in_set: int, total: int) -> bool:
    if total == 0:
        return False
    wanted = params.size + (0 if params.cursor else params.offset)
    looked_at = min(wanted, total) * max(meta_number(s, LIVE_SCENES), total) / total
    return looked_at * _PROBE_COST < in_set


def held_scene(s: Session, scene_id: str) -> Scene:
    """One scene that Stash still has.

    Raises:
        NotFoundError: there is none of this id.
    """
    number = row_id(scene_id)
    live = "SELECT id FROM scenes WHERE deleted_at IS NULL AND id = ?"
    found = None if number is None else run(s, live, (number,)).scalar_one_or_none()
    if found is None:
        raise NotFoundError("no scene has this id")
    return scene_values(s, [found])[0]


def sample_selection(s: Session, selection: SceneSelection, most: int) -> tuple[int, list[Scene]]:
    """How many scenes an analysis of this selection would look at, and some of them, evenly spread.

    Raises:
        ValidationError: as `filters_from_mapping`, or `unknown_scene`.
    """
    require_one(scene_ids=selection.ids, filter=selection.filter)
    if selection.ids is not None:
        check_scenes(s, selection.ids)
        ids = sorted(row_ids(selection.ids))
    else:
        conditions = scene_conditions(s, filters_from_mapping(selection.filter or {}))
        ids = list(
            s.execute(select(scenes.c.id).where(*conditions).order_by(scenes.c.id)).scalars()
        )
    count = len(ids)
    if count > most:
        ids = [ids[at * count // most] for at in range(most)]
    return count, scene_values(s, ids)


def get_scene(s: Session, scene_id: str) -> dict[str, Any]:
    """One scene, deleted ones too.

    Raises:
        NotFoundError: it is not held.
    """
    return scene_shapes(s, [_held(s, scene_id)])[0]


def screenshot_path(s: Session, scene_id: str) -> str | None:
    """Path and query of a scene's screenshot at Stash; None where it has none.

    Raises:
        NotFoundError: it is not held.
    """
    held = _held(s, scene_id)
    found = run(s, "SELECT screenshot FROM scenes WHERE id = ?", (held,)).scalar_one()
    return None if found is None else str(found)


def _held(s: Session, scene_id: str) -> int:
    wanted = row_id(scene_id)
    found = run(s, "SELECT id FROM scenes WHERE id = ?", (wanted,)).scalar_one_or_none()
    if found is None:
        raise NotFoundError("no scene has this id")
    return int(found)


def scene_history(
    s: Session, scene_id: str, params: PaginationParams
) -> PaginatedResponse[dict[str, Any]]:
    """All changes that were ever proposed for a scene, newest first, those of deleted plans too.

    Raises:
        NotFoundError: it is not held.
        ValidationError: `bad_cursor`.
    """
    held = _held(s, scene_id)
    query = select(changes.c.id).where(changes.c.scene_id == held)
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order("-id", (), changes.c.id, descending=True)
    found = walk(s, query, order, params, {"scene_id": held})
    return found.page(change_shapes(s, found.ids), total)
