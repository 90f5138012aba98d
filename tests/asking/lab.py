"""A laboratory: the real store and actors in this process, with scenes laid in and a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trio

from actors import ActorPorts, Actors, open_actors
from stashhog.core.config import DatabaseSettings, Settings
from stashhog.core.pagination import PaginationParams
from stashhog.db import Database, open_database
from stashhog.db.changes import ChangeFilters
from stashhog.db.jobs import job_log
from stashhog.db.plans import get_plan, list_changes
from stashhog.db.scenes import sample_selection
from stashhog.domain.jobs import AnalysisSubmission, Job, SceneSelection, SyncSubmission
from stashhog.domain.library import ENTITY_KINDS, Entity, Library, Scene, SceneFile
from stashhog.llm import ModelSwitch
from tests.fakes.model import FakeModel, serve_fake_model
from tests.fakes.stores import unused
from tests.rig.fresh import fresh_data

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
SEED_JOB = "01a20bf5-0d0f-7736-8eda-f09f37d10900"
PRICE = {
    "input_usd_per_million": 1.0,
    "cached_usd_per_million": 0.1,
    "output_usd_per_million": 10.0,
}


def scene_of(number: int, path: str, **more: Any) -> Scene:
    """An untouched scene with one file."""
    given = {
        "title": None, "details": None, "date": None, "rating100": None, "organized": False,
        "studio_id": None, "performer_ids": (), "tag_ids": (), "urls": (),
        "created_at": NOW, "updated_at": NOW, "updated_at_text": NOW.isoformat(), **more,
    }  # fmt: skip
    return Scene(str(number), files=(SceneFile(f"{number}.0", path, width=1920),), **given)


PERFORMERS = ("Aster Lane", "Bryn Calloway", "Cleo", "Dara Finch", "Cleo Marsh", "Emil Marsh")
STUDIOS = ("Harbour Films", "North Gate", "North Gate Classics")
TAGS = ("Beach", "Night", "Interview")
WORDS = ("quiet", "lantern", "river", "copper", "meadow", "winter", "signal", "hollow", "ember")


def small_library() -> Library:
    """A few entities."""

    def some(kind: Any, names: Sequence[str], first: int) -> dict[str, Entity]:
        return {str(first + at): Entity(kind, str(first + at), n) for at, n in enumerate(names)}

    return Library(
        some("performer", PERFORMERS, 1), some("tag", TAGS, 11), some("studio", STUDIOS, 21)
    )


def vague_scenes(count: int) -> list[Scene]:
    """Scenes whose names leave open where the title begins and who is meant."""
    return [
        scene_of(
            number,
            f"/v/shelf {number}/Cleo with Bryn - Calloway {WORDS[number % 9]} {WORDS[number % 8]} "
            "night.mp4",
        )
        for number in range(1, count + 1)
    ]


async def lay_in(db: Database, library: Library, scenes: Sequence[Scene]) -> None:
    """Put a library into an empty store, as a sync would."""
    await db.jobs.insert(SEED_JOB, SyncSubmission("full"), NOW)
    for kind in ENTITY_KINDS:
        await db.sync.save_entities(SEED_JOB, kind, list(library.of(kind).values()))
    for at in range(0, len(scenes), 500):
        await db.sync.save_scenes(SEED_JOB, scenes[at : at + 500], read_at=NOW, cursor={})
    job = await db.jobs.get(SEED_JOB)
    await db.jobs.save([replace(job, status=type(job.status).COMPLETED, finished_at=NOW)], [])


@dataclass
class Lab:
    """The open parts; `settings` may be replaced between jobs."""

    db: Database
    model: FakeModel
    switch: ModelSwitch
    settings: Settings
    now: datetime = NOW
    actors: Actors = field(init=False)

    async def configure(self, **groups: Mapping[str, Any]) -> None:
        """Change settings, as the settings page would."""
        for name, values in groups.items():
            section = getattr(self.settings, name)
            changed = type(section).model_validate({**section.model_dump(), **values})
            self.settings = self.settings.model_copy(update={name: changed})
        if "openai" in groups:
            await self.switch.configure(self.settings.openai)

    @asynccontextmanager
    async def working(self, *, resume: bool = False) -> AsyncGenerator[None]:
        """Run the actors around a block, as one process would."""
        ports = ActorPorts(
            stash=unused(),
            model=self.switch,
            jobs=self.db.jobs,
            sync=self.db.sync,
            plans=self.db.plans,
            journal=self.db.journal,
            model_store=self.db.model,
        )
        async with open_actors(
            ports, lambda: self.settings, resume=resume, now=lambda: self.now
        ) as self.actors:
            yield

    async def submit(self, *, plan_id: int | None = None, **options: Any) -> Job:
        """Begin an analysis of all scenes."""
        selection = SceneSelection(filter={"all": True})
        return await self.actors.planner.submit(
            AnalysisSubmission(
                selection, options, plan_id=plan_id, retry_of=None if plan_id is None else "x"
            )
        )

    async def ended(self, job: Job, *, seconds: float = 20.0) -> Job:
        """Wait for a job's end."""
        with trio.fail_after(seconds):
            while not job.final:
                async with self.actors.registry.watch(job.id) as frames:
                    async for _ in frames:
                        pass
                await self.actors.registry.flush()
                job = await self.db.jobs.get(job.id)
        return job

    async def analyse(self, *, plan_id: int | None = None, **options: Any) -> Job:
        """Analyse all scenes to the end."""
        return await self.ended(await self.submit(plan_id=plan_id, **options))

    async def doubtful(self) -> int:
        """How many of the scenes an analysis with `auto` asks about, which has to be some."""
        everything = SceneSelection(filter={"all": True})
        total, scenes = await self.db.read(sample_selection, everything, 10_000)
        found = (await self.actors.planner.estimate(scenes, total, {"use_llm": "auto"})).llm_scenes
        assert found > 0
        return found

    async def plan(self, job: Job) -> dict[str, Any]:
        """The plan that a job made."""
        return await self.db.read(get_plan, job.params["plan_id"])

    async def changes(self, job: Job) -> list[dict[str, Any]]:
        """All changes of the plan that a job made."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            params = PaginationParams(page=page, size=500)
            got = await self.db.read(
                list_changes, job.params["plan_id"], ChangeFilters(), params, None
            )
            found += got.items
            if len(found) >= got.total:
                return found
            page += 1

    async def log(self, job: Job) -> str:
        """A job's log as one text."""
        page = await self.db.read(job_log, job.id, 0, PaginationParams(page=1, size=500))
        return "\n".join(str(line["message"]) for line in page.items)


@asynccontextmanager
async def laboratory(
    home: Path, library: Library, scenes: Sequence[Scene], **openai: Any
) -> AsyncGenerator[Lab]:
    """A store with a library, and a model beside it; actors run in `Lab.working`."""
    async with (
        serve_fake_model(FakeModel()) as model,
        open_database(fresh_data(home), DatabaseSettings()) as db,
    ):
        await lay_in(db, library, scenes)
        settings = Settings.model_validate(
            {
                "app": {"data_dir": home},
                "openai": {
                    "base_url": model.url, "candidates": "codes", "model": "stand-in",
                    "timeout": 5.0, "concurrency": 4, **PRICE, **openai,
                },
                "jobs": {"model_wait_seconds": 0.6},
            }
        )  # fmt: skip
        switch = ModelSwitch()
        await switch.configure(settings.openai)
        yield Lab(db, model, switch, settings)
        await switch.aclose()
