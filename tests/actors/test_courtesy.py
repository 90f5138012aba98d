"""A polite job makes way for Stash's own work, if it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import JobContext
from actors.jobs.courtesy import LOOK_EVERY_S
from actors.jobs.patience import patiently
from stashhog.core.config import Settings, StashSettings
from stashhog.core.exceptions import StashConnectionError
from stashhog.domain.events import hindrance
from stashhog.domain.jobs import JobKind, JobStatus, SyncSubmission
from tests.actors.conftest import Stage, WallClock, until

URL = "http://stash.example"


@dataclass
class BusyStash:
    """Counts the questions; `code` is what it is at work on."""

    code: str | None = None
    looks: int = 0
    counts: list[float] = field(default_factory=list)
    away: bool = False

    async def hindrance(self) -> str | None:
        await trio.lowlevel.checkpoint()
        self.looks += 1
        if self.away:
            raise StashConnectionError("away")
        return self.code

    async def count_scenes(self) -> int:
        await trio.lowlevel.checkpoint()
        self.counts.append(trio.current_time())
        return 0


@pytest.fixture
async def busy(stage: Stage) -> BusyStash:
    async def ask_every_second(ctx: JobContext) -> Any:
        for _ in range(10):
            await patiently(ctx, ctx.ports.stash.count_scenes)
            await trio.sleep(1)

    stage.stash, stage.now = BusyStash(), WallClock()
    stage.plays[JobKind.SYNC] = ask_every_second
    polite(stage, on=True)
    return stage.stash


def polite(stage: Stage, *, on: bool) -> None:
    stage.settings = Settings(stash=StashSettings(url=URL, pause_while_busy=on))


async def test_a_polite_job_waits_visibly_and_goes_on_when_stash_is_done(
    autojump_clock: MockClock, stage: Stage, busy: BusyStash
) -> None:
    busy.code = "stash_scanning"
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        await until(actors, job, JobStatus.RUNNING)
        await trio.sleep(60)
        waiting = actors.registry.live()[job.id].waiting
        assert waiting is not None
        assert waiting.code == "stash_scanning"
        assert waiting.since - job.created_at < timedelta(seconds=1)
        assert busy.counts == []
        busy.code = None
        ended = await until(actors, job)
        assert ended.status is JobStatus.COMPLETED
        assert len(busy.counts) == 10
    assert busy.looks <= 75 / LOOK_EVERY_S + 1


async def test_a_job_that_waits_so_is_cancelled_at_once(
    autojump_clock: MockClock, stage: Stage, busy: BusyStash
) -> None:
    busy.code = "stash_generating"
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        await until(actors, job, JobStatus.RUNNING)
        await trio.sleep(2)
        before = trio.current_time()
        await actors.registry.cancel(job.id)
        ended = await until(actors, job)
        assert ended.status is JobStatus.CANCELLED
        assert trio.current_time() - before < 0.5


async def test_turning_it_off_lets_a_waiting_job_go_on(
    autojump_clock: MockClock, stage: Stage, busy: BusyStash
) -> None:
    busy.code = "stash_scanning"
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        await trio.sleep(20)
        assert busy.counts == []
        polite(stage, on=False)
        assert (await until(actors, job)).status is JobStatus.COMPLETED


async def test_by_default_nobody_looks_and_nobody_waits(
    autojump_clock: MockClock, stage: Stage, busy: BusyStash
) -> None:
    busy.code = "stash_scanning"
    polite(stage, on=False)
    assert not Settings().stash.pause_while_busy
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        assert (await until(actors, job)).status is JobStatus.COMPLETED
    assert busy.looks == 0


async def test_a_stash_that_cannot_say_is_not_waited_for(
    autojump_clock: MockClock, stage: Stage, busy: BusyStash
) -> None:
    busy.away = True
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        assert (await until(actors, job)).status is JobStatus.COMPLETED


def test_only_scans_and_generation_at_work_hinder() -> None:
    assert hindrance("Scanning...", "RUNNING") == "stash_scanning"
    assert hindrance("Generating...", "STOPPING") == "stash_generating"
    assert hindrance("Scanning...", "READY") is None
    assert hindrance("Auto-tagging...", "RUNNING") is None
