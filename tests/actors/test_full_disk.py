"""While the store cannot save, people still see what a job waits for."""

from __future__ import annotations

import trio.testing

from actors import JobContext
from actors.jobs.patience import patiently
from stashhog.core.exceptions import BusyError, DiskFullError
from stashhog.domain.jobs import JobKind, JobStatus, SyncSubmission
from tests.actors.conftest import Stage, until

FULL = DiskFullError("no space left for stashhog.db; free some on that device")


async def test_a_job_that_waits_for_disk_space_says_so_and_goes_on(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    async def save_something(ctx: JobContext) -> None:
        async def save() -> None:
            await stage.store.faults.meet("save")

        stage.store.faults.always["save"] = FULL
        await patiently(ctx, save)

    stage.plays[JobKind.SYNC] = save_something
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        seen: list[tuple[str, str | None]] = []
        numbers: list[int] = []
        async with actors.registry.watch(job.id) as frames:
            async for frame in frames:
                numbers.append(frame["seq"])
                if frame["type"] not in ("status", "snapshot"):
                    continue
                waiting = frame["job"]["waiting"]
                seen.append((frame["job"]["status"], waiting and waiting["code"]))
                if seen[-1][1] and seen.count(("running", "disk_full")) == 3:
                    live = actors.registry.live()[job.id]
                    assert live.waiting is not None
                    assert stage.store.rows[job.id].waiting is None, "it could not be saved"
                    stage.store.faults.always.clear()
        assert ("running", "disk_full") in seen
        assert seen[-1] == ("completed", None)
        assert numbers == sorted(set(numbers))
        log = [line.message for line in stage.store.logs[job.id]]
        assert [text for text in log if "no space left" in text] == [log[0]]
        assert stage.store.rows[job.id].seq == numbers[-1]


async def test_an_end_is_told_only_once_it_is_saved(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    async def full_from_now_on(_: JobContext) -> None:
        stage.store.faults.always["save"] = FULL

    stage.plays[JobKind.SYNC] = full_from_now_on
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        await trio.sleep(60)
        assert actors.registry.live()[job.id].status is JobStatus.RUNNING
        stage.store.faults.always.clear()
        assert (await until(actors, job)).status is JobStatus.COMPLETED


async def test_a_job_waits_while_another_program_holds_the_database(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    tries = 0

    async def save_something(ctx: JobContext) -> None:
        async def save() -> None:
            nonlocal tries
            tries += 1
            if tries < 4:
                raise BusyError("another program holds stashhog.db; close it")

        await patiently(ctx, save)

    stage.plays[JobKind.SYNC] = save_something
    async with stage.open() as actors:
        job = await actors.registry.submit(SyncSubmission())
        assert (await until(actors, job)).status is JobStatus.COMPLETED
        assert tries == 4
