"""What runs by itself, under a clock that a test moves: none of it waits for real time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import JobContext
from actors.messages import Submitted
from actors.schedules import TICK_S
from stashhog.core.config import Settings, StashSettings
from stashhog.core.exceptions import BusyError
from stashhog.domain.jobs import JobKind, JobStatus, SyncSubmission
from stashhog.domain.schedules import ScheduledRun, ScheduleMovedError
from tests.actors.conftest import START, Stage, WallClock, until

RUN = ScheduledRun("sync.incremental", START)


async def at_once(_: JobContext) -> None:
    await trio.lowlevel.checkpoint()


@pytest.fixture
async def quick(stage: Stage) -> Stage:
    """A stage with a Stash in its settings, whose jobs end at once."""
    stage.settings = Settings(stash=StashSettings(url="http://stash.example"))
    stage.now = WallClock()
    stage.plays = dict.fromkeys(JobKind, at_once)
    return stage


def turn_on(stage: Stage, name: Any, **given: Any) -> None:
    stage.store.schedules.change(name, {"enabled": True, **given}, stage.now())


def modes(stage: Stage) -> list[str]:
    return [row.params.get("mode", row.kind.value) for row in stage.store.rows.values()]


def move(stage: Stage, by: timedelta) -> None:
    clock = stage.now
    assert isinstance(clock, WallClock)
    clock.off += by


async def test_nothing_starts_by_itself_where_nothing_was_turned_on(
    autojump_clock: MockClock, quick: Stage
) -> None:
    async with quick.open():
        await trio.sleep(86_400)
    assert quick.store.rows == {}


async def test_both_syncs_and_the_analysis_run_when_they_are_due(
    autojump_clock: MockClock, quick: Stage
) -> None:
    quick.store.scenes_to_look_at = 1
    turn_on(quick, "sync.incremental", every_s=3600)
    turn_on(quick, "sync.full", cron="30 14 * * *")
    turn_on(quick, "analysis", cron="45 14 * * *")
    async with quick.open():
        await trio.sleep(3 * 3600 + 60)
    assert modes(quick) == ["incremental", "incremental", "full", "analysis", "incremental"]
    schedules = quick.store.schedules.rows
    assert schedules["sync.full"].next_run_at == START + timedelta(days=1, hours=2, minutes=30)
    assert schedules["sync.full"].last_job_id in quick.store.rows
    assert quick.store.schedules.ended == [
        ("sync.incremental", "started"),
        ("sync.incremental", "started"),
        ("sync.full", "started"),
        ("analysis", "started"),
        ("sync.incremental", "started"),
    ]


async def test_a_change_counts_at_once(autojump_clock: MockClock, quick: Stage) -> None:
    async with quick.open() as actors:
        await trio.sleep(1)
        turn_on(quick, "sync.incremental", every_s=2)
        actors.schedules.changed()
        await trio.sleep(5)
        assert modes(quick) == ["incremental"] * 2
        quick.store.schedules.change("sync.incremental", {"enabled": False}, quick.now())
        await trio.sleep(60)
    assert len(quick.store.rows) == 2


async def test_a_service_that_was_down_for_days_makes_up_for_one_run(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.incremental", every_s=600)
    move(quick, timedelta(days=9))
    async with quick.open():
        await trio.sleep(599)
    assert quick.store.schedules.ended == [("sync.incremental", "started")]


async def test_a_machine_that_slept_runs_what_it_missed_once_and_soon(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.full", cron="0 13 * * *")
    async with quick.open():
        await trio.sleep(60)
        move(quick, timedelta(hours=10))
        await trio.sleep(TICK_S + 1)
        assert len(quick.store.rows) == 1
        await trio.sleep(3600)
    assert len(quick.store.rows) == 1


@pytest.mark.parametrize("years", [10, -2])
async def test_a_clock_that_jumps_by_years_and_back_causes_no_storm_and_no_gap(
    autojump_clock: MockClock, quick: Stage, years: int
) -> None:
    turn_on(quick, "sync.incremental", every_s=3600)
    async with quick.open():
        await trio.sleep(1800)
        move(quick, timedelta(days=365 * years))
        await trio.sleep(60)
        move(quick, timedelta(days=-365 * years))
        await trio.sleep(60)
        assert len(quick.store.rows) <= 1
        before = len(quick.store.rows)
        await trio.sleep(3600 + TICK_S)
        assert len(quick.store.rows) == before + 1


async def test_a_run_that_finds_a_sync_at_work_joins_it_and_is_counted(
    autojump_clock: MockClock, quick: Stage
) -> None:
    go_on = trio.Event()

    async def long(ctx: JobContext) -> None:
        await quick.store.commit_items(ctx.job.id, 1)
        ctx.progress(1, 2)
        await go_on.wait()

    quick.plays[JobKind.SYNC] = long
    turn_on(quick, "sync.incremental", every_s=60)
    async with quick.open() as actors:
        job = await actors.sync_manager.request(SyncSubmission())
        await until(actors, job, JobStatus.RUNNING)
        await trio.sleep(190)
        go_on.set()
        await until(actors, job)
        await trio.sleep(1)
        assert list(quick.store.rows) == [job.id]
    kept = quick.store.schedules.rows["sync.incremental"]
    assert (kept.skipped, kept.last_job_id, kept.last_outcome) == (3, job.id, "skipped")


async def test_an_analysis_waits_for_the_sync_before_it_and_never_runs_twice_at_once(
    autojump_clock: MockClock,
    quick: Stage,
) -> None:
    synced, analysed = trio.Event(), trio.Event()

    async def sync(_: JobContext) -> None:
        await synced.wait()

    async def analysis(_: JobContext) -> None:
        await analysed.wait()

    quick.plays |= {JobKind.SYNC: sync, JobKind.ANALYSIS: analysis}
    quick.store.scenes_to_look_at = 1
    turn_on(quick, "analysis", every_s=60)
    async with quick.open() as actors:
        await actors.sync_manager.request(SyncSubmission())
        await trio.sleep(130)
        assert modes(quick) == ["incremental"]
        synced.set()
        await trio.sleep(1)
        assert modes(quick) == ["incremental", "analysis"]
        await trio.sleep(130)
        assert modes(quick) == ["incremental", "analysis"]
        assert quick.store.schedules.rows["analysis"].skipped == 2
        analysed.set()
        await trio.sleep(60)
        assert modes(quick) == ["incremental", "analysis", "analysis"]


async def test_an_analysis_with_nothing_to_look_at_makes_no_plan(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "analysis", every_s=60)
    async with quick.open():
        await trio.sleep(150)
    assert (quick.store.rows, quick.store.plans) == ({}, 0)
    assert quick.store.schedules.ended == [("analysis", "nothing_to_do")] * 2


async def test_a_sync_without_a_stash_is_no_job_and_no_error(
    autojump_clock: MockClock, quick: Stage
) -> None:
    quick.settings = Settings()
    turn_on(quick, "sync.incremental", every_s=60)
    async with quick.open():
        await trio.sleep(70)
    assert quick.store.rows == {}
    assert quick.store.schedules.ended == [("sync.incremental", "stash_not_configured")]


async def test_a_run_that_cannot_be_made_now_is_made_later(
    autojump_clock: MockClock, quick: Stage
) -> None:
    quick.store.faults.errors["insert"] = [BusyError("not now"), BusyError("not now")]
    turn_on(quick, "sync.incremental", every_s=600)
    async with quick.open():
        await trio.sleep(660)
    assert quick.store.schedules.ended == [("sync.incremental", "started")]


async def test_a_command_beside_no_service_runs_no_schedule(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.incremental", every_s=1)
    async with quick.open(resume=False):
        await trio.sleep(60)
    assert quick.store.rows == {}


async def test_a_crash_of_either_actor_neither_loses_nor_doubles_a_run(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.incremental", every_s=60)
    async with quick.open() as actors:
        for _ in range(5):
            await trio.sleep(59.9)
            actors._supervisor.restart("sync_manager")
            await trio.sleep(0.2)
            actors._supervisor.restart("analysis_planner")
        await trio.sleep(2)
    assert quick.store.schedules.ended == [("sync.incremental", "started")] * 5


async def test_a_run_that_moved_meanwhile_troubles_nobody_who_asked_for_the_same(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.incremental", every_s=60)
    shut = quick.store.faults.shut["insert"] = trio.Event()
    async with quick.open() as actors, trio.open_nursery() as nursery:
        await trio.sleep(61)
        nursery.start_soon(actors.sync_manager.request, SyncSubmission())
        await trio.sleep(1)
        quick.store.schedules.change("sync.incremental", {"enabled": False}, quick.now())
        shut.set()
        await trio.sleep(5)
        moved = Submitted(SyncSubmission(scheduled=RUN), ScheduleMovedError("moved"))
        actors.sync_manager._parts.mailbox.post(moved)
        await trio.sleep(5)
        assert actors.status()["actors"]["sync_manager"]["crashes"] == 0
    assert modes(quick) == ["incremental"]
    assert quick.store.schedules.ended == []


async def test_a_stop_while_something_is_due_is_not_held_up(
    autojump_clock: MockClock, quick: Stage
) -> None:
    turn_on(quick, "sync.incremental", every_s=1)
    quick.store.faults.shut["insert"] = trio.Event()
    with trio.move_on_after(8) as scope:
        async with quick.open():
            await trio.sleep(2)
            quick.store.faults.shut["insert"].set()
    assert not scope.cancelled_caught
