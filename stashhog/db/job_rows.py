"""A job's row as the transactions of its items move it: cursor, counts and tally."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from stashhog.core.exceptions import JobNotFoundError
from stashhog.db.values import from_json, run, to_json
from stashhog.domain.jobs import JobKind, add_tally
from stashhog.ports import Checkpoint


@dataclass(frozen=True, slots=True)
class JobRow:
    """What an item's transaction needs of its job; `n` is the row's own number."""

    n: int
    id: str
    kind: JobKind
    plan_id: int | None
    done: int
    total: int | None
    cursor: Mapping[str, Any]
    tally: Mapping[str, Any]


def job_row(s: Session, job_id: str) -> JobRow:
    """Read a job's row.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    row = run(
        s,
        "SELECT n, kind, plan_id, done, total, cursor, tally FROM jobs WHERE id = ?",
        (job_id,),
    ).one_or_none()
    if row is None:
        raise JobNotFoundError("no job has this id")
    n, kind, plan_id, done, total, cursor, tally = row
    return JobRow(
        n, job_id, JobKind(kind), plan_id, done, total, from_json(cursor), from_json(tally)
    )


def job_checkpoint(s: Session, job_id: str) -> Checkpoint:
    """Where a job stands."""
    row = job_row(s, job_id)
    return Checkpoint(row.cursor, row.done, row.total, row.tally)


def advance_job(
    s: Session,
    row: JobRow,
    *,
    done: int = 0,
    counts: Mapping[str, int] | None = None,
    cursor: Mapping[str, Any] | None = None,
    total: int | None = None,
    tally: Mapping[str, Any] | None = None,
) -> None:
    """Move a job along inside the transaction of its items.

    Args:
        s: A Session that writes.
        row: The job as read in this transaction.
        done: How many items more are done.
        counts: What to add to the tally (`domain.jobs.add_tally`).
        cursor: The new cursor; None leaves it.
        total: The number of all items; None leaves it.
        tally: What to add the counts to in place of the row's own tally.
    """
    after = add_tally(row.tally if tally is None else tally, counts or {})
    run(
        s,
        "UPDATE jobs SET done = done + ?, tally = ?, cursor = coalesce(?, cursor),"
        " total = coalesce(?, total) WHERE n = ?",
        (done, to_json(after), None if cursor is None else to_json(cursor), total, row.n),
    )
