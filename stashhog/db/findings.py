"""What an analysis reads and writes: its scenes, and what it found, kept once.

Rules:
- What was rejected before, and what another plan proposes or has accepted, is left out in the
  transaction that keeps the rest.
- The job's list loses the scenes of a batch in that same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from stashhog.db.change_rows import CONFIDENCE_DIGITS
from stashhog.db.job_rows import JobRow, advance_job, job_row
from stashhog.db.meta import LIBRARY_REVISION, meta_number
from stashhog.db.plan_rows import move_counts, plan_row
from stashhog.db.scene_rows import scene_values
from stashhog.db.values import (
    clean,
    moment,
    row_id,
    row_ids,
    run,
    run_many,
    to_json,
    value_column,
)
from stashhog.domain.jobs import add_tally
from stashhog.domain.library import EntityKind, Scene
from stashhog.domain.plans import ENTITY_FIELDS, ChangeStatus, NewChange
from stashhog.ports import AnalysisBatch, ScenePath

REJECTED = "rejected"
ALREADY_PROPOSED = "already_proposed"
STOPPED = "budget"
"""Why a job's result says that it stopped: scenes are left for a retry."""
_PENDING = to_json(
    [ChangeStatus.PROPOSED.value, ChangeStatus.ACCEPTED.value, ChangeStatus.APPLYING.value]
)
REASON_CHARACTERS = 4000


def library_revision(s: Session) -> int:
    """A number that rises whenever entities or organised scenes of the copy change."""
    return meta_number(s, LIBRARY_REVISION)


def organized_scenes(s: Session, after_id: str | None, limit: int) -> list[Scene]:
    """Organised live scenes by keyset on id."""
    after = -1 if after_id is None else row_id(after_id)
    ids = run(
        s,
        "SELECT id FROM scenes WHERE deleted_at IS NULL AND organized = 1 AND id > ?"
        " ORDER BY id LIMIT ?",
        (after, limit),
    ).scalars()
    return scene_values(s, list(ids))


def scene_paths(s: Session, after_id: str | None, limit: int) -> list[ScenePath]:
    """Primary paths of live scenes by keyset on id."""
    after = -1 if after_id is None else row_id(after_id)
    rows = run(
        s,
        "SELECT id, path, created_at FROM scenes"
        " WHERE deleted_at IS NULL AND path IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [ScenePath(str(number), path, moment(came)) for number, path, came in rows]


def new_names(s: Session) -> dict[EntityKind, list[str]]:
    """Names that undecided and accepted changes of living plans would create."""
    rows = run(
        s,
        """
        SELECT c.field, json_extract(c.proposed, '$.name')
        FROM changes AS c JOIN plans AS p ON p.id = c.plan_id AND p.deleted_at IS NULL
        WHERE c.creates_entity = 1 AND c.status IN (SELECT value FROM json_each(?))
        GROUP BY 1, 2
        ORDER BY min(c.id)
        """,
        (_PENDING,),
    )
    found: dict[EntityKind, list[str]] = {}
    for field, name in rows:
        found.setdefault(ENTITY_FIELDS[field], []).append(str(name))
    return found


def _cursor(row: JobRow) -> int:
    return row_id(str(row.cursor.get("last_id", ""))) or -1


def next_scenes(s: Session, job_id: str, limit: int, after_id: str | None = None) -> AnalysisBatch:
    """The next scenes of an analysis; those that were deleted meanwhile are passed over."""
    row = job_row(s, job_id)
    after = max(_cursor(row), row_id(after_id or "") or -1)
    while True:
        ids = list(
            run(
                s,
                "SELECT scene_id FROM job_items WHERE job_n = ? AND scene_id > ?"
                " ORDER BY scene_id LIMIT ?",
                (row.n, after, limit),
            ).scalars()
        )
        if not ids:
            return AnalysisBatch((), None)
        live = run(
            s,
            "SELECT id FROM scenes WHERE deleted_at IS NULL"
            " AND id IN (SELECT value FROM json_each(?))",
            (to_json(ids),),
        ).scalars()
        scenes = scene_values(s, list(live))
        if scenes:
            return AnalysisBatch(tuple(scenes), str(ids[-1]))
        after = ids[-1]


def save_findings(
    s: Session,
    job_id: str,
    plan_id: int,
    changes: Sequence[NewChange],
    *,
    last_id: str,
    scenes: int,
    skipped: Mapping[str, int],
    analyzed: Mapping[str, str],
    left: Sequence[str] = (),
) -> int:
    """Keep a batch and move job and plan along, as `ports.PlanStore.save_findings` says."""
    row = job_row(s, job_id)
    plan = plan_row(s, plan_id)
    kept, left_out = _new_ones(s, changes)
    _insert(s, plan_id, kept)
    move_counts(s, plan_id, {("", ChangeStatus.PROPOSED.value): len(kept)})
    reasons = Counter(skipped) + left_out
    run(
        s,
        "UPDATE plans SET scenes = scenes + ?, skipped = ? WHERE id = ?",
        (scenes, to_json(add_tally(plan.skipped, reasons)), plan_id),
    )
    _mark_analyzed(s, job_id, analyzed)
    counts = {"scenes": scenes, "changes": len(kept)}
    counts |= {f"skipped.{reason}": number for reason, number in reasons.items()}
    done = run(
        s,
        "DELETE FROM job_items WHERE job_n = ? AND scene_id > ? AND scene_id <= ?"
        " AND scene_id NOT IN (SELECT value FROM json_each(?))",
        (row.n, _cursor(row), row_id(last_id), to_json(row_ids(left))),
    ).rowcount
    tally = {**row.tally, "stopped": STOPPED} if left else row.tally
    advance_job(s, row, done=done, counts=counts, cursor={"last_id": last_id}, tally=tally)
    return len(kept)


def _key(change: NewChange) -> tuple[int, str, str, str]:
    return row_id(change.scene_id) or 0, change.field, change.action, clean(change.value_key)


def _new_ones(s: Session, changes: Sequence[NewChange]) -> tuple[list[NewChange], Counter[str]]:
    """Leave out what was rejected before or is proposed already."""
    keyed = {_key(change): change for change in changes}
    left_out: Counter[str] = Counter()
    blocked = run(
        s,
        """
        WITH found AS (
            SELECT json_extract(value, '$[0]') AS scene_id, json_extract(value, '$[1]') AS field,
                   json_extract(value, '$[2]') AS action, json_extract(value, '$[3]') AS value_key
            FROM json_each(:keys)
        )
        SELECT f.scene_id, f.field, f.action, f.value_key, 1 FROM found AS f
            JOIN rejections AS r ON r.scene_id = f.scene_id AND r.field = f.field
                AND r.action = f.action AND r.value_key = f.value_key
        UNION
        SELECT f.scene_id, f.field, f.action, f.value_key, 0 FROM found AS f
            JOIN changes AS c ON c.scene_id = f.scene_id AND c.field = f.field
                AND c.action = f.action AND c.value_key = f.value_key
            JOIN plans AS p ON p.id = c.plan_id AND p.deleted_at IS NULL
            WHERE c.status IN (SELECT value FROM json_each(:pending))
        ORDER BY 5 DESC
        """,
        {"keys": to_json(list(keyed)), "pending": _PENDING},
    )
    for *key, rejected in blocked:
        if keyed.pop((key[0], key[1], key[2], key[3]), None) is not None:
            left_out[REJECTED if rejected else ALREADY_PROPOSED] += 1
    return list(keyed.values()), left_out


def _insert(s: Session, plan_id: int, changes: Sequence[NewChange]) -> None:
    run_many(
        s,
        "INSERT INTO changes (plan_id, scene_id, field, action, current, proposed, value_key,"
        " confidence, source, reason, evidence, creates_entity, status)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed')",
        [
            (
                plan_id,
                row_id(change.scene_id),
                change.field,
                change.action,
                value_column(change.current),
                value_column(change.proposed),
                clean(change.value_key),
                round(float(change.confidence), CONFIDENCE_DIGITS),
                change.source,
                clean(change.reason[:REASON_CHARACTERS]),
                to_json(change.evidence),
                int(change.creates_entity),
            )
            for change in sorted(changes, key=_place)
        ],
    )


def _place(change: NewChange) -> tuple[int, str]:
    """Ids rise as the list of a plan goes: by scene, then by field."""
    return row_id(change.scene_id) or 0, change.field


def _mark_analyzed(s: Session, job_id: str, analyzed: Mapping[str, str]) -> None:
    run_many(
        s,
        "UPDATE scenes SET analyzed_hash = ?, analyzed_at ="
        " (SELECT coalesce(started_at, created_at) FROM jobs WHERE id = ?) WHERE id = ?",
        [(content, job_id, row_id(scene_id)) for scene_id, content in analyzed.items()],
    )
