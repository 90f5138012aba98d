"""What a job works on, fixed when it is made: the scenes of an analysis, the changes of a write."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ValidationError
from stashhog.db.scene_filters import filters_from_mapping, scene_conditions
from stashhog.db.tables import job_items, scenes
from stashhog.db.values import row_id, row_ids, run, to_json
from stashhog.domain.jobs import ChangeSelection, JobKind, SceneSelection
from stashhog.domain.plans import ChangeStatus
from stashhog.domain.selections import allow_none, require_one

WRITABLE = {
    JobKind.APPLY: (ChangeStatus.ACCEPTED, ChangeStatus.APPLYING),
    JobKind.UNDO: (ChangeStatus.APPLIED, ChangeStatus.UNDO_CONFLICT),
}
"""What a job may write."""
_LISTED = {kind: (*statuses, ChangeStatus.APPLYING) for kind, statuses in WRITABLE.items()}
"""What a job has on its list: also what an ended apply left without having seen its outcome."""

_NAMED = 5


def insert_scenes(s: Session, n: int, selection: SceneSelection) -> int:
    """Fix the scenes of an analysis; returns how many.

    Raises:
        ValidationError: `empty_selection`, `ambiguous_selection`, `unknown_scene`, or a filter
            that does not exist.
    """
    require_one(scene_ids=selection.ids, filter=selection.filter)
    if selection.ids is not None:
        check_scenes(s, selection.ids)
        return run(
            s,
            "INSERT INTO job_items (job_n, scene_id) SELECT ?, id FROM scenes"
            " WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))",
            (n, to_json(row_ids(selection.ids))),
        ).rowcount
    filters = filters_from_mapping(selection.filter or {})
    wanted = select(literal(n), scenes.c.id).where(*scene_conditions(s, filters))
    taken = s.execute(insert(job_items).from_select(["job_n", "scene_id"], wanted))
    return int(getattr(taken, "rowcount", 0))


def check_scenes(s: Session, ids: Sequence[str], *, live: bool = True) -> None:
    """Check that all these scenes are held.

    Raises:
        ValidationError: `unknown_scene`, with the first of those that are not.
    """
    found = set(
        run(
            s,
            "SELECT id FROM scenes WHERE id IN (SELECT value FROM json_each(?))"
            " AND (deleted_at IS NULL OR NOT ?)",
            (to_json(row_ids(ids)), int(live)),
        ).scalars()
    )
    unknown = [one for one in ids if row_id(one) not in found]
    if unknown:
        raise ValidationError(_unknown("scene", unknown), code="unknown_scene")


def insert_changes(
    s: Session, n: int, plan_id: int, kind: JobKind, selection: ChangeSelection
) -> tuple[int, int]:
    """Fix the changes that a job writes; returns how many, and how many named ones may not move.

    Raises:
        ValidationError: `empty_selection`, `ambiguous_selection`, `unknown_change`,
            `unknown_scene`.
    """
    allow_none(change_ids=selection.change_ids, scene_ids=selection.scene_ids)
    named = 0
    if selection.change_ids is not None:
        named = _check_changes(s, plan_id, selection.change_ids)
    if selection.scene_ids is not None:
        check_scenes(s, selection.scene_ids, live=False)
    ids = None if selection.change_ids is None else to_json(selection.change_ids)
    scene_ids = None if selection.scene_ids is None else to_json(row_ids(selection.scene_ids))
    taken = run(
        s,
        "INSERT INTO job_items (job_n, scene_id, change_id)"
        " SELECT :n, scene_id, id FROM changes WHERE plan_id = :plan"
        " AND status IN (SELECT value FROM json_each(:statuses))"
        " AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))"
        " AND (:scenes IS NULL OR scene_id IN (SELECT value FROM json_each(:scenes)))",
        {
            "n": n,
            "plan": plan_id,
            "statuses": to_json(sorted({status.value for status in _LISTED[kind]})),
            "ids": ids,
            "scenes": scene_ids,
        },
    ).rowcount
    return taken, max(named - taken, 0)


def _check_changes(s: Session, plan_id: int, ids: Sequence[int]) -> int:
    wanted = set(ids)
    found = set(
        run(
            s,
            "SELECT id FROM changes WHERE plan_id = ? AND id IN (SELECT value FROM json_each(?))",
            (plan_id, to_json(sorted(wanted))),
        ).scalars()
    )
    unknown = sorted(wanted - found)
    if unknown:
        raise ValidationError(
            _unknown("change", [str(one) for one in unknown]), code="unknown_change"
        )
    return len(found)


def _unknown(what: str, ids: Sequence[str]) -> str:
    named = ", ".join(one[:32] for one in ids[:_NAMED])
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"no {what} has the id {named}{more}"
