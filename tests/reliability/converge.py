"""After any history, an incremental sync and a look at everything leave the copy equal to Stash.

Run against the sample Stash and the real store in one process, many times; with `--stash URL` a
shorter history of a real one, see `tests.reliability.converge_real`.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import trio
from hypothesis import HealthCheck, Phase, given, seed, settings as hypothesis_settings
from hypothesis.strategies import SearchStrategy
from sqlalchemy.orm import Session

from actors.jobs import sync as sync_job
from actors.jobs.context import ActorPorts, JobContext, Shared, Surroundings
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
from tests.reliability.library_histories import (
    ORDINARY,
    Edit,
    History,
    Sync,
    World,
    histories,
)
from tests.reliability.trial import Trial

USUAL = 300
NEWEST, OLDEST = "v0.30.1", "v0.25.1"
SETTINGS = Settings(stash=StashSettings(url="http://stash.test", page_size=10))


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
    """The real store beside a world, and the sync job run on it by hand."""

    world: World
    db: Database
    client: StashClient
    jobs: int = 0
    unfinished: Job | None = None
    refused: int = 0
    calls: int = field(default=0, init=False)

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
        self.jobs += 1
        job_id = uuid7(self.jobs, self.jobs.to_bytes(RANDOM_BYTES, "big"))
        submission = SyncSubmission(step.mode, adopt=adopt)
        job = await self.db.jobs.insert(job_id, submission, self.world.now())
        return replace(job, started_at=self.world.now())

    async def _run(self, job: Job, step: Sync) -> None:
        calls = 0
        with trio.CancelScope() as scope:

            async def count() -> None:
                nonlocal calls
                calls += 1
                for at, edit in step.edits:
                    if at == calls:
                        self.world.happen(edit)
                if calls == step.ends_at:
                    scope.cancel()
                await trio.lowlevel.checkpoint()

            await sync_job.run(self._context(job, count))
        if scope.cancelled_caught and step.killed:
            self.unfinished = job

    def _context(self, job: Job, count: Callable[[], Any]) -> JobContext:
        ports: Any = ActorPorts(
            stash=Disturbed(self.client, count),
            model=None,  # type: ignore[arg-type]  # no sync asks one
            jobs=self.db.jobs,
            sync=Disturbed(self.db.sync, count),
            plans=self.db.plans,
            journal=self.db.journal,
        )
        around = Surroundings(
            ports,
            lambda: SETTINGS,
            Shared(knowledge=None),  # type: ignore[arg-type]  # no sync learns
            Mailbox("registry"),
            Mailbox("sync manager"),
            self.world.now,
        )
        return JobContext(job, around)


@asynccontextmanager
async def copy_of(world: World) -> AsyncGenerator[Copy]:
    """An empty store beside a world."""
    transport = httpx.ASGITransport(app=world.stash.app())
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder), DatabaseSettings()) as db:
            client = await connect(SETTINGS.stash, transport=transport)
            try:
                yield Copy(world, db, client)
            finally:
                await client.aclose()


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


async def differences(copy: Copy, tally: dict[str, Any]) -> list[str]:
    """Everything in which the copy is not what Stash is."""
    found: list[str] = []
    db, client = copy.db, copy.client
    there = {scene.id: _plain(scene) for scene in (await client.scenes_after(None, 1000)).scenes}
    broken = {str(i) for i in copy.world.stash.state.scenes} - there.keys()
    here = await db.read(_held)
    found += [f"scene {i} is missing" for i in there.keys() - here.keys()]
    found += [f"scene {i} is held though it is gone" for i in here.keys() - there.keys() - broken]
    found += [
        f"scene {i} is {here[i]} and not {there[i]}"
        for i in there.keys() & here.keys()
        if here[i] != there[i]
    ]
    for kind in ENTITY_KINDS:
        listed = {one.id: one for one in (await client.entities(kind))[0]}
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


async def played(history: History, *, sweep: bool = True) -> list[str]:
    """Play a history; returns in what the copy differs after a last sync."""
    world = World(history)
    async with copy_of(world) as copy:
        for step in history.steps:
            if isinstance(step, Edit):
                world.happen(step)
            else:
                await copy.play(step)
        if copy.unfinished is not None:
            await copy.play(Sync())
        world.moment += timedelta(hours=25) if sweep else timedelta(seconds=4)
        return await differences(copy, await copy.play(Sync()))


def converges(history: History) -> None:
    """After any history the copy is equal to Stash."""
    assert trio.run(played, history) == []


def converges_without_a_sweep(history: History) -> None:
    """After a history of ordinary edits an incremental sync is enough."""
    assert trio.run(lambda: played(history, sweep=False)) == []


def run(trial: Trial) -> None:
    """Play many histories."""
    anything = histories(versions=(NEWEST, OLDEST), most=40)
    ordinary = histories(tuple(ORDINARY), versions=(NEWEST,), most=40)
    _play(trial, "any history", anything, converges)
    _play(trial, "ordinary edits", ordinary, converges_without_a_sweep)


def _play(
    trial: Trial,
    name: str,
    strategy: SearchStrategy[History],
    check: Callable[[History], None],
) -> None:
    @hypothesis_settings(
        max_examples=max(trial.count // 2, 1),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @seed(trial.seed)
    @given(strategy)
    def holds(history: History) -> None:
        trial.checked[name] += 1
        check(history)

    try:
        holds()
    except AssertionError as error:
        trial.check(holds=False, promise=name, found=f"{error}\n{error.__notes__}")
