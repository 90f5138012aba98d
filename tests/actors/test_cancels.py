"""Asking for an end, also twice, also while a write is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from actors import Actors
from stashhog.core.exceptions import DiskFullError
from stashhog.domain.jobs import Job, JobStatus, SyncSubmission
from tests.actors.conftest import Stage, until

PATIENCE_S = 5.0


async def queued(actors: Actors) -> Job:
    """A job that no worker takes up: its slot is taken."""
    first = await actors.registry.submit(SyncSubmission())
    await until(actors, first, JobStatus.RUNNING)
    return await actors.registry.submit(SyncSubmission())


async def running(actors: Actors) -> Job:
    job = await actors.registry.submit(SyncSubmission())
    return await until(actors, job, JobStatus.RUNNING)


@pytest.mark.parametrize("make", [queued, running])
async def test_everybody_who_asks_while_the_first_cancel_is_being_saved_is_answered(
    stage: Stage, make: Callable[[Actors], Awaitable[Job]]
) -> None:
    async with stage.open() as actors:
        job = await make(actors)
        door = trio.Event()
        answers: list[Job] = []

        async def ask() -> None:
            answers.append(await actors.registry.cancel(job.id))

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                stage.store.faults.shut["save"] = door
                for _ in range(4):
                    nursery.start_soon(ask)
                    await trio.testing.wait_all_tasks_blocked()
                door.set()
                del stage.store.faults.shut["save"]
        assert {answer.id for answer in answers} == {job.id}
        assert len(answers) == 4
        final = await until(actors, job)
        assert final.status is JobStatus.CANCELLED
        assert stage.store.rows[job.id].status is JobStatus.CANCELLED


async def test_a_cancel_that_cannot_be_saved_says_so_and_holds_once_it_can(stage: Stage) -> None:
    async with stage.open() as actors:
        job = await queued(actors)
        stage.store.faults.errors["save"] = [DiskFullError("the disk is full")]
        with trio.fail_after(PATIENCE_S):
            with pytest.raises(DiskFullError):
                await actors.registry.cancel(job.id)
            assert (await actors.registry.cancel(job.id)).status is JobStatus.CANCELLED
        assert job.id not in stage.began
