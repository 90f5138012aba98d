"""Jobs: list, look, cancel, retry, and watch them live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Blueprint

from stashhog.api.contract import operation
from stashhog.api.dependencies import get_actors, get_db
from stashhog.api.routes.scenes import Shapes, require_stash
from stashhog.api.schemas.common import Page
from stashhog.api.schemas.jobs import (
    JobListQuery,
    JobLogQuery,
    JobResponse,
    LogLineResponse,
)
from stashhog.core.exceptions import ConflictError
from stashhog.core.pagination import PaginatedResponse
from stashhog.db import jobs as db_jobs
from stashhog.domain.jobs import (
    AnalysisSubmission,
    Job,
    SyncSubmission,
    retry_submission,
)

bp = Blueprint("jobs", __name__)


def _freshest(shape: dict[str, Any], live: Mapping[str, Job]) -> dict[str, Any]:
    """The registry's snapshot where the job is live: its progress is newer than the row's."""
    job = live.get(shape["id"])
    return shape if job is None else db_jobs.job_json(job)


@bp.get("/jobs")
@operation("Find jobs", Page[JobResponse], query=JobListQuery)
async def list_jobs(query: JobListQuery) -> Shapes:
    """Newest first; live ones as they are now."""
    sort = query.sort_key()
    page = await get_db().read(
        db_jobs.list_jobs, query.status or (), query.kind or (), query.params(), sort
    )
    live = get_actors().registry.live()
    items = [_freshest(item, live) for item in page.items]
    return PaginatedResponse(items, page.total, page.page, page.size, page.pages, page.next_cursor)


@bp.get("/jobs/<job:job_id>")
@operation("One job", JobResponse, errors=(404,))
async def show_job(job_id: str) -> dict[str, Any]:
    """A live job as it is now, an ended one as it ended."""
    live = get_actors().registry.live().get(job_id)
    if live is not None:
        return db_jobs.job_json(live)
    return await get_db().read(db_jobs.get_job, job_id)


@bp.get("/jobs/<job:job_id>/log")
@operation("A job's log", Page[LogLineResponse], query=JobLogQuery, errors=(404,))
async def show_job_log(job_id: str, query: JobLogQuery) -> Shapes:
    """Oldest first."""
    query.sort_key()
    return await get_db().read(db_jobs.job_log, job_id, query.after, query.params())


@bp.delete("/jobs/<job:job_id>")
@operation("Ask for a job's end", {202: JobResponse, 200: JobResponse}, errors=(404,))
async def cancel_job(job_id: str) -> tuple[dict[str, Any], int]:
    """202 while it had not ended; 200, and nothing changed, where it had."""
    registry = get_actors().registry
    ended = job_id not in registry.live()
    job = db_jobs.job_json(await registry.cancel(job_id))
    return job, 200 if ended else 202


@bp.post("/jobs/<job:job_id>/retry")
@operation("Run an ended job once more", {202: JobResponse}, errors=(404, 409, 422))
async def retry_job(job_id: str) -> dict[str, Any]:
    """The same parameters in a new job; an analysis goes on in the same plan."""
    actors = get_actors()
    job = await get_db().read(db_jobs.get_job_value, job_id)
    if not job.final or job_id in actors.registry.live():
        raise ConflictError("the job has not ended yet", code="job_not_ended")
    submission = retry_submission(job)
    if isinstance(submission, AnalysisSubmission):
        return db_jobs.job_json(await actors.planner.submit(submission))
    require_stash()
    if isinstance(submission, SyncSubmission):
        return db_jobs.job_json(await actors.sync_manager.request(submission))
    return db_jobs.job_json(await actors.registry.submit(submission))
