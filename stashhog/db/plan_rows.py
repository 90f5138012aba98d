"""A plan's row: its counts, who works on it, and what its status follows from.

`counts` moves in every transaction that moves a change; `status` is settled from it by
`domain.plans.settled_status` whenever no job works on the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from stashhog.core.exceptions import ConflictError, PlanNotFoundError
from stashhog.db.values import from_json, moment_text, run, to_json
from stashhog.domain.plans import PlanStatus, settled_status


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What a transaction that changes a plan needs of it."""

    id: int
    base: PlanStatus
    job_id: str | None
    busy_job_id: str | None
    options: Mapping[str, Any]
    counts: Mapping[str, int]
    skipped: Mapping[str, int]


def plan_row(s: Session, plan_id: int, *, deleted: bool = False) -> PlanRow:
    """Read a plan's row.

    Raises:
        PlanNotFoundError: there is none of this id, or it was deleted and that does not suit.
    """
    row = run(
        s,
        "SELECT id, base, job_id, busy_job_id, options, counts, skipped, deleted_at"
        " FROM plans WHERE id = ?",
        (plan_id,),
    ).one_or_none()
    if row is None or (row[7] is not None and not deleted):
        raise PlanNotFoundError("no plan has this id")
    return PlanRow(
        row[0],
        PlanStatus(row[1]),
        row[2],
        row[3],
        from_json(row[4]),
        from_json(row[5]),
        from_json(row[6]),
    )


def require_free(plan: PlanRow) -> None:
    """Check that no job works on a plan.

    Raises:
        ConflictError: `plan_busy`, with the job's id.
    """
    if plan.busy_job_id is not None:
        raise ConflictError(
            "a job works on this plan; wait for its end or cancel it",
            code="plan_busy",
            context={"job_id": plan.busy_job_id},
        )


def make_plan(s: Session, name: str, options: Mapping[str, Any], now: datetime) -> int:
    """Make a draft; returns its id."""
    return int(
        run(
            s,
            "INSERT INTO plans (name, status, base, created_at, options) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            (
                name,
                PlanStatus.DRAFT.value,
                PlanStatus.DRAFT.value,
                moment_text(now),
                to_json(options),
            ),
        ).scalar_one()
    )


def mark_busy(s: Session, plan_id: int, job_id: str, status: PlanStatus) -> None:
    """Give a plan to a job."""
    run(
        s,
        "UPDATE plans SET busy_job_id = ?, status = ? WHERE id = ?",
        (job_id, status.value, plan_id),
    )


def free_plan(s: Session, job_id: str, base: PlanStatus | None) -> None:
    """Take a plan back from an ended job and settle its status.

    Args:
        s: A Session that writes.
        job_id: The job that ended.
        base: What an ended analysis makes the plan; None leaves it.
    """
    rows = run(s, "SELECT id, base FROM plans WHERE busy_job_id = ?", (job_id,)).all()
    for plan_id, former in rows:
        kept = former if base is None else base.value
        run(
            s,
            "UPDATE plans SET busy_job_id = NULL, base = ? WHERE id = ?",
            (kept, plan_id),
        )
        settle_plan(s, plan_id)


def delete_plan_row(s: Session, plan_id: int, now: datetime) -> None:
    """Mark a plan as deleted, and drop what its jobs had still to do."""
    run(s, "UPDATE plans SET deleted_at = ? WHERE id = ?", (moment_text(now), plan_id))
    run(
        s,
        "DELETE FROM job_items WHERE job_n IN (SELECT n FROM jobs WHERE plan_id = ?)",
        (plan_id,),
    )


def settle_plan(s: Session, plan_id: int) -> None:
    """Count a plan's changes anew, and settle its status where no job works on it."""
    rows = run(
        s, "SELECT status, count(*) FROM changes WHERE plan_id = ? GROUP BY status", (plan_id,)
    )
    counts: dict[str, int] = {status: number for status, number in rows}  # noqa: C416 - typed rows
    run(s, "UPDATE plans SET counts = ? WHERE id = ?", (to_json(counts), plan_id))
    _settle_status(s, plan_id, counts)


def move_counts(s: Session, plan_id: int, moved: Mapping[tuple[str, str], int]) -> None:
    """Move a plan's counts: (from, to) → how many; a new change comes from `""`."""
    plan = plan_row(s, plan_id, deleted=True)
    counts = Counter(plan.counts)
    for (before, after), number in moved.items():
        if before:
            counts[before] -= number
        counts[after] += number
    left = {status: number for status, number in counts.items() if number > 0}
    run(s, "UPDATE plans SET counts = ? WHERE id = ?", (to_json(left), plan_id))
    if plan.busy_job_id is None:
        _settle_status(s, plan_id, left)


def _settle_status(s: Session, plan_id: int, counts: Mapping[str, int]) -> None:
    plan = plan_row(s, plan_id, deleted=True)
    if plan.busy_job_id is None:
        status = settled_status(counts, plan.base)
        run(s, "UPDATE plans SET status = ? WHERE id = ?", (status.value, plan_id))
