"""A scheduled analysis that found nothing leaves no plan behind; every other one does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stashhog.core.config import DatabaseSettings
from stashhog.core.pagination import PaginationParams
from stashhog.db import Database, open_database
from stashhog.db.plans import list_plans
from stashhog.db.schedules import change_schedules
from stashhog.db.sync import take_scene
from stashhog.domain.jobs import (
    AnalysisSubmission,
    Job,
    JobSignal,
    SceneSelection,
    advance,
)
from stashhog.domain.plans import NewChange
from stashhog.domain.schedules import ScheduledRun
from tests.domain.test_merge import make_scene

NOW = datetime(2026, 11, 24, 5, 8, 58, tzinfo=UTC)
RUN = ScheduledRun("analysis", NOW + timedelta(seconds=60))
JOB_ID = "01a20bf5-0d0f-7736-8eda-f09f37d10900"


@pytest.fixture
async def db(tmp_path) -> AsyncGenerator[Database]:
    async with open_database(tmp_path, DatabaseSettings()) as opened:
        await opened.write(take_scene, make_scene(), NOW)
        on = {"analysis": {"enabled": True, "every_s": 60}}
        await opened.write(change_schedules, on, NOW)
        yield opened


async def analysed(
    db: Database, *, scheduled: bool, changes: tuple[NewChange, ...] = (), result: Any = None
) -> Job:
    selection = SceneSelection(filter={"all": True})
    submission = AnalysisSubmission(selection, scheduled=RUN if scheduled else None)
    job = await db.jobs.insert(JOB_ID, submission, RUN.due_at)
    batch = await db.plans.next_scenes(job.id, 10)
    assert batch.last_id is not None
    await db.plans.save_findings(
        job.id,
        job.params["plan_id"],
        changes,
        last_id=batch.last_id,
        scenes=1,
        skipped={},
        analyzed={},
    )
    started = replace(advance(job, JobSignal.START, NOW), seq=1)
    await db.jobs.save([started], [])
    [ended] = await db.jobs.save([advance(started, JobSignal.COMPLETE, NOW, result=result)], [])
    return ended


async def plan_ids(db: Database) -> list[int]:
    page = await db.read(list_plans, None, PaginationParams(), None)
    return [plan["id"] for plan in page.items]


async def test_a_scheduled_analysis_that_found_nothing_leaves_no_plan(db: Database) -> None:
    job = await analysed(db, scheduled=True)
    assert job.result is not None
    assert (job.result["plan_id"], job.result["scenes"]) == (None, 1)
    assert await plan_ids(db) == []
    assert (await db.jobs.get(job.id)).result == job.result


async def test_one_that_a_budget_stopped_keeps_its_plan_to_go_on_with(db: Database) -> None:
    job = await analysed(db, scheduled=True, result={"stopped": "budget"})
    assert await plan_ids(db) == [job.params["plan_id"]]


async def test_one_that_a_person_asked_for_leaves_its_plan(db: Database) -> None:
    job = await analysed(db, scheduled=False)
    assert job.result is not None
    assert await plan_ids(db) == [job.params["plan_id"]] == [job.result["plan_id"]]


async def test_one_that_found_something_leaves_its_plan(db: Database) -> None:
    change = NewChange(
        scene_id=make_scene().id,
        field="title",
        action="set",
        current=None,
        proposed="A title",
        confidence=0.9,
        source="rule",
        reason="named so",
        evidence={},
        creates_entity=False,
    )
    job = await analysed(db, scheduled=True, changes=(change,))
    assert await plan_ids(db) == [job.params["plan_id"]]
