"""Jobs run by hand over a real database and a served sample Stash, without actors around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trio

from actors.jobs import apply, sync, undo
from actors.jobs.context import ActorPorts, JobContext, Shared, Surroundings
from actors.mailbox import Mailbox
from stashhog.core.config import DatabaseSettings, Settings, StashSettings
from stashhog.core.ids import uuid7
from stashhog.core.pagination import PaginationParams
from stashhog.db import open_database
from stashhog.db.changes import ChangeFilters, list_changes
from stashhog.db.decisions import decide
from stashhog.db.engine import Database
from stashhog.demo import SampleStash
from stashhog.demo.library import SampleLibrary
from stashhog.demo.serve import serve_sample_stash
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    Job,
    JobKind,
    JobSignal,
    SceneSelection,
    Submission,
    SyncSubmission,
    UndoSubmission,
    advance,
)
from stashhog.domain.plans import ChangeStatus, NewChange
from stashhog.stash.switch import StashSwitch
from tests.fakes.stores import unused
from tests.rig.fresh import fresh_data

FUNCTIONS: dict[JobKind, Callable[[JobContext], Awaitable[Any]]] = {
    JobKind.SYNC: sync.run,
    JobKind.APPLY: apply.run,
    JobKind.UNDO: undo.run,
}


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when a task is about to take its nth step."""

    def __init__(self, task: trio.lowlevel.Task, scope: trio.CancelScope, nth: int | None) -> None:
        self._task, self._scope, self._nth = task, scope, nth
        self.steps = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self.steps += 1
            if self.steps == self._nth:
                self._scope.cancel()


@dataclass
class Desk:
    """What a test works with."""

    db: Database
    sample: SampleStash
    port: StashSwitch
    settings: Settings = field(default_factory=Settings)
    shared: Shared = field(default_factory=lambda: Shared(unused(), unused()))
    numbers: int = 0
    steps: int = 0
    lines: list[str] = field(default_factory=list)

    def _id(self) -> str:
        self.numbers += 1
        return uuid7(self.numbers, self.numbers.to_bytes(10, "big"))

    async def make(self, submission: Submission) -> Job:
        """Make a job that runs."""
        job = await self.db.jobs.insert(self._id(), submission, datetime.now(UTC))
        job = replace(advance(job, JobSignal.START, datetime.now(UTC)), seq=1)
        await self.db.jobs.save([job], [])
        return job

    async def run(self, submission: Submission, *, cancel_at: int | None = None) -> Job:
        """Run a job to its end; raises what it raises, after saving that it failed."""
        job = await self.make(submission)
        registry, manager = Mailbox[Any]("registry"), Mailbox[Any]("sync manager")
        ports = ActorPorts(
            stash=self.port,
            model=unused(),
            jobs=self.db.jobs,
            sync=self.db.sync,
            plans=self.db.plans,
            journal=self.db.journal,
            model_store=unused(),
        )
        around = Surroundings(
            ports, lambda: self.settings, self.shared, registry, manager, lambda: datetime.now(UTC)
        )
        context = JobContext(job, around)
        signal = JobSignal.FAIL
        try:
            with trio.CancelScope() as scope:
                instrument = CancelAtStep(trio.lowlevel.current_task(), scope, cancel_at)
                trio.lowlevel.add_instrument(instrument)
                try:
                    await FUNCTIONS[job.kind](context)
                finally:
                    trio.lowlevel.remove_instrument(instrument)
                    self.steps = instrument.steps
                signal = JobSignal.COMPLETE
            if scope.cancelled_caught:
                signal = JobSignal.STOPPED
                job = advance(job, JobSignal.CANCEL, datetime.now(UTC))
        finally:
            self.lines += [line.message for line in context.last_words()[1]]
            job = advance(job, signal, datetime.now(UTC))
            (job,) = await self.db.jobs.save([replace(job, seq=2)], [])
        return job

    # --- shorthands -----------------------------------------------------------------------------

    async def plan(self, *changes: NewChange, accept: bool = True, **options: Any) -> int:
        """Sync, and make a plan of these changes, accepted."""
        await self.run(SyncSubmission("full"))
        ids = tuple(dict.fromkeys(change.scene_id for change in changes))
        job = await self.make(AnalysisSubmission(SceneSelection(ids=ids), options))
        plan_id: int = job.params["plan_id"]
        await self.db.plans.save_findings(
            job.id, plan_id, changes, last_id=ids[-1], scenes=len(ids), skipped={}, analyzed={}
        )
        ended = replace(advance(job, JobSignal.COMPLETE, datetime.now(UTC)), seq=2)
        await self.db.jobs.save([ended], [])
        if accept:
            await self.decide(plan_id, ChangeStatus.ACCEPTED)
        return plan_id

    async def decide(
        self, plan_id: int, status: ChangeStatus, ids: Sequence[int] | None = None
    ) -> None:
        filters = ChangeFilters() if ids is None else None
        now = datetime.now(UTC)
        await self.db.write(decide, plan_id, status, ids=ids, filters=filters, now=now)

    async def apply(self, plan_id: int, *, cancel_at: int | None = None) -> Job:
        return await self.run(ApplySubmission(plan_id), cancel_at=cancel_at)

    async def undo(self, plan_id: int, *, cancel_at: int | None = None, **more: Any) -> Job:
        return await self.run(UndoSubmission(plan_id, **more), cancel_at=cancel_at)

    async def changes(self, plan_id: int) -> list[dict[str, Any]]:
        page = await self.db.read(
            list_changes, plan_id, ChangeFilters(), PaginationParams(size=500), None
        )
        return list(page.items)

    async def statuses(self, plan_id: int) -> list[str]:
        return [change["status"] for change in await self.changes(plan_id)]


@asynccontextmanager
async def desk(folder: Path, library: SampleLibrary, **stash: Any) -> AsyncGenerator[Desk]:
    """Open both, as long as the block lasts; keywords are settings of the section `stash`."""
    sample = SampleStash(library)
    async with (
        open_database(fresh_data(folder), DatabaseSettings()) as db,
        trio.open_nursery() as nursery,
    ):
        url = await nursery.start(serve_sample_stash, sample)
        port = StashSwitch()
        await port.configure(StashSettings(url=url, **stash))
        yield Desk(db, sample, port)
        await port.aclose()
        nursery.cancel_scope.cancel()
