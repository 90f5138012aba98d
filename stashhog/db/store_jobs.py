"""`ports.JobStore` on the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stashhog.db.access import Access
from stashhog.db.job_writes import insert_job, save_jobs
from stashhog.db.jobs import get_job_value, unfinished_jobs
from stashhog.domain.jobs import Job, LogLine, Submission


class JobRows:
    """The job registry's rows; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def unfinished(self) -> Sequence[Job]:
        """All jobs whose status is not final, oldest first."""
        return await self._db.read(unfinished_jobs)

    async def get(self, job_id: str) -> Job:
        """One job, ended or not; see `ports.JobStore.get`."""
        return await self._db.read(get_job_value, job_id)

    async def insert(self, job_id: str, submission: Submission, now: datetime) -> Job:
        """Make a job with all that belongs to it; see `ports.JobStore.insert`."""
        return await self._db.write(insert_job, job_id, submission, now)

    async def save(self, jobs: Sequence[Job], logs: Sequence[LogLine]) -> Sequence[Job]:
        """Save jobs and log lines, settle ended ones; see `ports.JobStore.save`."""
        return await self._db.write(save_jobs, jobs, logs)
