"""Performers, tags and studios as people and detectors see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.pagination import PaginatedResponse, PaginationParams, SortKey
from stashhog.db.paging import Order, walk
from stashhog.db.tables import entities
from stashhog.db.values import from_json, row_ids, run, to_json
from stashhog.domain.library import Entity, EntityKind, Library
from stashhog.domain.plans import name_key

ENTITY_SORT_KEYS = ("name", "scene_count", "id")
_COLUMNS = {"name": entities.c.sort_key, "scene_count": entities.c.scene_count}
_MOST_WORDS = 16
_SELECT = """
    SELECT kind, id, name, aliases, disambiguation, parent_ids, ignore_auto_tag, scene_count
    FROM entities
"""
_LISTED = " WHERE kind = ? AND id IN (SELECT value FROM json_each(?))"


def list_entities(
    s: Session,
    kind: EntityKind,
    q: str | None,
    params: PaginationParams,
    sort: SortKey | None,
    *,
    ids: Sequence[str] | None = None,
) -> PaginatedResponse[dict[str, Any]]:
    """Entities of one kind whose name or aliases hold all words of `q`, in any part of a word.

    With `ids` only those that are among them.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = select(entities.c.id).where(entities.c.kind == kind)
    if ids is not None:
        query = query.where(entities.c.id.in_(row_ids(ids)))
    words = name_key(q or "").split()[:_MOST_WORDS]
    for word in words:
        query = query.where(
            entities.c.name_key.contains(word, autoescape=True)
            | func.lower(entities.c.aliases).contains(word, autoescape=True)
        )
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order.of(sort or SortKey("name"), _COLUMNS, entities.c.id)
    found = walk(s, query, order, params, {"kind": kind, "q": words, "ids": ids})
    rows = run(
        s,
        _SELECT + _LISTED,
        (kind, to_json(found.ids)),
    )
    shapes = {row[1]: _shape(row) for row in rows}
    return found.page([shapes[one] for one in found.ids], total)


def _shape(row: Any) -> dict[str, Any]:
    return {
        "id": str(row[1]),
        "name": row[2],
        "aliases": from_json(row[3]),
        "disambiguation": row[4],
        "parent_ids": from_json(row[5]),
        "ignore_auto_tag": bool(row[6]),
        "scene_count": row[7],
    }


def entity_of(row: Any) -> Entity:
    """An entity from its row (the first seven columns of `_SELECT`)."""
    return Entity(
        kind=row[0],
        id=str(row[1]),
        name=row[2],
        aliases=tuple(from_json(row[3])),
        disambiguation=row[4],
        parent_ids=tuple(from_json(row[5])),
        ignore_auto_tag=bool(row[6]),
    )


def entities_of(s: Session, kind: EntityKind) -> dict[int, Entity]:
    """All entities of one kind, by row id."""
    return {row[1]: entity_of(row) for row in run(s, f"{_SELECT} WHERE kind = ?", (kind,))}


def whole_library(s: Session) -> Library:
    """All entities of the local copy."""

    def of(kind: EntityKind) -> dict[str, Entity]:
        return {entity.id: entity for entity in entities_of(s, kind).values()}

    return Library(performers=of("performer"), tags=of("tag"), studios=of("studio"))


def entity_by_id(s: Session, kind: EntityKind, entity_id: int) -> Entity | None:
    """One entity; None where it is not held."""
    row = run(s, f"{_SELECT} WHERE kind = ? AND id = ?", (kind, entity_id)).one_or_none()
    return None if row is None else entity_of(row)


def entities_named(s: Session, kind: EntityKind, name: str) -> Sequence[Entity]:
    """The entities of this name; where there is none, those with such an alias."""
    key = name_key(name)
    named = run(s, f"{_SELECT} WHERE kind = ? AND name_key = ? ORDER BY id", (kind, key))
    found = [entity_of(row) for row in named]
    return found or list(_with_alias(entities_of(s, kind).values(), key))


def _with_alias(held: Iterable[Entity], key: str) -> Iterable[Entity]:
    return (one for one in held if any(name_key(alias) == key for alias in one.aliases))
