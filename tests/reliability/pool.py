"""Cancel, crash and time out jobs without number, in one process, and see that the pool is whole.

The count is of cancels; there are a fifth as many crashing jobs, and a twentieth as many that end
in a time-out. The stores are in memory. Afterwards all workers take jobs, the next one starts at
once, and tasks and file descriptors are as many as before.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import structlog
import trio

from actors import Actors, JobContext
from stashhog.core.exceptions import StashConnectionError
from stashhog.domain.jobs import (
    AnalysisSubmission,
    Job,
    JobKind,
    JobStatus,
    SceneSelection,
    SyncSubmission,
)
from tests.actors.conftest import Stage, until
from tests.reliability.trial import Trial

USUAL = 1_000
SOON_S = 0.2
CRASHES = (
    RuntimeError("broken"),
    ZeroDivisionError(),
    MemoryError(),
    ExceptionGroup("two", [ValueError(), KeyError("x")]),
    StashConnectionError("Stash cannot be reached"),
    RecursionError(),
)


def run(trial: Trial) -> None:
    """Do it all in one trio world."""
    # What is told of each crash is not of interest here, and takes longer than the crash.
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, cache_logger_on_first_use=False)
    try:
        trio.run(_run, trial)
    finally:
        structlog.reset_defaults()


async def _run(trial: Trial) -> None:
    stage = Stage(slots=dict.fromkeys(JobKind))
    stage.plays[JobKind.ANALYSIS] = _dies(trial)
    async with stage.open() as actors:
        await _settle()
        tasks, files = _tasks(), _files()
        await _cancels(trial, stage, actors)
        await _crashes(trial, actors)
        await _whole(trial, stage, actors)
        await _settle()
        trial.figures["tasks"] = (tasks, _tasks())
        trial.figures["files"] = (files, _files())
        trial.check(_tasks() == tasks, "tasks are back to base", (tasks, _tasks()))
        trial.check(abs(_files() - files) <= 2, "file descriptors are back to base", _files())
        trial.check(not actors.registry.live(), "no job is left over", actors.registry.live())


def _dies(trial: Trial) -> Any:
    async def play(ctx: JobContext) -> None:
        await trio.lowlevel.checkpoint()
        if ctx.job.params["plan_id"] % 5 == 0:
            with trio.fail_after(0.001):
                await trio.sleep_forever()
        raise trial.chance.choice(CRASHES)

    return play


async def _cancels(trial: Trial, stage: Stage, actors: Actors) -> None:
    """Submit and cancel, now while queued, now at work, now at once, sometimes twice."""
    done = 0
    while done < trial.count:
        jobs = [await actors.registry.submit(SyncSubmission("full")) for _ in range(10)]
        if trial.chance.random() < 0.7:
            await _until(lambda: len(stage.at_work) >= stage.settings.jobs.workers)
        began = set(stage.began)
        async with trio.open_nursery() as nursery:
            for job in trial.chance.sample(jobs, len(jobs)):
                nursery.start_soon(actors.registry.cancel, job.id)
                if trial.chance.random() < 0.2:
                    nursery.start_soon(actors.registry.cancel, job.id)
        for job in jobs:
            ended = await until(actors, job)
            trial.check(ended.status is JobStatus.CANCELLED, "a cancelled job ends so", ended)
            never = job.id in began or ended.started_at is None or job.id in stage.began
            trial.check(never, "what is cancelled while queued never runs", ended)
        done += len(jobs)


async def _crashes(trial: Trial, actors: Actors) -> None:
    everything = AnalysisSubmission(SceneSelection(filter={"all": True}))
    for _ in range(trial.count // 4):
        job: Job = await actors.registry.submit(everything)
        ended = await until(actors, job)
        trial.check(ended.status is JobStatus.FAILED, "a crashing job fails", ended)
        trial.check(ended.error, "and says why", ended)


async def _whole(trial: Trial, stage: Stage, actors: Actors) -> None:
    """As many jobs run at once as there are workers, and the next one starts at once."""
    workers = stage.settings.jobs.workers
    jobs = []
    for _ in range(workers):
        start = trio.current_time()
        jobs.append(await actors.registry.submit(SyncSubmission("full")))
        await _until(lambda: jobs[-1].id in stage.at_work)
        took = trio.current_time() - start
        trial.most("slowest_start_s", took)
        trial.check(took <= SOON_S, "the next job starts at once", took)
    trial.check(len(stage.at_work) == workers, "all workers work", len(stage.at_work))
    for job in jobs:
        await actors.registry.cancel(job.id)
        await until(actors, job)


async def _until(holds: Any) -> None:
    with trio.fail_after(10):
        while not holds():
            await trio.lowlevel.checkpoint()


async def _settle() -> None:
    """Let everything come to rest."""
    await trio.sleep(0.5)


def _tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living


def _files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
