"""The real store beside a Stash, the sync job run on it by hand, and how the two differ."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import trio
from sqlalchemy.orm import Session

from actors.jobs import sync as sync_job
from actors.jobs.context import JobContext, Surroundings
from actors.mailbox import Mailbox
from stashhog.core.config import DatabaseSettings, Settings, StashSettings
from stashhog.core.ids import RANDOM_BYTES, uuid7
from stashhog.db import Database, open_database
from stashhog.db.entities import entities_of
from stashhog.db.meta import LIVE_SCENES, meta_number
from stashhog.db.scene_rows import scene_values
from stashhog.db.values import run as run_sql
from stashhog.domain.jobs import Job, SyncSubmission
from stashhog.domain.library import ENTITY_KINDS, Scene
from stashhog.stash import StashClient
from stashhog.stash.client import connect
from tests.reliability.library_histories import Edit, Sync, World

SMALL_PAGES = StashSettings(url="http://stash.test").model_copy(update={"page_size": 3})
"""Smaller than anybody may set them, so that a few scenes are several pages of both halves."""
SETTINGS = Settings(stash=SMALL_PAGES)


class Disturbed:
    """A port each of whose calls is counted before it is made."""

    def __init__(self, port: Any, count: Callable[[], Any]) -> None:
        self._port = port
        self._count = count

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._count()
            return await method(*args, **kwargs)

        return call


@dataclass
class Copy:
    """The real store beside a Stash, and the sync job run on it by hand.

    Attributes:
        db: The store.
        client: The adapter.
        settings: As the job sees them.
        now: The clock.
        happen: Lets something happen at Stash.
        unfinished: A killed job, which goes on with the next sync.
        refused: How often another library was refused.
    """

    db: Database
    client: StashClient
    settings: Settings
    now: Callable[[], datetime]
    happen: Callable[[Edit], Awaitable[None]]
    unfinished: Job | None = None
    refused: int = 0
    _jobs: int = field(default=0, init=False)

    async def play(self, step: Sync, *, adopt: bool = True) -> dict[str, Any]:
        """Run one sync; returns its tally. A killed one goes on with the next.

        `adopt`: another library is refused, and then taken knowingly.
        """
        job = self.unfinished or await self._job(step)
        self.unfinished = None
        try:
            await self._run(job, step)
        except sync_job.LibraryReplacedError:
            if not adopt:
                raise
            self.refused += 1
            job = await self._job(Sync("full"), adopt=True)
            await self._run(job, Sync())
        return dict((await self.db.sync.checkpoint(job.id)).tally)

    async def _job(self, step: Sync, *, adopt: bool = False) -> Job:
        self._jobs += 1
        job_id = uuid7(self._jobs, self._jobs.to_bytes(RANDOM_BYTES, "big"))
        submission = SyncSubmission(step.mode, adopt=adopt)
        job = await self.db.jobs.insert(job_id, submission, self.now())
        return replace(job, started_at=self.now())

    async def _run(self, job: Job, step: Sync) -> None:
        calls = 0
        with trio.CancelScope() as scope:

            async def count() -> None:
                nonlocal calls
                calls += 1
                for at, edit in step.edits:
                    if at == calls:
                        await self.happen(edit)
                if calls == step.ends_at:
                    scope.cancel()
                await trio.lowlevel.checkpoint()

            await sync_job.run(self._context(job, count))
        if scope.cancelled_caught and step.killed:
            self.unfinished = job

    def _context(self, job: Job, count: Callable[[], Any]) -> JobContext:
        ports: Any = SimpleNamespace(
            stash=Disturbed(self.client, count), sync=Disturbed(self.db.sync, count)
        )
        shared: Any = SimpleNamespace()
        around = Surroundings(
            ports,
            lambda: self.settings,
            shared,
            Mailbox("registry"),
            Mailbox("sync manager"),
            self.now,
        )
        return JobContext(job, around)


@asynccontextmanager
async def opened_copy(
    settings: Settings,
    now: Callable[[], datetime],
    happen: Callable[[Edit], Awaitable[None]],
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[Copy]:
    """An empty store beside a Stash."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder), DatabaseSettings()) as db:
            client = await connect(settings.stash, transport=transport)
            try:
                yield Copy(db, client, settings, now, happen)
            finally:
                await client.aclose()


@asynccontextmanager
async def copy_of(world: World) -> AsyncGenerator[Copy]:
    """An empty store beside a world."""

    async def happen(edit: Edit) -> None:
        world.happen(edit)

    transport = httpx.ASGITransport(app=world.stash.app())
    async with opened_copy(SETTINGS, world.now, happen, transport) as copy:
        yield copy


# --- comparing ----------------------------------------------------------------------------------


def _plain(scene: Scene) -> Scene:
    return replace(
        scene,
        performer_ids=tuple(sorted(scene.performer_ids)),
        tag_ids=tuple(sorted(scene.tag_ids)),
    )


def _held(s: Session) -> dict[str, Scene]:
    ids = run_sql(s, "SELECT id FROM scenes WHERE deleted_at IS NULL").scalars().all()
    return {scene.id: _plain(scene) for scene in scene_values(s, list(ids))}


def _counted(s: Session) -> dict[tuple[str, str], int]:
    rows = run_sql(s, "SELECT kind, id, scene_count FROM entities")
    return {(row[0], str(row[1])): row[2] for row in rows}


def _unreadable(s: Session) -> set[str]:
    return {str(n) for n in run_sql(s, "SELECT id FROM unreadable_scenes").scalars()}


def _links(scenes: dict[str, Scene]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for scene in scenes.values():
        keys = [("performer", i) for i in scene.performer_ids] + [("tag", i) for i in scene.tag_ids]
        keys += [("studio", scene.studio_id)] if scene.studio_id else []
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
    return counts


async def _everything(client: StashClient) -> tuple[dict[str, Scene], set[str]]:
    """All scenes as Stash has them, and the ids of those that cannot be read."""
    found: dict[str, Scene] = {}
    broken: set[str] = set()
    after = None
    while True:
        page = await client.scenes_after(after, 1000)
        scenes, failures = page.read()
        found.update((scene.id, _plain(scene)) for scene in scenes)
        broken.update(failure.item for failure in failures)
        after = page.last_id
        if after is None:
            return found, broken


async def differences(copy: Copy, tally: dict[str, Any]) -> list[str]:
    """Everything in which the copy is not what Stash is."""
    found: list[str] = []
    db, client = copy.db, copy.client
    there, broken = await _everything(client)
    here = await db.read(_held)
    found += [f"scene {i} is missing" for i in there.keys() - here.keys()]
    found += [f"scene {i} is held though it is gone" for i in here.keys() - there.keys() - broken]
    found += [
        f"scene {i} is {here[i]} and not {there[i]}"
        for i in there.keys() & here.keys()
        if here[i] != there[i]
    ]
    for kind in ENTITY_KINDS:
        listed = {one.id: one for one in (await client.entities(kind)).entities}
        held = {str(i): one for i, one in (await db.read(entities_of, kind)).items()}
        found += [f"{kind}s are {held} and not {listed}"] if held != listed else []
    counts = {key: count for key, count in (await db.read(_counted)).items() if count}
    if counts != _links(here):
        found.append(f"scenes are counted {counts} and not {_links(here)}")
    if await db.read(meta_number, LIVE_SCENES) != len(here):
        found.append("the number of scenes is wrong")
    if wrongly := await db.read(_unreadable) - broken:
        found.append(f"{wrongly} are said to be unreadable")
    known = sum(tally.get(name, 0) for name in ("created", "updated", "unchanged", "failed"))
    if known != len(there) + len(broken):
        found.append(f"{tally} do not add up to {len(there) + len(broken)} scenes")
    return found
