"""The product's own actors under crashes: jobs, callers and readiness beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from actors import Actors, JobContext
from actors.supervisor import ActorsFailedError, RestartLimit
from actors.system import Limits
from stashhog.core.exceptions import BusyError
from stashhog.domain.jobs import (
    AnalysisSubmission,
    Job,
    JobKind,
    JobStatus,
    SceneSelection,
    SyncSubmission,
)
from tests.actors.conftest import Stage, until
from tests.actors.test_supervision import DEEDS, SOON_S, hangs

NAMES = ("job_registry", "worker_pool", "sync_manager", "analysis_planner")
ERRORS = [RuntimeError("on purpose"), MemoryError(), ExceptionGroup("", [ValueError("on purpose")])]


def poison(error: Exception) -> Any:
    """A message that raises as soon as an actor looks what it is."""

    class Poison:
        @property
        def __class__(self) -> type:
            raise error

    return Poison()


def crash(actors: Actors, name: str, error: Exception | None = None) -> None:
    """Give an actor a message that it does not know, or that raises at first sight."""
    registry: Any = actors.registry
    mailboxes = {
        "job_registry": registry._parts.mailbox,
        "worker_pool": registry._parts.pool,
        "sync_manager": registry._parts.sync_manager,
        "analysis_planner": registry._parts.planner,
    }
    mailboxes[name].post("a message that no actor knows" if error is None else poison(error))


def crashes(actors: Actors) -> list[int]:
    return [actors.status()["actors"][name]["crashes"] for name in NAMES]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", NAMES)
async def test_each_actor_comes_back_and_jobs_notice_nothing(
    autojump_clock: trio.testing.MockClock, stage: Stage, name: str, error: Exception
) -> None:
    stage.limits = Limits(RestartLimit(1000, 30.0), RestartLimit(1000, 30.0))
    with capture_logs():
        async with stage.open() as actors:
            job = await actors.registry.submit(SyncSubmission())
            await until(actors, job, JobStatus.RUNNING)
            for number in range(1, 26):
                began = trio.current_time()
                crash(actors, name, error)
                await trio.testing.wait_all_tasks_blocked()
                await trio.sleep(SOON_S - (trio.current_time() - began))
                assert actors.status()["status"] == "ok"
                assert crashes(actors) == [number if other == name else 0 for other in NAMES]
            other = await actors.registry.submit(AnalysisSubmission(SceneSelection(ids=("1",))))
            await until(actors, other, JobStatus.RUNNING)
            await trio.testing.wait_all_tasks_blocked()
            assert stage.began == [job.id, other.id]
            assert stage.at_work == {job.id, other.id}
            for one in (job, other):
                assert (await actors.registry.cancel(one.id)).status in (
                    JobStatus.CANCELLING,
                    JobStatus.CANCELLED,
                )
                assert (await until(actors, one)).status is JobStatus.CANCELLED


@pytest.mark.parametrize("act", [deed for deed in DEEDS if deed is not hangs])
async def test_whatever_a_job_raises_ends_that_job_and_nothing_else(
    stage: Stage, act: Callable[[], Awaitable[Any]]
) -> None:
    async def play(_: JobContext) -> None:
        await act()

    stage.plays[JobKind.ANALYSIS] = play
    with capture_logs(), trio.fail_after(10):
        async with stage.open() as actors:
            steady = await actors.registry.submit(SyncSubmission())
            await until(actors, steady, JobStatus.RUNNING)
            for _ in range(20):
                bad = await actors.registry.submit(AnalysisSubmission(SceneSelection(ids=("1",))))
                ended = await until(actors, bad)
                assert ended.status is JobStatus.FAILED
                assert ended.error is not None
                assert ended.error.code == "internal_error"
            assert crashes(actors) == [0, 0, 0, 0]
            assert stage.at_work == {steady.id}


async def test_a_caller_whose_registry_dies_is_told_at_once(
    autojump_clock: trio.testing.MockClock, stage: Stage
) -> None:
    told: list[str] = []

    async def submit(actors: Actors) -> None:
        try:
            await actors.registry.submit(SyncSubmission())
        except BusyError as error:
            told.append(error.public_code)

    with capture_logs():
        async with stage.open() as actors, trio.open_nursery() as asking:
            stage.store.faults.shut["insert"] = trio.Event()
            asking.start_soon(submit, actors)
            await trio.testing.wait_all_tasks_blocked()
            crash(actors, "job_registry", MemoryError())
            await trio.sleep(SOON_S)
            stage.store.faults.shut.pop("insert").set()
            assert told == ["actor_restarted"]


@pytest.mark.parametrize("name", NAMES)
async def test_past_the_limits_readiness_says_so_and_then_the_tree_ends(
    autojump_clock: trio.testing.MockClock, stage: Stage, name: str
) -> None:
    said: list[str] = []

    async def live() -> None:
        async with stage.open() as actors:
            while True:
                crash(actors, name)
                await trio.sleep(0.2)
                if actors.failed.is_set():
                    said.append(actors.status()["status"])

    with capture_logs(), pytest.raises(ActorsFailedError), trio.fail_after(600):
        await live()
    assert "down" in said


async def test_starting_and_stopping_again_and_again_is_quick_and_loses_no_job(
    autojump_clock: trio.testing.MockClock, stage: Stage
) -> None:
    job: Job | None = None
    for number in range(50):
        async with stage.open() as actors:
            if job is None:
                job = await actors.registry.submit(SyncSubmission())
            if number % 2:
                await until(actors, job, JobStatus.RUNNING)
            began = trio.current_time()
            await actors.stop()
            assert trio.current_time() - began <= 5.0
        row = stage.store.rows[job.id]
        assert row.status in (JobStatus.INTERRUPTED, JobStatus.QUEUED)
        assert row.attempt == 1
