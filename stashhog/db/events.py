"""Whether what a hook of Stash tells is our own write coming back; see `ports.events.OwnWrites`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from stashhog.db.scene_writes import same_scenes
from stashhog.db.values import row_id, row_ids, run, run_many, to_json
from stashhog.domain.events import EntityHook
from stashhog.domain.library import Scene


def unsettled_scenes(s: Session, scene_ids: Sequence[str]) -> frozenset[str]:
    """Of these scenes those with an open entry in the journal."""
    rows = run(
        s,
        "SELECT DISTINCT scene_id FROM journal WHERE settled_at IS NULL"
        " AND scene_id IN (SELECT value FROM json_each(?))",
        (to_json(row_ids(scene_ids)),),
    )
    return frozenset(str(row[0]) for row in rows)


def scenes_as_held(s: Session, scenes: Sequence[Scene]) -> frozenset[str]:
    """Ids of those that are exactly as the copy holds them."""
    return same_scenes(s, scenes)


def held_scenes(s: Session, scene_ids: Sequence[str]) -> frozenset[str]:
    """Of these scenes those that are held and not marked deleted."""
    rows = run(
        s,
        "SELECT id FROM scenes WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))",
        (to_json(row_ids(scene_ids)),),
    )
    return frozenset(str(row[0]) for row in rows)


def hooks_by_us(s: Session, hooks: Iterable[EntityHook]) -> frozenset[EntityHook]:
    """Those of these hooks that are what we journalled: entities we created, or removed again."""
    return frozenset(hook for hook in hooks if _by_us(s, hook))


def _by_us(s: Session, hook: EntityHook) -> bool:
    if hook.action == "update":
        return False
    row = run(
        s,
        "SELECT max(removed_at IS NULL), max(removed_at IS NOT NULL) FROM creations"
        " WHERE kind = ? AND entity_id = ? AND ours = 1",
        (hook.kind, row_id(hook.entity_id)),
    ).one()
    return bool(row[0] if hook.action == "create" else row[1])


def mark_stale(s: Session, scene_ids: Sequence[str]) -> None:
    """Have the next sync read these scenes again."""
    run_many(
        s,
        "UPDATE scenes SET stale = 1 WHERE id = ? AND deleted_at IS NULL",
        [(one,) for one in row_ids(scene_ids)],
    )
