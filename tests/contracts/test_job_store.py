"""What every `ports.JobStore` does: the one in memory that tests use, and the database's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from stashhog.core.config import DatabaseSettings
from stashhog.core.exceptions import ConflictError, JobNotFoundError, PlanNotFoundError
from stashhog.core.pagination import PaginationParams
from stashhog.db import open_database
from stashhog.db.job_rows import advance_job, job_row
from stashhog.db.jobs import job_log
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    Job,
    JobError,
    JobKind,
    JobSignal,
    JobStatus,
    LogLine,
    SceneSelection,
    SyncSubmission,
    Waiting,
    advance,
)
from stashhog.ports import JobStore
from tests.fakes.stores import FakeJobStore
from tests.rig.fresh import fresh_data

NOW = datetime(2026, 11, 24, 5, 8, 58, 767745, tzinfo=UTC)
IDS = [f"01a20bf5-0d0f-7736-8eda-f09f37d109{n:02d}" for n in range(10)]
EVERYTHING = AnalysisSubmission(SceneSelection(filter={"all": True}))


@dataclass
class Subject:
    """A job store, and how its item transactions handle unchanged items."""

    store: JobStore
    commit_items: Callable[[str, int, int], Awaitable[object]]
    log: Callable[[str], Awaitable[list[str]]]


@pytest.fixture(params=["memory", "database"])
async def subject(request, tmp_path) -> AsyncGenerator[Subject]:
    if request.param == "memory":
        fake = FakeJobStore()

        async def handled(job_id: str, count: int, total: int) -> None:
            await fake.commit_items(job_id, count, total, unchanged=count)

        async def lines(job_id: str) -> list[str]:
            return [line.message for line in fake.logs.get(job_id, [])]

        yield Subject(fake, handled, lines)
        return
    async with open_database(fresh_data(tmp_path), DatabaseSettings()) as db:

        async def saved(job_id: str, count: int, total: int) -> None:
            def move(s: Session) -> None:
                counts = {"unchanged": count}
                advance_job(s, job_row(s, job_id), done=count, counts=counts, total=total)

            await db.write(move)

        async def rows(job_id: str) -> list[str]:
            page = await db.read(job_log, job_id, -1, PaginationParams())
            return [item["message"] for item in page.items]

        yield Subject(db.jobs, saved, rows)


async def running(subject: Subject, job_id: str = IDS[0]) -> Job:
    job = await subject.store.insert(job_id, SyncSubmission(), NOW)
    started = replace(advance(job, JobSignal.START, NOW), seq=1)
    await subject.store.save([started], [])
    return started


async def test_a_new_job_is_queued_with_its_public_parameters(subject):
    job = await subject.store.insert(IDS[0], SyncSubmission("full", ("2", "1")), NOW)

    assert (job.id, job.kind, job.status) == (IDS[0], JobKind.SYNC, JobStatus.QUEUED)
    assert job.params == {"mode": "full", "scene_ids": ["2", "1"]}
    assert (job.created_at, job.attempt, job.progress.done) == (NOW, 1, 0)
    assert await subject.store.get(IDS[0]) == job


async def test_an_unknown_job_is_not_found(subject):
    with pytest.raises(JobNotFoundError):
        await subject.store.get(IDS[0])


async def test_unfinished_jobs_come_oldest_first_and_ended_ones_not(subject):
    for n in (2, 0, 1):
        await subject.store.insert(IDS[n], SyncSubmission(), NOW + timedelta(seconds=n))
    ended = advance(await subject.store.get(IDS[1]), JobSignal.CANCEL, NOW)
    await subject.store.save([ended], [])

    assert [job.id for job in await subject.store.unfinished()] == [IDS[0], IDS[2]]


async def test_a_saved_job_reads_back_as_it_was(subject):
    job = await running(subject)
    waits = replace(job, seq=7, waiting=Waiting("stash_unavailable", NOW, NOW), attempt=2)

    stored = await subject.store.save([replace(waits, crashes=1, crash_done=3)], [])

    assert list(stored) == [await subject.store.get(job.id)]
    assert stored[0] == replace(waits, crashes=1, crash_done=3)


async def test_counts_belong_to_the_item_transactions(subject):
    job = await running(subject)
    await subject.commit_items(job.id, 3, 8)

    [stored] = await subject.store.save(
        [replace(job, progress=replace(job.progress, done=5, total=6, message="at it"))], []
    )

    assert (stored.progress.done, stored.progress.total) == (3, 8)
    assert (await subject.store.get(job.id)).progress.message == "at it"


async def test_an_ended_job_has_the_result_that_was_counted_and_the_keys_it_returned(subject):
    job = await running(subject)
    await subject.commit_items(job.id, 3, 3)

    ended = advance(job, JobSignal.COMPLETE, NOW, result={"stopped": "budget"})
    [stored] = await subject.store.save([ended], [])

    assert stored.result == {
        "created": 0,
        "updated": 0,
        "deleted": 0,
        "unchanged": 3,
        "failed": 0,
        "stopped": "budget",
    }
    assert await subject.store.get(job.id) == stored


async def test_a_failed_job_keeps_its_error(subject):
    job = await running(subject)
    error = JobError("stash_unavailable", "Stash is away")

    await subject.store.save([advance(job, JobSignal.FAIL, NOW, error=error)], [])

    assert (await subject.store.get(job.id)).error == error


async def test_log_lines_are_saved_with_the_jobs(subject):
    job = await running(subject)
    lines = [LogLine(job.id, seq, NOW, "info", f"line {seq}") for seq in (2, 3)]

    await subject.store.save([replace(job, seq=3)], lines)

    assert await subject.log(job.id) == ["line 2", "line 3"]


async def test_nothing_is_saved_where_one_job_is_unknown(subject):
    job = await running(subject)
    line = LogLine(job.id, 2, NOW, "info", "line")

    with pytest.raises(JobNotFoundError):
        await subject.store.save([replace(job, seq=2), replace(job, id=IDS[9])], [line])

    assert (await subject.store.get(job.id)).seq == 1
    assert await subject.log(job.id) == []


async def test_a_plan_has_one_job_at_a_time(subject):
    analysis = await subject.store.insert(IDS[0], EVERYTHING, NOW)
    plan_id = analysis.params["plan_id"]

    with pytest.raises(ConflictError) as refused:
        await subject.store.insert(IDS[1], ApplySubmission(plan_id), NOW)

    assert refused.value.public_code == "plan_busy"
    assert refused.value.context["job_id"] == IDS[0]


async def test_a_plan_is_free_again_when_its_job_has_ended(subject):
    analysis = await subject.store.insert(IDS[0], EVERYTHING, NOW)
    ended = advance(advance(analysis, JobSignal.START, NOW), JobSignal.COMPLETE, NOW)
    await subject.store.save([ended], [])

    apply = await subject.store.insert(IDS[1], ApplySubmission(analysis.params["plan_id"]), NOW)

    assert apply.params["plan_id"] == analysis.params["plan_id"]


async def test_a_plan_that_does_not_exist_is_not_found_and_leaves_no_job(subject):
    with pytest.raises(PlanNotFoundError):
        await subject.store.insert(IDS[0], ApplySubmission(99), NOW)

    assert list(await subject.store.unfinished()) == []
