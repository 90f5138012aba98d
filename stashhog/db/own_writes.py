"""Our own writes as they come back: the scene as Stash answered it, and entities we created.

A scene that was analysed stays analysed when nothing but what we wrote changed it: it need not be
looked at (and paid for) again because of us.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.entities import entity_by_id
from stashhog.db.entity_writes import drop_entities, take_entity
from stashhog.db.job_rows import advance_job, job_row
from stashhog.db.scene_rows import scene_values
from stashhog.db.scene_writes import take_scenes
from stashhog.db.values import clean, moment_text, row_id, run, run_many, to_json
from stashhog.domain.library import Entity, EntityKind, Scene
from stashhog.domain.plans import ENTITY_FIELDS, name_key
from stashhog.domain.sync import content_hash
from stashhog.ports.journal import Creation

_ATTRIBUTES = {"studio": "studio_id", "performers": "performer_ids", "tags": "tag_ids"}
_PLURAL = {"performer": "performers", "tag": "tags", "studio": "studios"}
_FIELDS = {kind: field for field, kind in ENTITY_FIELDS.items()}


def take_own_scenes(
    s: Session, answered: Sequence[tuple[Scene, Iterable[str]]], now: datetime
) -> None:
    """Take scenes over after we wrote these fields of them.

    The next sync reads them once more: somebody else may write in the same second.
    """
    written: dict[int, tuple[Scene, set[str]]] = {}
    for scene, fields in answered:
        scene_id = row_id(scene.id)
        if scene_id is not None:
            before = written.get(scene_id, (scene, set[str]()))[1]
            written[scene_id] = (scene, before.union(fields))
    if not written:
        return
    analyzed = run(
        s,
        "SELECT id, content_hash FROM scenes WHERE analyzed"
        " AND id IN (SELECT value FROM json_each(?))",
        (to_json(list(written)),),
    )
    hashes: dict[int, str] = {row[0]: row[1] for row in analyzed}
    held = _by_number(s, hashes)
    scenes = [scene for scene, _ in written.values()]
    take_scenes(s, scenes, now, again=[scene.id for scene in scenes])
    still = []
    for scene_id, scene in _by_number(s, hashes).items():
        names = {_ATTRIBUTES.get(field, field) for field in written[scene_id][1]}
        former = held[scene_id]
        without_ours = replace(scene, **{name: getattr(former, name) for name in names})
        if content_hash(without_ours) == hashes[scene_id]:
            still.append((scene_id,))
    run_many(s, "UPDATE scenes SET analyzed_hash = content_hash WHERE id = ?", still)


def _by_number(s: Session, ids: Iterable[int]) -> dict[int, Scene]:
    wanted = list(ids)
    return {int(scene.id): scene for scene in scene_values(s, wanted)} if wanted else {}


# --- entities that a plan creates ----------------------------------------------------------------


def find_creation(
    s: Session, job_id: str, plan_id: int, kind: EntityKind, name: str, *, now: datetime
) -> Creation:
    """Find or journal the wish to create an entity; the wish belongs to the present job."""
    key = name_key(clean(name))
    run(
        s,
        "INSERT INTO creations (plan_id, job_id, kind, name, name_key, created_at)"
        " SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM creations WHERE plan_id = ?"
        " AND kind = ? AND name_key = ? AND removed_at IS NULL)",
        (plan_id, job_id, kind, clean(name), key, moment_text(now), plan_id, kind, key),
    )
    run(
        s,
        "UPDATE creations SET job_id = ? WHERE plan_id = ? AND kind = ? AND name_key = ?"
        " AND removed_at IS NULL AND entity_id IS NULL",
        (job_id, plan_id, kind, key),
    )
    row = run(
        s,
        "SELECT id, kind, name, entity_id, ours FROM creations"
        " WHERE plan_id = ? AND kind = ? AND name_key = ? AND removed_at IS NULL",
        (plan_id, kind, key),
    ).one()
    return _creation(row)


def _creation(row: Any) -> Creation:
    number, kind, name, entity_id, ours = row
    return Creation(number, kind, name, None if entity_id is None else str(entity_id), bool(ours))


def record_asked(s: Session, creation_id: int) -> None:
    """Commit that Stash is about to be asked: what is found later under this name is ours."""
    run(s, "UPDATE creations SET ours = 1 WHERE id = ? AND entity_id IS NULL", (creation_id,))


def record_creation(s: Session, creation_id: int, entity: Entity, *, ours: bool) -> None:
    """Commit that Stash has the entity, take it over, and name it in the plan's changes."""
    row = run(
        s,
        "SELECT plan_id, job_id, kind, name_key, entity_id FROM creations WHERE id = ?",
        (creation_id,),
    ).one()
    plan_id, job_id, kind, key, former = row
    entity_id = row_id(entity.id)
    run(
        s,
        "UPDATE creations SET entity_id = ?, ours = ? WHERE id = ?",
        (entity_id, int(ours), creation_id),
    )
    take_entity(s, entity)
    value = {"id": entity.id, "name": clean(entity.name)}
    run(
        s,
        "UPDATE changes SET proposed = ?, value_key = ?"
        " WHERE plan_id = ? AND creates_entity = 1 AND field = ? AND value_key = ?",
        (to_json(value), f"id:{entity.id}", plan_id, _FIELDS[kind], f"name:{key}"),
    )
    if ours and former is None:
        advance_job(s, job_row(s, job_id), counts={f"created.{_PLURAL[kind]}": 1})


def created_entities(s: Session, plan_id: int) -> list[Creation]:
    """The entities that a plan created and that were not removed since, newest first."""
    rows = run(
        s,
        "SELECT id, kind, name, entity_id, ours FROM creations WHERE plan_id = ? AND ours = 1"
        " AND entity_id IS NOT NULL AND removed_at IS NULL ORDER BY id DESC",
        (plan_id,),
    )
    return [_creation(row) for row in rows]


def record_removal(s: Session, job_id: str, creation_id: int, now: datetime) -> None:
    """Commit that an entity we created was removed again: its name is a wish once more."""
    row = run(
        s,
        "SELECT plan_id, kind, name, name_key, entity_id FROM creations"
        " WHERE id = ? AND removed_at IS NULL AND entity_id IS NOT NULL",
        (creation_id,),
    ).one_or_none()
    if row is None:
        return
    plan_id, kind, name, key, entity_id = row
    run(s, "UPDATE creations SET removed_at = ? WHERE id = ?", (moment_text(now), creation_id))
    run(
        s,
        "UPDATE changes SET proposed = ?, value_key = ?"
        " WHERE plan_id = ? AND creates_entity = 1 AND field = ? AND value_key = ?",
        (
            to_json({"id": None, "name": name}),
            f"name:{key}",
            plan_id,
            _FIELDS[kind],
            f"id:{entity_id}",
        ),
    )
    if entity_by_id(s, kind, entity_id) is not None:
        drop_entities(s, kind, [entity_id])
    advance_job(s, job_row(s, job_id), counts={"removed": 1})
