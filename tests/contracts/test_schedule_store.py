"""What every store of schedules does, and the one that makes their jobs: memory and database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stashhog.core.config import DatabaseSettings
from stashhog.core.exceptions import ValidationError
from stashhog.db import open_database
from stashhog.db.schedules import change_schedules
from stashhog.domain.jobs import AnalysisSubmission, SceneSelection, SyncSubmission
from stashhog.domain.schedules import (
    DEFAULTS,
    NothingToDoError,
    Schedule,
    ScheduledRun,
    ScheduleMovedError,
    ScheduleName,
)
from stashhog.ports import JobStore
from stashhog.ports.schedules import ScheduleStore
from tests.fakes.stores import FakeJobStore
from tests.rig.fresh import fresh_data

NOW = datetime(2026, 11, 24, 5, 8, 58, 767745, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IDS = ["01a20bf5-0d0f-7736-8eda-f09f37d10900", "01a20bf5-0d0f-7736-8eda-f09f37d10901"]
Change = Callable[[ScheduleName, Mapping[str, Any], datetime], Awaitable[object]]


@dataclass
class Subject:
    """Both stores, and a person who changes schedules."""

    store: ScheduleStore
    jobs: JobStore
    change: Change

    async def one(self, name: ScheduleName) -> Schedule:
        return (await self.store.schedules())[name]

    async def due(self, name: ScheduleName) -> ScheduledRun:
        """Turn a schedule on; its run, which is due a minute after NOW."""
        await self.change(name, {"enabled": True, "every_s": 60}, NOW)
        return ScheduledRun(name, NOW + MINUTE)


@pytest.fixture(params=["memory", "database"])
async def subject(request, tmp_path) -> AsyncGenerator[Subject]:
    if request.param == "memory":
        jobs = FakeJobStore()

        async def change(name: ScheduleName, given: Mapping[str, Any], now: datetime) -> None:
            jobs.schedules.change(name, given, now)

        yield Subject(jobs.schedules, jobs, change)
        return
    async with open_database(fresh_data(tmp_path), DatabaseSettings()) as db:

        async def write(name: ScheduleName, given: Mapping[str, Any], now: datetime) -> None:
            await db.write(change_schedules, {name: given}, now)

        yield Subject(db.schedules, db.jobs, write)


async def test_a_new_installation_has_all_of_them_off(subject):
    assert await subject.store.schedules() == DEFAULTS


async def test_a_change_is_kept_and_a_bad_one_changes_nothing(subject):
    await subject.due("analysis")
    before = await subject.one("analysis")
    assert (before.enabled, before.next_run_at) == (True, NOW + MINUTE)
    with pytest.raises(ValidationError):
        await subject.change("analysis", {"cron": "never"}, NOW)
    assert await subject.one("analysis") == before
    assert before.filter == {"analyzed": False}


async def test_a_run_and_its_job_are_made_once(subject):
    run = await subject.due("sync.full")
    job = await subject.jobs.insert(IDS[0], SyncSubmission("full", scheduled=run), NOW + MINUTE)
    with pytest.raises(ScheduleMovedError):
        await subject.jobs.insert(IDS[1], SyncSubmission("full", scheduled=run), NOW + MINUTE)
    with pytest.raises(ScheduleMovedError):
        await subject.store.end_run(run, "skipped", IDS[1], NOW + MINUTE)
    after = await subject.one("sync.full")
    assert (after.last_job_id, after.last_outcome) == (job.id, "started")
    assert after.next_run_at == NOW + 2 * MINUTE
    assert [one.id for one in await subject.jobs.unfinished()] == [job.id]


async def test_a_run_that_a_person_turned_off_makes_no_job(subject):
    run = await subject.due("sync.incremental")
    await subject.change("sync.incremental", {"enabled": False}, NOW)
    with pytest.raises(ScheduleMovedError):
        await subject.jobs.insert(IDS[0], SyncSubmission(scheduled=run), NOW + MINUTE)
    assert list(await subject.jobs.unfinished()) == []


async def test_an_analysis_with_nothing_to_look_at_makes_no_job_and_stays_due(subject):
    run = await subject.due("analysis")
    wanted = AnalysisSubmission(SceneSelection(filter={"analyzed": False}), scheduled=run)
    with pytest.raises(NothingToDoError):
        await subject.jobs.insert(IDS[0], wanted, NOW + MINUTE)
    assert list(await subject.jobs.unfinished()) == []
    assert (await subject.one("analysis")).next_run_at == run.due_at
    await subject.store.end_run(run, "nothing_to_do", None, NOW + MINUTE)
    after = await subject.one("analysis")
    assert (after.last_outcome, after.last_job_id) == ("nothing_to_do", None)
    assert after.next_run_at == NOW + 2 * MINUTE


async def test_a_clock_that_was_set_back_far_is_followed(subject):
    run = await subject.due("sync.incremental")
    later = NOW + timedelta(days=400)
    await subject.store.end_run(run, "skipped", IDS[0], later)
    schedules = await subject.store.follow_clock(NOW)
    assert schedules["sync.incremental"].next_run_at == NOW + MINUTE
    assert await subject.store.schedules() == schedules
