"""The live connection and hooks, as the sync manager acts on them, under a clock that jumps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from actors import Actors, JobContext
from actors.live import LONGEST_PAUSE_S, SETTLED_S
from actors.news import MOST_SCENES, WINDOW_S
from stashhog.core.config import Settings, StashSettings
from stashhog.core.exceptions import (
    BusyError,
    DiskFullError,
    StashAuthError,
    StashConnectionError,
    StashNotConfiguredError,
)
from stashhog.domain.events import EntityHook, ScanCompleted, StashEvent, StashJob, read_hook
from stashhog.domain.jobs import ApplySubmission, Job, JobKind, JobStatus, SyncSubmission
from tests.actors.conftest import Stage, until
from tests.domain.test_merge import make_scene
from tests.fakes.events import FakeEvents, FakeStash, FakeWrites

READ = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass
class Scenery:
    """A stage with a Stash that tells, holds ten scenes, and a copy of them."""

    stage: Stage
    events: FakeEvents = field(default_factory=FakeEvents)
    stash: FakeStash = field(default_factory=FakeStash)
    writes: FakeWrites = field(default_factory=FakeWrites)

    def __post_init__(self) -> None:
        for number in range(1, 11):
            scene = replace(make_scene(), id=str(number), title=f"scene {number}")
            self.stash.held[scene.id] = self.writes.copy[scene.id] = scene

    def edit(self, scene_id: str) -> None:
        self.stash.held[scene_id] = replace(self.stash.held[scene_id], title="edited")

    @property
    def syncs(self) -> list[list[str] | None]:
        """The scene ids of each sync job, None for all scenes."""
        rows = self.stage.store.rows.values()
        return [row.params["scene_ids"] for row in rows if row.kind is JobKind.SYNC]


async def at_once(_: JobContext) -> None:
    await trio.lowlevel.checkpoint()


@pytest.fixture
def scenery(stage: Stage) -> Scenery:
    stage.settings = Settings(stash=StashSettings(url="http://stash.example"))
    stage.plays = dict.fromkeys(JobKind, at_once)
    made = Scenery(stage)
    stage.events, stage.writes, stage.stash = made.events, made.writes, made.stash
    return made


def hook(actors: Actors, type_: str, object_id: str | None = None) -> None:
    read = read_hook(type_, object_id)
    assert read is not None
    actors.sync_manager.hook(read)


async def tell(scenery: Scenery, *events: StashEvent) -> None:
    assert scenery.events.tell is not None
    for event in events:
        scenery.events.tell(event)
    await trio.sleep(WINDOW_S + 1)


async def sync_at_work(scenery: Scenery, actors: Actors, go_on: trio.Event) -> Job:
    """A sync of everything that has saved its first page and then waits."""

    async def long(ctx: JobContext) -> None:
        if ctx.job.params["scene_ids"] is None and not go_on.is_set():
            await scenery.stage.store.commit_items(ctx.job.id, 1)
            ctx.progress(1, 2)
            await go_on.wait()

    scenery.stage.plays[JobKind.SYNC] = long
    job = await actors.sync_manager.request(SyncSubmission())
    await until(actors, job, JobStatus.RUNNING)
    await trio.sleep(1)
    return job


# --- the live connection ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    ["Scanning...", "Cleaning...", "Auto-tagging...", "Identifying...", "Generating...", "Plugin"],
)
async def test_the_end_of_a_job_of_stash_makes_one_incremental_sync(
    autojump_clock: MockClock, scenery: Scenery, what: str
) -> None:
    async with scenery.stage.open() as actors:
        await trio.sleep(1)
        assert actors.sync_manager.live.connected
        await tell(scenery, StashJob("ADD", what, "READY"), StashJob("UPDATE", what, "RUNNING"))
        assert scenery.syncs == []
        await tell(scenery, StashJob("REMOVE", what, "FINISHED"), ScanCompleted())
    assert scenery.syncs == [None]
    (row,) = scenery.stage.store.rows.values()
    assert row.params["mode"] == "incremental"


async def test_the_end_of_a_job_that_changes_nothing_we_hold_makes_none(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open():
        await trio.sleep(1)
        for what in ("Optimising database...", "Cleaning generated files...", "Exporting..."):
            await tell(scenery, StashJob("REMOVE", what, "FINISHED"))
    assert scenery.syncs == []


async def test_nothing_starts_when_the_connection_is_first_made(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open():
        await trio.sleep(600)
    assert (scenery.syncs, len(scenery.events.tries)) == ([], 1)


async def test_a_broken_connection_is_made_again_and_what_was_missed_is_made_up_for_once(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        await trio.sleep(100)
        first = actors.sync_manager.live
        scenery.events.fails = StashConnectionError("away")
        scenery.events.break_down()
        await trio.sleep(120)
        lost = actors.sync_manager.live
        assert (lost.connected, lost.code) == (False, "stash_unavailable")
        assert first.since is not None
        assert lost.since is not None
        assert lost.since > first.since
        scenery.events.fails = None
        await trio.sleep(LONGEST_PAUSE_S)
        assert actors.sync_manager.live.connected
        await trio.sleep(SETTLED_S + WINDOW_S)
        assert scenery.syncs == [None]
        await trio.sleep(600)
    assert scenery.syncs == [None]


async def test_a_stash_that_is_away_is_tried_in_growing_pauses_and_fills_no_log(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    scenery.events.fails = StashConnectionError("away")
    with capture_logs() as lines:
        async with scenery.stage.open():
            await trio.sleep(3600)
            scenery.events.fails = StashAuthError("no")
            await trio.sleep(3600)
    tries = scenery.events.tries
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert max(pauses) <= LONGEST_PAUSE_S
    assert all(pause >= LONGEST_PAUSE_S / 2 for pause in pauses[8:])
    codes = [line["code"] for line in lines if line["event"] == "stash_live_lost"]
    assert codes == ["stash_unavailable", "stash_unauthorized"]


@pytest.mark.parametrize(("lasts", "most"), [(1, 0), (40, 13)])
async def test_a_stash_that_hangs_up_again_and_again_is_no_storm_either(
    autojump_clock: MockClock, scenery: Scenery, lasts: float, most: int
) -> None:
    with capture_logs() as lines:
        async with scenery.stage.open():
            with trio.move_on_after(3600):
                while True:
                    await trio.sleep(lasts)
                    scenery.events.break_down()
    told = [line for line in lines if line["event"].startswith("stash_live")]
    assert len(told) <= 2 * 3600 / 10
    assert 3600 / (lasts + LONGEST_PAUSE_S) / 2 < len(scenery.events.tries) < 500
    assert len(scenery.syncs) <= most


async def test_new_settings_count_at_once(autojump_clock: MockClock, scenery: Scenery) -> None:
    async with scenery.stage.open() as actors:
        await trio.sleep(100)
        scenery.events.same_server = False
        scenery.events.fails = StashNotConfiguredError("turned off")
        scenery.events.change()
        await trio.sleep(0.1)
        live = actors.sync_manager.live
        assert (live.connected, live.code) == (False, "stash_not_configured")
        await trio.sleep(1000)
        assert len(scenery.events.tries) == 2
        scenery.events.fails = None
        scenery.events.change()
        await trio.sleep(0.1)
        assert actors.sync_manager.live.connected
        await trio.sleep(60)
    assert scenery.syncs == []


async def test_a_crash_of_the_sync_manager_keeps_the_connection_and_what_was_told(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        await trio.sleep(1)
        hook(actors, "Tag.Merge.Post", "1")
        await trio.sleep(0.5)
        actors._supervisor.restart("sync_manager")
        await trio.sleep(WINDOW_S + 2)
        assert actors.sync_manager.live.connected
    assert scenery.syncs[0] is None


async def test_a_command_beside_no_service_does_not_listen(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open(resume=False) as actors:
        await trio.sleep(60)
        assert not actors.sync_manager.live.connected
    assert scenery.events.tries == []


# --- hooks --------------------------------------------------------------------------------------


async def test_hooks_of_scenes_make_one_sync_of_those_that_somebody_changed(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        scenery.edit("3")
        scenery.edit("7")
        for scene_id in ("7", "3", "4", "3"):
            hook(actors, "Scene.Update.Post", scene_id)
        await trio.sleep(WINDOW_S + 1)
    assert scenery.syncs == [["3", "7"]]
    assert sorted(scenery.stash.asked[0]) == ["3", "4", "7"]


async def test_watchers_hear_that_the_library_of_stash_changed(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors, actors.registry.watch_all() as frames:
        hook(actors, "Scene.Update.Post", "4")
        await trio.sleep(WINDOW_S + 1)
        scenery.edit("3")
        hook(actors, "Scene.Update.Post", "3")
        async for frame in frames:
            if frame["type"] == "library":
                assert frame["reason"] == "stash"
                break
    assert scenery.stash.asked == [("4",), ("3",)]


async def test_a_scene_that_is_new_or_gone_is_synced(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        del scenery.stash.held["2"]
        scenery.stash.held["77"] = replace(make_scene(), id="77")
        hook(actors, "Scene.Destroy.Post", "2")
        hook(actors, "Scene.Create.Post", "77")
        hook(actors, "Scene.Destroy.Post", "500")
        await trio.sleep(WINDOW_S + 1)
    assert scenery.syncs == [["2", "77"]]


async def test_our_own_writes_coming_back_start_nothing(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    made = EntityHook("tag", "9", "create")
    scenery.writes.ours.add(made)
    async with scenery.stage.open() as actors:
        for scene_id in scenery.stash.held:
            scenery.edit(scene_id)
            scenery.writes.copy[scene_id] = scenery.stash.held[scene_id]
            hook(actors, "Scene.Update.Post", scene_id)
        hook(actors, "Tag.Create.Post", "9")
        await trio.sleep(60)
        assert actors.sync_manager.news.known == 11
    assert scenery.syncs == []


async def test_a_write_whose_answer_is_still_to_come_is_looked_at_when_it_has(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    answered = trio.Event()

    async def apply(_: JobContext) -> None:
        await answered.wait()
        scenery.writes.copy["5"] = scenery.stash.held["5"]
        scenery.writes.open.clear()

    scenery.stage.plays[JobKind.APPLY] = apply
    scenery.stage.store.plans = 1
    async with scenery.stage.open() as actors:
        job = await actors.registry.submit(ApplySubmission(1))
        await until(actors, job, JobStatus.RUNNING)
        scenery.writes.open.add("5")
        scenery.edit("5")
        hook(actors, "Scene.Update.Post", "5")
        await trio.sleep(30)
        assert scenery.syncs == []
        answered.set()
        await trio.sleep(30)
    assert scenery.syncs == []


async def test_an_edit_beside_our_own_writes_is_seen(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        for scene_id in scenery.stash.held:
            hook(actors, "Scene.Update.Post", scene_id)
        scenery.edit("8")
        await trio.sleep(WINDOW_S + 1)
    assert scenery.syncs == [["8"]]


@pytest.mark.parametrize(
    ("type_", "object_id"),
    [
        ("Tag.Merge.Post", "4"),
        ("Tag.Update.Post", "4"),
        ("Performer.Create.Post", "4"),
        ("Studio.Destroy.Post", "4"),
        ("Scene.Update.Post", None),
        ("Scene.Update.Post", "x"),
        ("Plugin.Something.New", "4"),
    ],
)
async def test_what_may_have_changed_anything_makes_an_incremental_sync(
    autojump_clock: MockClock, scenery: Scenery, type_: str, object_id: str | None
) -> None:
    async with scenery.stage.open() as actors:
        hook(actors, type_, object_id)
        hook(actors, type_, object_id)
        await trio.sleep(WINDOW_S + 1)
    assert scenery.syncs == [None]


async def test_thousands_of_hooks_are_one_bounded_run(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    async with scenery.stage.open() as actors:
        for number in range(1, 20 * MOST_SCENES):
            hook(actors, "Scene.Update.Post", str(number))
        await trio.sleep(WINDOW_S + 1)
        assert scenery.stash.asked == [] or sum(map(len, scenery.stash.asked)) <= MOST_SCENES
        await trio.sleep(60)
    assert scenery.syncs == [None]


async def test_what_comes_in_after_the_first_page_makes_exactly_one_more(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    go_on = trio.Event()
    async with scenery.stage.open() as actors:
        await sync_at_work(scenery, actors, go_on)
        scenery.edit("3")
        for _ in range(4):
            hook(actors, "Scene.Update.Post", "3")
            await tell(scenery, ScanCompleted())
        go_on.set()
        await trio.sleep(30)
    assert scenery.syncs == [None, None]
    assert set(scenery.writes.stale) == {"3"}


async def test_our_own_writes_during_a_sync_make_no_other_one(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    go_on = trio.Event()
    async with scenery.stage.open() as actors:
        await sync_at_work(scenery, actors, go_on)
        for scene_id in scenery.stash.held:
            hook(actors, "Scene.Update.Post", scene_id)
        await trio.sleep(10)
        go_on.set()
        await trio.sleep(30)
    assert scenery.syncs == [None]


async def test_a_stash_that_cannot_be_asked_gets_a_sync_that_waits_for_it(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    scenery.stash.fails = StashConnectionError("away")
    async with scenery.stage.open() as actors:
        hook(actors, "Scene.Update.Post", "3")
        await trio.sleep(30)
    assert scenery.syncs == [None]


async def test_what_could_not_be_looked_at_is_looked_at_again(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    scenery.writes.errors = [BusyError("not now"), DiskFullError("full")]
    async with scenery.stage.open() as actors:
        scenery.edit("3")
        hook(actors, "Scene.Update.Post", "3")
        await trio.sleep(3 * WINDOW_S + 1)
        assert actors.status()["actors"]["sync_manager"]["crashes"] == 0
    assert scenery.syncs == [["3"]]


async def test_hooks_without_a_stash_are_dropped(
    autojump_clock: MockClock, scenery: Scenery
) -> None:
    scenery.stage.settings = Settings()
    scenery.stash.fails = StashNotConfiguredError("none")
    async with scenery.stage.open() as actors:
        hook(actors, "Scene.Update.Post", "3")
        hook(actors, "Tag.Merge.Post", "3")
        await trio.sleep(30)
    assert scenery.syncs == []


def test_hooks_of_what_we_do_not_hold_are_not_read() -> None:
    for type_ in (
        "SceneMarker.Update.Post",
        "Image.Create.Post",
        "Gallery.Update.Post",
        "Group.Destroy.Post",
    ):
        assert read_hook(type_, "4") is None
