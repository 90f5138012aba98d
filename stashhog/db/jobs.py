"""Jobs as people see them, and how they lie in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import JobNotFoundError
from stashhog.core.pagination import PaginatedResponse, PaginationParams, SortKey
from stashhog.db.paging import Order, walk
from stashhog.db.tables import job_logs, jobs
from stashhog.db.values import (
    from_json,
    moment,
    moment_or_none,
    moment_text,
    run,
    shown,
    to_json,
)
from stashhog.domain.jobs import Job, JobError, JobKind, JobStatus, Progress, Waiting

JOB_SORT_KEYS = ("created_at", "started_at", "finished_at", "kind", "status", "id")
_COLUMNS = {name: jobs.c[name] for name in JOB_SORT_KEYS}
_NULLABLE = frozenset({"started_at", "finished_at"})

_SELECT = """
    SELECT id, kind, status, params, created_at, started_at, finished_at, done, total, unit,
           message, waiting, result, error, attempt, seq, crashes, crash_done, n
    FROM jobs
"""
_NUMBERED = " WHERE n IN (SELECT value FROM json_each(?))"


def list_jobs(
    s: Session,
    statuses: Sequence[str],
    kinds: Sequence[str],
    params: PaginationParams,
    sort: SortKey | None,
) -> PaginatedResponse[dict[str, Any]]:
    """Jobs of any of these statuses and kinds; empty ones do not ask.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = select(jobs.c.n)
    if statuses:
        query = query.where(jobs.c.status.in_(statuses))
    if kinds:
        query = query.where(jobs.c.kind.in_(kinds))
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order.of(
        sort or SortKey("created_at", descending=True), _COLUMNS, jobs.c.n, nullable=_NULLABLE
    )
    filters = {"status": sorted(statuses), "kind": sorted(kinds)}
    found = walk(s, query, order, params, filters)
    rows = run(s, _SELECT + _NUMBERED, (to_json(found.ids),))
    by_number = {row[-1]: job_json(job_of(row)) for row in rows}
    return found.page([by_number[n] for n in found.ids], total)


def get_job(s: Session, job_id: str) -> dict[str, Any]:
    """One job in the API's shape.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    return job_json(get_job_value(s, job_id))


def get_job_value(s: Session, job_id: str) -> Job:
    """One job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    row = run(s, f"{_SELECT} WHERE id = ?", (job_id,)).one_or_none()
    if row is None:
        raise JobNotFoundError("no job has this id")
    return job_of(row)


def unfinished_jobs(s: Session) -> list[Job]:
    """All jobs whose status is not final, oldest first."""
    rows = run(
        s,
        f"{_SELECT} WHERE status NOT IN ('completed', 'failed', 'cancelled')"
        " ORDER BY created_at, id",
    )
    return [job_of(row) for row in rows]


def job_log(
    s: Session, job_id: str, after_seq: int, params: PaginationParams
) -> PaginatedResponse[dict[str, Any]]:
    """A job's log lines after a `seq`, oldest first.

    Raises:
        JobNotFoundError: there is no job of this id.
        ValidationError: `bad_cursor`.
    """
    n = run(s, "SELECT n FROM jobs WHERE id = ?", (job_id,)).scalar_one_or_none()
    if n is None:
        raise JobNotFoundError("no job has this id")
    query = select(job_logs.c.seq).where(job_logs.c.job_n == n, job_logs.c.seq > after_seq)
    total = s.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    order = Order("seq", (), job_logs.c.seq)
    found = walk(s, query, order, params, {"job_id": job_id, "after": after_seq})
    rows = run(
        s,
        "SELECT seq, at, level, message FROM job_logs WHERE job_n = ?"
        " AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
        (n, to_json(found.ids)),
    )
    items = [
        {"seq": seq, "at": shown(at), "level": level, "message": message}
        for seq, at, level, message in rows
    ]
    return found.page(items, total)


def job_of(row: Sequence[Any]) -> Job:
    """A job from its row (the columns of `_SELECT`)."""
    waiting, result, error = (row[at] and from_json(row[at]) for at in (11, 12, 13))
    return Job(
        id=row[0],
        kind=JobKind(row[1]),
        status=JobStatus(row[2]),
        params=from_json(row[3]),
        created_at=moment(row[4]),
        started_at=moment_or_none(row[5]),
        finished_at=moment_or_none(row[6]),
        progress=Progress(row[7], row[8], row[9], row[10]),
        waiting=_waiting_of(waiting) if waiting else None,
        result=result,
        error=JobError(**error) if error else None,
        attempt=row[14],
        seq=row[15],
        crashes=row[16],
        crash_done=row[17],
    )


def _waiting_of(value: dict[str, Any]) -> Waiting:
    return Waiting(value["code"], moment(value["since"]), moment_or_none(value["retry_at"]))


def waiting_column(waiting: Waiting | None) -> str | None:
    """What a job waits for, for its column."""
    if waiting is None:
        return None
    retry = waiting.retry_at
    return to_json(
        {
            "code": waiting.code,
            "since": moment_text(waiting.since),
            "retry_at": None if retry is None else moment_text(retry),
        }
    )


def _time(at: datetime | None) -> str | None:
    return None if at is None else shown(moment_text(at))


def job_json(job: Job) -> dict[str, Any]:
    """The API's shape of a snapshot."""
    waiting = job.waiting
    return {
        "id": job.id,
        "kind": job.kind.value,
        "status": job.status.value,
        "progress": asdict(job.progress),
        "waiting": waiting
        and {
            "code": waiting.code,
            "since": _time(waiting.since),
            "retry_at": _time(waiting.retry_at),
        },
        "params": dict(job.params),
        "result": None if job.result is None else dict(job.result),
        "error": job.error and asdict(job.error),
        "attempt": job.attempt,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "seq": job.seq,
    }
