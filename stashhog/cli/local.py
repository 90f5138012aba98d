"""The desks that work in this process, where no service holds the data folder."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from actors import Actors
from stashhog.cli.desk import PAGE, Desk, ReadingDesk, Shape
from stashhog.core.config import SettingsLayers
from stashhog.core.exceptions import PlanNotFoundError
from stashhog.core.pagination import PaginationParams
from stashhog.db import Database, jobs as db_jobs, plans as db_plans
from stashhog.domain.jobs import JobKind, Submission
from stashhog.domain.library import new_scene
from stashhog.domain.plans import ChangeStatus
from stashhog.main import open_core, open_store

STOP_S = 5.0


@asynccontextmanager
async def reading_desk(layers: SettingsLayers) -> AsyncGenerator[ReadingDesk]:
    """Open the database for a look, where there is one."""
    async with open_store(layers) as db:
        yield EmptyDesk() if db is None else StoreDesk(db)


@asynccontextmanager
async def local_desk(layers: SettingsLayers) -> AsyncGenerator[Desk]:
    """Open everything that works without a server."""
    async with open_core(layers, resume=False) as core:
        yield LocalDesk(core.db, core.actors)
        await core.actors.stop(STOP_S)


class EmptyDesk:
    """Where there is no database yet."""

    async def plans(self, page: int) -> Shape:
        """No plans at all."""
        return {"items": [], "total": 0, "pages": page}

    async def plan(self, plan_id: int) -> Shape:
        """Raise that there is none.

        Raises:
            PlanNotFoundError: always.
        """
        raise PlanNotFoundError(f"there is no plan {plan_id}")

    async def changes(self, plan_id: int, page: int) -> Shape:
        """Raise that there is none.

        Raises:
            PlanNotFoundError: always.
        """
        raise PlanNotFoundError(f"there is no plan {plan_id}, and no page {page} of it")


@dataclass(frozen=True, slots=True)
class StoreDesk:
    """Looks into the database."""

    db: Database

    async def plans(self, page: int) -> Shape:
        """Read from the database."""
        params = PaginationParams(page=page, size=PAGE)
        return _page(await self.db.read(db_plans.list_plans, None, params, None))

    async def plan(self, plan_id: int) -> Shape:
        """Read from the database."""
        return await self.db.read(db_plans.get_plan, plan_id)

    async def changes(self, plan_id: int, page: int) -> Shape:
        """Read from the database."""
        params = PaginationParams(page=page, size=PAGE)
        filters = db_plans.ChangeFilters()
        return _page(await self.db.read(db_plans.list_changes, plan_id, filters, params, None))


@dataclass(frozen=True, slots=True)
class LocalDesk(StoreDesk):
    """Does the work in this process."""

    actors: Actors

    async def explain(self, path: str) -> Shape:
        """Learn and look in this process."""
        return await self.actors.planner.explain(new_scene(path, datetime.now(UTC)))

    async def submit(self, submission: Submission) -> Shape:
        """Start a job in this process."""
        actors = self.actors
        match submission.kind:
            case JobKind.SYNC:
                job = await actors.sync_manager.request(submission)
            case JobKind.ANALYSIS:
                actors.planner.model_calls.check(submission.options)
                job = await actors.planner.submit(submission)
            case _:
                job = await actors.registry.submit(submission)
        return db_jobs.job_json(job)

    async def job(self, job_id: str) -> Shape:
        """The registry's snapshot, or the row of an ended job."""
        live = self.actors.registry.live().get(job_id)
        if live is not None:
            return db_jobs.job_json(live)
        return await self.db.read(db_jobs.get_job, job_id)

    async def log(self, job_id: str) -> Shape:
        """Read from the database."""
        return _page(await self.db.read(db_jobs.job_log, job_id, 0, PaginationParams(size=PAGE)))

    async def cancel(self, job_id: str) -> None:
        """Cancel a job of this process."""
        await self.actors.registry.cancel(job_id)

    async def accept(self, plan_id: int, min_confidence: float) -> int:
        """Decide in one transaction."""
        decided = await self.db.write(
            db_plans.decide,
            plan_id,
            ChangeStatus.ACCEPTED,
            filters=db_plans.ChangeFilters(
                status=(ChangeStatus.PROPOSED,), min_confidence=min_confidence
            ),
            now=datetime.now(UTC),
        )
        return int(decided["updated"])


def _page(page: Any) -> Shape:
    return {"items": list(page.items), "total": page.total, "pages": page.pages}
