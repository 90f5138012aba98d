"""Taking performers, tags and studios over from Stash, and letting go of what went.

Rules:
- A full list is compared with the copy; only differences are written.
- An entity that went takes its links with it; the scenes that had them are marked stale and lose
  their content hash, so that reading them again writes them whatever comes.
- A new name reaches the search index of the scenes that are linked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.entities import entities_of, entity_by_id
from stashhog.db.failures import note_failures
from stashhog.db.job_rows import advance_job, job_row
from stashhog.db.meta import (
    ENTITY_PRINTS,
    LIBRARY_REVISION,
    NEWCOMERS,
    add_to_meta,
    meta_text,
    set_meta,
)
from stashhog.db.search import index_again
from stashhog.db.values import (
    clean,
    clean_or_none,
    from_json,
    row_id,
    run,
    run_many,
    to_json,
)
from stashhog.domain.library import Entity, EntityKind
from stashhog.domain.plans import name_key
from stashhog.domain.sync import EntityDelta, ItemFailure

SORT_KEY = 64

_UPSERT = """
    INSERT INTO entities (
        kind, id, name, name_key, sort_key, aliases, disambiguation, parent_ids, ignore_auto_tag
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, id) DO UPDATE SET
        name = excluded.name, name_key = excluded.name_key, sort_key = excluded.sort_key,
        aliases = excluded.aliases, disambiguation = excluded.disambiguation,
        parent_ids = excluded.parent_ids, ignore_auto_tag = excluded.ignore_auto_tag
"""


@dataclass(frozen=True, slots=True)
class _LinkTable:
    """Where one kind's links are: the scenes that have one, taking it away, and their number."""

    linked: str
    unlink: str
    recount: str | None


_LINKS: Mapping[EntityKind, _LinkTable] = {
    "performer": _LinkTable(
        "SELECT DISTINCT scene_id FROM scene_performers"
        " WHERE performer_id IN (SELECT value FROM json_each(?))",
        "DELETE FROM scene_performers WHERE performer_id IN (SELECT value FROM json_each(?))",
        "UPDATE scenes SET performer_count ="
        " (SELECT count(*) FROM scene_performers WHERE scene_id = scenes.id) WHERE id = ?",
    ),
    "tag": _LinkTable(
        "SELECT DISTINCT scene_id FROM scene_tags WHERE tag_id IN (SELECT value FROM json_each(?))",
        "DELETE FROM scene_tags WHERE tag_id IN (SELECT value FROM json_each(?))",
        "UPDATE scenes SET tag_count ="
        " (SELECT count(*) FROM scene_tags WHERE scene_id = scenes.id) WHERE id = ?",
    ),
    "studio": _LinkTable(
        "SELECT id FROM scenes WHERE studio_id IN (SELECT value FROM json_each(?))",
        "UPDATE scenes SET studio_id = NULL WHERE studio_id IN (SELECT value FROM json_each(?))",
        None,
    ),
}


def entity_ids(s: Session, kind: EntityKind) -> list[str]:
    """Ids of all entities of a kind."""
    return list(map(str, run(s, "SELECT id FROM entities WHERE kind = ?", (kind,)).scalars()))


def save_entities(
    s: Session,
    job_id: str,
    kind: EntityKind,
    entities: Sequence[Entity],
    unread: Sequence[ItemFailure] = (),
    *,
    said: str | None = None,
) -> EntityDelta:
    """Make the copy of one kind what the full list says, as `ports.sync.SyncStore` says."""
    wanted, failures = _cleaned(kind, entities)
    failures = [*unread, *failures]
    held = entities_of(s, kind)
    created = [one for one in wanted if one not in held]
    updated = [one for one in wanted if one in held and held[one] != wanted[one]]
    gone = sorted(held.keys() - wanted.keys() - _spared(held, failures))
    _put(s, [wanted[one] for one in (*created, *updated)])
    _expect_again(s, kind, {row_id(one.item) for one in failures})
    index_again(s, _linked(s, kind, [one for one in updated if held[one].name != wanted[one].name]))
    drop_entities(s, kind, gone)
    if created or updated:
        add_to_meta(s, LIBRARY_REVISION, 1)
    _remember(s, NEWCOMERS, kind, [*newcomers(s).get(kind, ()), *map(str, created)])
    _remember(s, ENTITY_PRINTS, kind, None if failures else said)
    row = job_row(s, job_id)
    note_failures(s, row.n, kind, failures)
    counts = {
        "entities.created": len(created),
        "entities.updated": len(updated),
        "entities.deleted": len(gone),
        "entities.failed": len(failures),
    }
    advance_job(s, row, counts={name: count for name, count in counts.items() if count})
    return EntityDelta(
        created=len(created),
        updated=len(updated),
        unchanged=len(wanted) - len(created) - len(updated),
        gone=tuple(map(str, gone)),
        failures=tuple(failures),
    )


def _remember(s: Session, name: str, kind: EntityKind, value: Any) -> None:
    """Keep a kind's part of a value, where that differs."""
    held = _remembered(s, name)
    if held.get(kind) != value:
        set_meta(s, name, to_json({**held, kind: value}))


def _remembered(s: Session, name: str) -> dict[EntityKind, Any]:
    said: dict[EntityKind, Any] = from_json(meta_text(s, name) or "{}")
    return {kind: value for kind, value in said.items() if value}


def newcomers(s: Session) -> dict[EntityKind, list[str]]:
    """Entities that came since the last run that was finished."""
    return _remembered(s, NEWCOMERS)


def entity_prints(s: Session) -> dict[EntityKind, str]:
    """What named the entities of a kind when all of them were last read."""
    return _remembered(s, ENTITY_PRINTS)


def _spared(held: Iterable[int], failures: Iterable[ItemFailure]) -> set[int]:
    """What may be in Stash though the list does not show it."""
    ids = [row_id(one.item) for one in failures]
    return set(held) if None in ids else {one for one in ids if one is not None}


def _cleaned(
    kind: EntityKind, entities: Iterable[Entity]
) -> tuple[dict[int, Entity], list[ItemFailure]]:
    wanted: dict[int, Entity] = {}
    failures = []
    for entity in entities:
        entity_id = row_id(entity.id)
        if entity_id is None:
            failures.append(ItemFailure(entity.id[:64], "its id is not a number"))
        else:
            wanted[entity_id] = clean_entity(kind, entity_id, entity)
    return wanted, failures


def clean_entity(kind: EntityKind, entity_id: int, entity: Entity) -> Entity:
    """An entity from outside as it can be stored and will be read back."""
    return Entity(
        kind=kind,
        id=str(entity_id),
        name=clean(entity.name),
        aliases=tuple(map(clean, entity.aliases)),
        disambiguation=clean_or_none(entity.disambiguation),
        parent_ids=tuple(map(clean, entity.parent_ids)),
        ignore_auto_tag=bool(entity.ignore_auto_tag),
    )


def _put(s: Session, entities: Iterable[Entity]) -> None:
    run_many(s, _UPSERT, [_row(entity) for entity in entities])


def _row(entity: Entity) -> tuple[Any, ...]:
    key = name_key(entity.name)
    return (
        entity.kind,
        int(entity.id),
        entity.name,
        key,
        key[:SORT_KEY],
        to_json(entity.aliases),
        entity.disambiguation,
        to_json(entity.parent_ids),
        int(entity.ignore_auto_tag),
    )


def take_entity(s: Session, entity: Entity) -> None:
    """Take one entity over that Stash is known to have now."""
    entity_id = row_id(entity.id)
    if entity_id is None:
        return
    cleaned = clean_entity(entity.kind, entity_id, entity)
    held = entity_by_id(s, entity.kind, entity_id)
    if held == cleaned:
        return
    _put(s, [cleaned])
    if held is None:
        _expect(s, entity.kind, [entity_id])
    elif held.name != cleaned.name:
        index_again(s, _linked(s, entity.kind, [entity_id]))
    add_to_meta(s, LIBRARY_REVISION, 1)


def _expect_again(s: Session, kind: EntityKind, but: Collection[int | None]) -> None:
    """Mark scenes stale that have links to what was not held: it came by now, or it never will.

    Those whose entity nobody can read would be read again for nothing.
    """
    rows = run(s, "SELECT DISTINCT entity_id FROM missing_links WHERE kind = ?", (kind,))
    _expect(s, kind, [one for one in rows.scalars() if one not in but])


def _expect(s: Session, kind: EntityKind, ids: Sequence[int]) -> None:
    run(
        s,
        "UPDATE scenes SET stale = 1 WHERE deleted_at IS NULL AND id IN (SELECT scene_id"
        " FROM missing_links WHERE kind = ? AND entity_id IN (SELECT value FROM json_each(?)))",
        (kind, to_json(ids)),
    )


def _linked(s: Session, kind: EntityKind, ids: Sequence[int]) -> list[int]:
    if not ids:
        return []
    return list(run(s, _LINKS[kind].linked, (to_json(ids),)).scalars())


def drop_entities(s: Session, kind: EntityKind, ids: Sequence[int]) -> None:
    """Let go of entities that Stash no longer has, links and all."""
    if not ids:
        return
    table = _LINKS[kind]
    scenes = _linked(s, kind, ids)
    run(s, table.unlink, (to_json(ids),))
    rows = [(one,) for one in scenes]
    run_many(s, "UPDATE scenes SET content_hash = '' WHERE id = ?", rows)
    run_many(s, "UPDATE scenes SET stale = 1 WHERE id = ? AND deleted_at IS NULL", rows)
    if table.recount is not None:
        run_many(s, table.recount, rows)
    run(
        s,
        "DELETE FROM entities WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
        (kind, to_json(ids)),
    )
    index_again(s, scenes)
    add_to_meta(s, LIBRARY_REVISION, 1)
