"""After whatever happened at Stash, a last sync leaves the copy equal to it; more of the same by
`python -m tests.reliability converge`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy.orm import Session

from actors.jobs.sync import LibraryReplacedError
from stashhog.core.pagination import PaginationParams
from stashhog.db.failures import sync_failures
from stashhog.db.meta import LIVE_SCENES, meta_number
from stashhog.db.scene_detach import DETACHED
from stashhog.db.sync import sync_history
from stashhog.db.values import run
from stashhog.demo.faults import edited
from tests.reliability.converge import NEWEST, OLDEST, played
from tests.reliability.copies import copy_of, differences
from tests.reliability.library_histories import (
    EDITS,
    ORDINARY,
    Edit,
    History,
    Sync,
    World,
    histories,
)

EMPTY = History(NEWEST, "UTC", ())
FEW = settings(
    derandomize=True,
    max_examples=8,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FULL = Sync("full")
FIRST_PAGE = PaginationParams(1, 50)


@FEW
@given(histories(tuple(EDITS), versions=(NEWEST, OLDEST)))
@example(
    History(
        NEWEST,
        "Asia/Kolkata",
        (FULL, Edit("wait", 6), Edit("zone", 1), Edit("title", 3), Edit("title", 4)),
    )
)
@example(
    History(
        OLDEST,
        "UTC",
        (
            FULL,
            Edit("keep"),
            Edit("create"),
            Edit("create"),
            Sync(),
            Edit("restore"),
            Edit("create"),
        ),
    )
)
@example(
    History(
        NEWEST,
        "UTC",
        (Sync(edits=((1, Edit("wait")), (1, Edit("destroy tag")))), Edit("restore")),
    )
)
@example(
    History(
        NEWEST,
        "UTC",
        (FULL, Edit("destroy performer", 1), Edit("wait", 3), Sync(), Edit("restore")),
    )
)
def test_any_history_ends_in_a_copy_that_is_equal_to_stash(history: History):
    assert trio.run(played, history) == []


@pytest.mark.parametrize("at", range(13, 19))
async def test_a_library_that_is_replaced_while_it_is_read_is_read_again(at: int):
    step = Sync(edits=((1, Edit("wait")), (1, Edit("wait")), (at, Edit("replace"))))
    assert await played(History(NEWEST, "UTC", (step,))) == []


@FEW
@given(histories(tuple(ORDINARY), versions=(NEWEST,)))
def test_ordinary_edits_are_found_without_looking_at_everything(history: History):
    assert trio.run(lambda: played(history, sweep=False)) == []


async def test_two_edits_in_one_second_are_both_found():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        await copy.play(FULL)
        world.moment += timedelta(minutes=1)
        world.happen(Edit("title", 2))
        await copy.play(Sync())
        world.happen(Edit("details", 2, 5))
        world.moment += timedelta(seconds=9)
        assert await differences(copy, await copy.play(Sync())) == []


async def test_a_sync_with_nothing_changed_reads_no_scene():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        await copy.play(FULL)
        world.moment += timedelta(minutes=1)
        world.stash.asked.clear()
        tally = await copy.play(Sync())
        assert (tally["created"], tally["updated"], tally["unchanged"]) == (0, 0, 14)
        read = [asked for asked in world.stash.asked if asked.operation == "ScenesAfter"]
        assert read == []


async def test_entities_are_listed_again_only_where_one_of_them_changed():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        await copy.play(FULL)
        for edit, lists in ((None, []), (Edit("rename tag", 1), ["FindTags"]), (None, [])):
            world.moment += timedelta(minutes=1)
            if edit is not None:
                world.happen(edit)
                world.moment += timedelta(minutes=1)
            world.stash.asked.clear()
            tally = await copy.play(Sync())
            asked = [one.operation for one in world.stash.asked]
            assert [name for name in asked if str(name).startswith("Find")] == lists
            assert await differences(copy, tally) == []


async def test_an_entity_edited_while_it_is_listed_is_listed_again():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        world.happen(Edit("rename tag", 1))
        await copy.play(FULL)
        world.happen(Edit("rename tag", 1))
        assert await differences(copy, await copy.play(Sync())) == []


_ABOUT = {
    "changes": "SELECT count(*) FROM changes WHERE scene_id = ?",
    "rejections": "SELECT count(*) FROM rejections WHERE scene_id = ?",
}


def _about(s: Session, scene_id: int) -> dict[str, int]:
    counts = {name: run(s, query, (scene_id,)).scalar_one() for name, query in _ABOUT.items()}
    return {name: count for name, count in counts.items() if count}


def _propose(s: Session, scene_id: int) -> None:
    run(
        s,
        "INSERT INTO plans (name, status, base, created_at, options)"
        " VALUES ('p', 'reviewing', 'reviewing', '2026', '{}')",
    )
    run(
        s,
        "INSERT INTO changes (plan_id, scene_id, field, action, proposed, value_key, confidence,"
        " source, reason, evidence, creates_entity, status)"
        " VALUES (1, ?, 'title', 'set', '\"x\"', 'x', 1.0, 'rule', '', '{}', 0, 'accepted')",
        (scene_id,),
    )
    run(
        s,
        "INSERT INTO rejections (scene_id, field, action, value_key, created_at)"
        " VALUES (?, 'date', 'set', 'y', '2026')",
        (scene_id,),
    )


async def test_another_library_is_refused_until_somebody_takes_it_knowingly():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        await copy.play(FULL)
        await copy.db.write(_propose, 3)
        before = await copy.db.read(meta_number, LIVE_SCENES)
        world.happen(Edit("replace", 1))
        tally = await copy.play(Sync())
        assert copy.refused == 1
        assert (before, tally["created"]) == (14, 14)
        assert await differences(copy, tally) == []
        assert await copy.db.read(_about, 3) == {}
        assert await copy.db.read(_about, 3 + DETACHED) == {"changes": 1}


async def test_an_id_given_again_takes_nothing_over_from_the_scene_that_had_it():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        world.happen(Edit("create"))
        await copy.play(FULL)
        await copy.db.write(_propose, 15)
        world.happen(Edit("restore"))
        world.happen(Edit("create"))
        world.moment += timedelta(minutes=1)
        assert await differences(copy, await copy.play(Sync())) == []
        assert copy.refused == 0
        assert await copy.db.read(_about, 15) == {}
        assert await copy.db.read(_about, 15 + DETACHED) == {"changes": 1}


async def test_an_emptied_stash_is_no_reason_to_let_everything_go():
    world = World(EMPTY)
    async with copy_of(world) as copy:
        for _ in range(40):
            world.happen(Edit("create"))
        await copy.play(FULL)
        backup = world.stash.state.backup()
        world.stash.state.scenes.clear()
        world.moment += timedelta(minutes=1)
        with pytest.raises(LibraryReplacedError, match="54 of 54 scenes"):
            await copy.play(FULL, adopt=False)
        assert await copy.db.read(meta_number, LIVE_SCENES) == 54
        world.stash.state.restore(backup)
        world.moment += timedelta(minutes=1)
        assert await differences(copy, await copy.play(Sync())) == []


@pytest.mark.parametrize("mode", ["full", "incremental"])
async def test_what_cannot_be_read_is_listed_once_and_counted(mode: str):
    world = World(EMPTY)
    async with copy_of(world) as copy:
        await copy.play(FULL)
        world.moment += timedelta(minutes=1)
        world.happen(Edit("title", 4))
        world.happen(Edit("break", 4))
        sync = FULL if mode == "full" else Sync()
        for _ in range(2):
            world.moment += timedelta(minutes=1)
            tally = await copy.play(sync)
            assert (tally["failed"], tally["unchanged"]) == (1, 13)
            listed = await copy.db.read(sync_failures, FIRST_PAGE)
            assert [(one["kind"], one["item"]) for one in listed.items] == [("scene", "5")]
            assert "1000000" in listed.items[0]["reason"]
        world.happen(Edit("heal"))
        world.moment += timedelta(minutes=1)
        tally = await copy.play(Sync())
        assert (tally["failed"], tally["updated"]) == (0, 1)
        assert await differences(copy, tally) == []
        runs = await copy.db.read(sync_history, FIRST_PAGE)
        assert [one["failed"] for one in runs.items] == [0, 1, 1, 0]


async def test_a_scene_that_is_counted_and_never_shown_is_a_failure_with_its_reason():
    world = World(EMPTY)

    def hide(answer: dict[str, Any]) -> None:
        found = answer["data"]["findScenes"]
        found["scenes"] = [None if row["id"] == "7" else row for row in found["scenes"]]

    async with copy_of(world) as copy:
        for operation in ("ScenesAfter", "StampsAfter", "FileStampsAfter"):
            world.stash.faults.add(edited(hide), operation, times=None)
        tally = await copy.play(FULL)
        assert (tally["created"], tally["failed"], tally["unchanged"]) == (13, 1, 0)
        listed = await copy.db.read(sync_failures, FIRST_PAGE)
        assert {one["item"] for one in listed.items} == {"?"}
        assert "counts 1 scenes" in listed.items[-1]["reason"]
