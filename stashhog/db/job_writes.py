"""Making, saving and pruning jobs.

Rules:
- All that belongs to a job is made in the transaction that makes the job: its plan, its list of
  scenes or changes, the mark on its plan.
- A job's list holds what is still to do; what was handled leaves it with its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from stashhog.core.exceptions import JobNotFoundError
from stashhog.db.job_selections import insert_changes, insert_scenes
from stashhog.db.jobs import get_job_value, waiting_column
from stashhog.db.plan_rows import (
    PlanRow,
    delete_plan_row,
    free_plan,
    make_plan,
    mark_busy,
    plan_row,
    require_free,
)
from stashhog.db.schedules import end_run
from stashhog.db.values import clean, from_json, moment_text, run, run_many, to_json
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    Job,
    JobKind,
    JobStatus,
    LogLine,
    Submission,
    SyncSubmission,
    UndoSubmission,
    result_of,
)
from stashhog.domain.plans import PlanStatus
from stashhog.domain.schedules import NothingToDoError

KEEP_ROWS = 1000
"""The newest ended jobs stay, however old they are."""
MESSAGE_CHARACTERS = 4000
NO_COST: Mapping[str, Any] = {"requests": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0}


def insert_job(s: Session, job_id: str, submission: Submission, now: datetime) -> Job:
    """Make a job with all that belongs to it, as `ports.JobStore.insert` says."""
    match submission:
        case SyncSubmission():
            _insert_row(s, job_id, JobKind.SYNC, submission.params, now)
            _note_scheduled(s, submission, job_id, now)
        case AnalysisSubmission():
            _insert_analysis(s, job_id, submission, now)
        case ApplySubmission() | UndoSubmission():
            _insert_writing(s, job_id, submission, now)
    return get_job_value(s, job_id)


def _insert_row(
    s: Session,
    job_id: str,
    kind: JobKind,
    params: Mapping[str, Any],
    now: datetime,
    *,
    tally: Mapping[str, Any] | None = None,
) -> int:
    unit = "scenes" if kind in (JobKind.SYNC, JobKind.ANALYSIS) else "changes"
    return int(
        run(
            s,
            "INSERT INTO jobs (id, kind, status, params, plan_id, created_at, unit, tally,"
            " attempt, seq, crashes, crash_done) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, -1)"
            " RETURNING n",
            (
                job_id,
                kind.value,
                JobStatus.QUEUED.value,
                to_json(params),
                params.get("plan_id"),
                moment_text(now),
                unit,
                to_json(tally or {}),
            ),
        ).scalar_one()
    )


def _set_total(s: Session, n: int, total: int) -> None:
    run(s, "UPDATE jobs SET total = ? WHERE n = ?", (total, n))


def _insert_analysis(
    s: Session, job_id: str, submission: AnalysisSubmission, now: datetime
) -> None:
    plan = _plan_to_go_on_with(s, submission)
    if plan is None:
        name = submission.name or f"Analysis of {now:%Y-%m-%d %H:%M}"
        plan_id = make_plan(s, clean(name), submission.options, now)
    else:
        plan_id = plan.id
    selection = submission.selection
    params = {
        "plan_id": plan_id,
        "name": submission.name,
        "scene_ids": None if selection.ids is None else list(selection.ids),
        "filter": None if selection.filter is None else dict(selection.filter),
        "options": dict(submission.options),
    }
    if submission.retry_of is not None:
        params["retry_of"] = submission.retry_of
    if submission.scheduled is not None:
        params["scheduled"] = True
    tally = {"skipped": {}, "cost": dict(NO_COST)}
    n = _insert_row(s, job_id, JobKind.ANALYSIS, params, now, tally=tally)
    last = None if plan is None else plan.job_id
    left = None if last is None else _items_left_by(s, n, last)
    total = insert_scenes(s, n, selection) if left is None else left
    if submission.scheduled is not None and not total:
        raise NothingToDoError("no scene is to be looked at")
    _set_total(s, n, total)
    _note_scheduled(s, submission, job_id, now)
    run(s, "UPDATE plans SET job_id = ? WHERE id = ?", (job_id, plan_id))
    mark_busy(s, plan_id, job_id, PlanStatus.DRAFT)


def _note_scheduled(
    s: Session, submission: SyncSubmission | AnalysisSubmission, job_id: str, now: datetime
) -> None:
    """The run that is due and its job are one transaction: no kill makes two of it, or none."""
    if submission.scheduled is not None:
        end_run(s, submission.scheduled, "started", job_id, now)


def _plan_to_go_on_with(s: Session, submission: AnalysisSubmission) -> PlanRow | None:
    if submission.plan_id is None:
        return None
    living = submission.retry_of is None or _lives(s, submission.plan_id)
    if not living:
        return None
    plan = plan_row(s, submission.plan_id)
    require_free(plan)
    return plan


def _lives(s: Session, plan_id: int) -> bool:
    return bool(
        run(
            s, "SELECT 1 FROM plans WHERE id = ? AND deleted_at IS NULL", (plan_id,)
        ).scalar_one_or_none()
    )


def _items_left_by(s: Session, n: int, last_job_id: str) -> int | None:
    """Take over what the plan's last job had not done; None where that job is gone."""
    last = run(s, "SELECT n FROM jobs WHERE id = ?", (last_job_id,)).scalar_one_or_none()
    if last is None:
        return None
    return run(
        s,
        "INSERT INTO job_items (job_n, scene_id, change_id)"
        " SELECT ?, scene_id, change_id FROM job_items WHERE job_n = ?",
        (n, last),
    ).rowcount


def _insert_writing(
    s: Session, job_id: str, submission: ApplySubmission | UndoSubmission, now: datetime
) -> None:
    plan = plan_row(s, submission.plan_id)
    require_free(plan)
    selection = submission.selection
    params: dict[str, Any] = {
        "plan_id": plan.id,
        "change_ids": None if selection.change_ids is None else list(selection.change_ids),
        "scene_ids": None if selection.scene_ids is None else list(selection.scene_ids),
    }
    if isinstance(submission, UndoSubmission):
        params["remove_created"] = submission.remove_created
    n = _insert_row(s, job_id, submission.kind, params, now)
    taken, left_out = insert_changes(s, n, plan.id, submission.kind, selection)
    _set_total(s, n, taken)
    if left_out:
        run(s, "UPDATE jobs SET tally = ? WHERE n = ?", (to_json({"skipped": left_out}), n))
    mark_busy(s, plan.id, job_id, PlanStatus.APPLYING)


# --- saving -------------------------------------------------------------------------------------


def save_jobs(s: Session, jobs: Sequence[Job], logs: Sequence[LogLine]) -> list[Job]:
    """Save what the registry decides, settle what ended; returns the jobs as stored."""
    saved = [_save(s, job) for job in jobs]
    run_many(
        s,
        "INSERT INTO job_logs (job_n, seq, at, level, message)"
        " SELECT n, ?, ?, ?, ? FROM jobs WHERE id = ? ON CONFLICT DO NOTHING",
        [
            (
                line.seq,
                moment_text(line.at),
                line.level,
                clean(line.message[:MESSAGE_CHARACTERS]),
                line.job_id,
            )
            for line in logs
        ],
    )
    return saved


def _save(s: Session, job: Job) -> Job:
    row = run(s, "SELECT n, done, total, tally FROM jobs WHERE id = ?", (job.id,)).one_or_none()
    if row is None:
        raise JobNotFoundError("no job has this id")
    n, done, total, tally = row
    stored = replace(job, progress=replace(job.progress, done=done, total=total))
    if job.final:
        result = {**result_of(job.kind, job.params, from_json(tally)), **(job.result or {})}
        if not _settle(s, n, stored):
            result["plan_id"] = None
        stored = replace(stored, result=result)
    error = stored.error
    run(
        s,
        "UPDATE jobs SET status = ?, started_at = ?, finished_at = ?, waiting = ?, result = ?,"
        " error = ?, attempt = ?, seq = ?, crashes = ?, crash_done = ?, unit = ?, message = ?"
        " WHERE n = ?",
        (
            stored.status.value,
            None if stored.started_at is None else moment_text(stored.started_at),
            None if stored.finished_at is None else moment_text(stored.finished_at),
            waiting_column(stored.waiting),
            None if stored.result is None else to_json(stored.result),
            None if error is None else to_json({"code": error.code, "detail": error.detail}),
            stored.attempt,
            stored.seq,
            stored.crashes,
            stored.crash_done,
            stored.progress.unit,
            clean(stored.progress.message),
            n,
        ),
    )
    return stored


def _settle(s: Session, n: int, job: Job) -> bool:
    """Free the plan that an ended job worked on; only an analysis leaves a list to go on with.

    Returns:
        False where the plan went: of a scheduled analysis that found nothing, none is left to be
        looked at.
    """
    base = None
    if job.kind is JobKind.ANALYSIS:
        cancelled = job.status is JobStatus.CANCELLED
        base = PlanStatus.CANCELLED if cancelled else PlanStatus.REVIEWING
    else:
        run(s, "DELETE FROM job_items WHERE job_n = ?", (n,))
    free_plan(s, job.id, base)
    unfinished = job.status is not JobStatus.COMPLETED or (job.result or {}).get("stopped")
    if not job.params.get("scheduled") or unfinished:
        return True
    plan_id: int = job.params["plan_id"]
    if run(s, "SELECT 1 FROM changes WHERE plan_id = ? LIMIT 1", (plan_id,)).first() is not None:
        return True
    delete_plan_row(s, plan_id, job.finished_at or job.created_at)
    return False


def prune_jobs(
    s: Session, now: datetime, *, keep_days: int, log_lines: int, keep_rows: int = KEEP_ROWS
) -> int:
    """Remove old ended jobs and old log lines; returns how many jobs went.

    Args:
        s: A Session that writes.
        now: The present time.
        keep_days: Jobs that ended within so many days stay.
        log_lines: How many lines of each job's log stay: the newest.
        keep_rows: So many of the newest ended jobs stay whatever their age.
    """
    cutoff = moment_text(now - timedelta(days=keep_days))
    gone = run(
        s,
        "DELETE FROM jobs WHERE status IN ('completed', 'failed', 'cancelled')"
        " AND finished_at < ? AND n NOT IN (SELECT n FROM jobs WHERE status IN"
        " ('completed', 'failed', 'cancelled') ORDER BY n DESC LIMIT ?)",
        (cutoff, keep_rows),
    ).rowcount
    long_logs = run(
        s, "SELECT job_n FROM job_logs GROUP BY job_n HAVING count(*) > ?", (log_lines,)
    ).scalars()
    for n in list(long_logs):
        run(
            s,
            "DELETE FROM job_logs WHERE job_n = ? AND seq < (SELECT seq FROM job_logs"
            " WHERE job_n = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (n, n, log_lines - 1),
        )
    return gone
