"""The journal of what is written to Stash: intents before, outcomes after, and settling them.

Rules:
- An intent is committed before anything is sent; it stays open until its outcome is known.
- Only what is still accepted is ever sent: a person's decision that came first wins.
- An outcome leaves the job's list, moves the counts and refreshes the scene in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.change_rows import change_values
from stashhog.db.job_rows import JobRow, advance_job, job_row
from stashhog.db.job_selections import WRITABLE
from stashhog.db.own_writes import take_own_scenes
from stashhog.db.plan_rows import move_counts
from stashhog.db.values import (
    clean,
    from_json,
    moment_text,
    row_id,
    run,
    run_many,
    to_json,
    value_column,
)
from stashhog.domain.jobs import JobKind
from stashhog.domain.library import Scene
from stashhog.domain.plans import Change, ChangeStatus
from stashhog.ports.journal import ChangeOutcome, Intent, OpenScene, SceneOutcomes, SceneWork

_TALLY: Mapping[JobKind, Mapping[ChangeStatus, str]] = {
    JobKind.APPLY: {
        ChangeStatus.APPLIED: "applied",
        ChangeStatus.CONFLICT: "conflicts",
        ChangeStatus.FAILED: "failed",
    },
    JobKind.UNDO: {
        ChangeStatus.UNDONE: "undone",
        ChangeStatus.UNDO_CONFLICT: "conflicts",
        ChangeStatus.APPLIED: "failed",
    },
}
DETAIL_CHARACTERS = 2000


# --- what is next -------------------------------------------------------------------------------


def next_work(s: Session, job_id: str, limit: int) -> list[SceneWork]:
    """The next scenes that have unhandled changes, as `ports.JournalStore.next_work` says."""
    row = job_row(s, job_id)
    work: list[SceneWork] = []
    passed: list[int] = []
    after = -1
    while len(work) < limit:
        items = _items(s, row.n, after, limit - len(work))
        if not items:
            break
        changes = change_values(s, [change_id for _, change_id in items])
        for scene_id in dict.fromkeys(scene_id for scene_id, _ in items):
            mine = [change_id for scene, change_id in items if scene == scene_id]
            left_open: set[int] = set().union(*_open_intents(s, row, row.kind, scene_id).values())
            fit = [
                changes[one]
                for one in mine
                if one not in left_open and _fits(row.kind, changes.get(one))
            ]
            kept = {change.id for change in fit}
            passed += (one for one in mine if one not in kept)
            if fit:
                work.append(SceneWork(str(scene_id), tuple(fit)))
        after = items[-1][0]
    if passed:
        gone = len(_leave_list(s, row.n, passed))
        advance_job(s, row, done=gone, counts={"skipped": gone})
    return work


def _items(s: Session, n: int, after: int, scenes: int) -> list[tuple[int, int]]:
    rows = run(
        s,
        "SELECT scene_id, change_id FROM job_items WHERE job_n = :n AND scene_id IN"
        " (SELECT DISTINCT scene_id FROM job_items WHERE job_n = :n AND scene_id > :after"
        "  ORDER BY scene_id LIMIT :scenes) ORDER BY scene_id, change_id",
        {"n": n, "after": after, "scenes": scenes},
    )
    return [(row[0], row[1]) for row in rows]


def _fits(kind: JobKind, change: Change | None) -> bool:
    if change is None or change.status not in WRITABLE[kind]:
        return False
    return not (kind is JobKind.UNDO and change.outcome == "already")


def _leave_list(s: Session, n: int, change_ids: Sequence[int]) -> set[int]:
    """Take changes off a job's list; returns those that were on it."""
    if not change_ids:
        return set()
    rows = run(
        s,
        "DELETE FROM job_items WHERE job_n = ? AND (scene_id, change_id) IN"
        " (SELECT scene_id, id FROM changes WHERE id IN (SELECT value FROM json_each(?)))"
        " RETURNING change_id",
        (n, to_json(change_ids)),
    )
    return set(rows.scalars())


def open_scenes(
    s: Session, job_id: str, kind: JobKind, after: str | None, limit: int
) -> list[OpenScene]:
    """Scenes with changes whose end was never saved, as `ports.JournalStore.open_scenes` says."""
    row = job_row(s, job_id)
    rows = run(
        s,
        "WITH open AS (SELECT id, scene_id, status FROM changes"
        "  WHERE plan_id = :plan AND status = :applying"
        " UNION SELECT changes.id, changes.scene_id, changes.status"
        "  FROM journal, json_each(journal.change_ids) AS sent"
        "  JOIN changes ON changes.id = sent.value"
        "  WHERE journal.plan_id = :plan AND journal.kind = :kind AND settled_at IS NULL),"
        " writable AS (SELECT id, scene_id FROM open"
        "  WHERE status IN (SELECT value FROM json_each(:writable)) AND scene_id > :after)"
        " SELECT id FROM writable WHERE scene_id IN"
        " (SELECT DISTINCT scene_id FROM writable ORDER BY scene_id LIMIT :limit)",
        {
            "plan": row.plan_id,
            "kind": kind.value,
            "applying": ChangeStatus.APPLYING.value,
            "writable": to_json([status.value for status in WRITABLE[kind]]),
            "after": -1 if after is None else int(after),
            "limit": limit,
        },
    )
    scenes: dict[int, list[Change]] = {}
    for change in change_values(s, list(rows.scalars())).values():
        scenes.setdefault(int(change.scene_id), []).append(change)
    return [_open_scene(s, row, kind, one, scenes[one]) for one in sorted(scenes)]


def _open_scene(
    s: Session, row: JobRow, kind: JobKind, scene_id: int, changes: list[Change]
) -> OpenScene:
    intents = _open_intents(s, row, kind, scene_id)
    sent: frozenset[int] = frozenset().union(*intents.values())
    return OpenScene(str(scene_id), tuple(changes), tuple(intents), sent)


def _open_intents(s: Session, row: JobRow, kind: JobKind, scene_id: int) -> dict[int, list[int]]:
    """The changes that each open intent for a scene is about."""
    rows = run(
        s,
        "SELECT id, change_ids FROM journal WHERE plan_id = ? AND scene_id = ? AND kind = ?"
        " AND settled_at IS NULL",
        (row.plan_id, scene_id, kind.value),
    )
    return {intent_id: from_json(ids) for intent_id, ids in rows}


# --- before -------------------------------------------------------------------------------------


def record_intents(
    s: Session, job_id: str, intents: Sequence[Intent], now: datetime
) -> list[int | None]:
    """Commit what will be sent; returns the intents' ids, None for one that may not be sent.

    That is one with a change that a person moved meanwhile; `next_work` leaves the change out.
    """
    row = job_row(s, job_id)
    changes = change_values(s, [one for intent in intents for one in intent.observed])
    at = moment_text(now)
    standing = [
        all(_fits(row.kind, changes.get(one)) for one in intent.observed) for intent in intents
    ]
    sent = [intent for intent, stands in zip(intents, standing, strict=True) if stands]
    run_many(
        s,
        "UPDATE changes SET observed = ? WHERE id = ?",
        [(value_column(value), one) for each in sent for one, value in each.observed.items()],
    )
    if row.kind is JobKind.APPLY:
        moved = [changes[one] for each in sent for one in each.observed]
        _move(s, row, moved, ChangeStatus.APPLYING, at)
    return [
        _insert_intent(s, row, intent, at) if stands else None
        for intent, stands in zip(intents, standing, strict=True)
    ]


def _insert_intent(s: Session, row: JobRow, intent: Intent, at: str) -> int:
    return int(
        run(
            s,
            "INSERT INTO journal (kind, job_id, plan_id, scene_id, change_ids, observed, sent,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                row.kind.value,
                row.id,
                row.plan_id,
                row_id(intent.scene_id),
                to_json(sorted(intent.observed)),
                to_json({str(one): value for one, value in intent.observed.items()}),
                to_json(asdict(intent.update)),
                at,
            ),
        ).scalar_one()
    )


def _move(s: Session, row: JobRow, changes: Any, status: ChangeStatus, at: str) -> None:
    moved = [change for change in changes if change.status is not status]
    run_many(
        s,
        "UPDATE changes SET status = ?, changed_at = ? WHERE id = ?",
        [(status.value, at, change.id) for change in moved],
    )
    if moved and row.plan_id is not None:
        counts = Counter((change.status.value, status.value) for change in moved)
        move_counts(s, row.plan_id, counts)


# --- after --------------------------------------------------------------------------------------


def record_scenes(
    s: Session,
    job_id: str,
    scenes: Sequence[SceneOutcomes],
    *,
    released: Sequence[int] = (),
    now: datetime,
) -> None:
    """Commit how changes ended, as `ports.journal.JournalStore.record_scenes` says."""
    for intent_id in released:
        release_intent(s, job_id, intent_id, now)
    row = job_row(s, job_id)
    _count(s, row, _record(s, row, row.kind, scenes, now))


def settle(
    s: Session, job_id: str, kind: JobKind, scenes: Sequence[SceneOutcomes], now: datetime
) -> None:
    """Commit what became of an earlier apply or undo, as `ports.journal.JournalStore` says."""
    row = job_row(s, job_id)
    told = _record(s, row, kind, scenes, now)
    if row.kind is kind:
        _count(s, row, [one for one in told if one.status is not ChangeStatus.ACCEPTED])


def _record(
    s: Session, row: JobRow, kind: JobKind, scenes: Sequence[SceneOutcomes], now: datetime
) -> list[ChangeOutcome]:
    """Store how changes ended and close their intents; returns what is known of them."""
    changes = change_values(s, [one.change_id for each in scenes for one in each.outcomes])
    at = moment_text(now)
    told: list[ChangeOutcome] = []
    answered: list[tuple[Scene, set[str]]] = []
    for each in scenes:
        known = [outcome for outcome in each.outcomes if outcome.change_id in changes]
        for outcome in known:
            _store(s, kind, outcome, intended=bool(each.intent_ids), at=at)
        for intent_id in each.intent_ids:
            _settle(s, intent_id, "recorded", at)
        if each.scene is not None:
            answered.append((each.scene, {changes[one.change_id].field for one in known}))
        told += known
    moved = Counter(
        (changes[outcome.change_id].status.value, outcome.status.value)
        for outcome in told
        if changes[outcome.change_id].status is not outcome.status
    )
    if moved and row.plan_id is not None:
        move_counts(s, row.plan_id, moved)
    take_own_scenes(s, answered, now)
    return told


def _store(s: Session, kind: JobKind, outcome: ChangeOutcome, *, intended: bool, at: str) -> None:
    """Write an outcome beside its change.

    What an undo answers is not what the plan wrote: `written` and `outcome` stay an apply's.
    Where an intent noted what was observed and the outcome says nothing else, that stays.
    """
    error = outcome.error
    applied = kind is JobKind.APPLY and outcome.status is ChangeStatus.APPLIED
    run(
        s,
        "UPDATE changes SET status = :status, changed_at = :at,"
        " observed = CASE WHEN :intended AND :observed IS NULL THEN observed ELSE :observed END,"
        " written = CASE WHEN :applied THEN :written ELSE written END,"
        " outcome = CASE WHEN :applied THEN :outcome WHEN :apply THEN NULL ELSE outcome END,"
        " error_code = :code, error_detail = :detail WHERE id = :id",
        {
            "status": outcome.status.value,
            "at": at,
            "intended": int(intended),
            "observed": value_column(outcome.observed),
            "applied": int(applied),
            "apply": int(kind is JobKind.APPLY),
            "written": value_column(outcome.written),
            "outcome": outcome.outcome,
            "code": error and clean(error.code),
            "detail": error and clean(error.detail[:DETAIL_CHARACTERS]),
            "id": outcome.change_id,
        },
    )


def _count(s: Session, row: JobRow, outcomes: Sequence[ChangeOutcome]) -> None:
    """Count each change of the job's list once, whatever is told of it again."""
    counts: Counter[str] = Counter()
    left = _leave_list(s, row.n, [outcome.change_id for outcome in outcomes])
    for outcome in {one.change_id: one for one in outcomes if one.change_id in left}.values():
        name = _TALLY[row.kind].get(outcome.status, "skipped")
        counts["already" if outcome.outcome == "already" else name] += 1
    advance_job(s, row, done=len(left), counts=counts)


def _settle(s: Session, intent_id: int, how: str, at: str) -> None:
    run(
        s,
        "UPDATE journal SET settled_at = ?, settled_as = ? WHERE id = ? AND settled_at IS NULL",
        (at, how, intent_id),
    )


def release_intent(s: Session, job_id: str, intent_id: int, now: datetime) -> None:
    """Settle an intent that never arrived: an apply's changes are accepted again."""
    row = job_row(s, job_id)
    ids = run(s, "SELECT change_ids FROM journal WHERE id = ?", (intent_id,)).scalar_one_or_none()
    at = moment_text(now)
    if ids is not None and row.kind is JobKind.APPLY:
        waiting = [
            change
            for change in change_values(s, from_json(ids)).values()
            if change.status is ChangeStatus.APPLYING
        ]
        _move(s, row, waiting, ChangeStatus.ACCEPTED, at)
    _settle(s, intent_id, "released", at)
