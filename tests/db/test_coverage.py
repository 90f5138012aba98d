"""How complete the library is is counted of what Stash has, and kept a day at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stashhog.core.config import DatabaseSettings
from stashhog.db import open_database
from stashhog.db.coverage import KEPT_DAYS, keep_coverage, library_coverage
from stashhog.db.scene_writes import take_scenes
from stashhog.db.sync import mark_deleted
from stashhog.domain.jobs import SyncSubmission
from stashhog.domain.library import Entity, Scene
from stashhog.domain.sync import Watermarks

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
JOB = "01a20bf5-0d0f-7736-8eda-f09f37d10900"
BARE = Scene(
    id="1",
    title=None,
    details=None,
    date=None,
    rating100=None,
    organized=False,
    studio_id=None,
    performer_ids=(),
    tag_ids=(),
    files=(),
    urls=(),
    created_at=NOW,
    updated_at=NOW,
    updated_at_text="2026-03-31T23:30:00Z",
)
FULL = replace(
    BARE,
    id="2",
    title="t",
    details="d",
    date="2020-01-02",
    organized=True,
    studio_id="1",
    performer_ids=("1",),
    tag_ids=("1",),
)
EMPTY = {"studio": 0, "performers": 0, "tags": 0, "title": 0, "date": 0, "details": 0}


async def test_an_empty_library_lacks_nothing(tmp_path: Path) -> None:
    async with open_database(tmp_path, DatabaseSettings()) as db:
        assert await db.read(library_coverage) == {
            "now": {"scenes": 0, "organized": 0, "analyzed": 0, "missing": EMPTY},
            "days": [],
        }


async def test_each_field_is_counted_and_deleted_scenes_are_not(tmp_path: Path) -> None:
    async with open_database(tmp_path, DatabaseSettings()) as db:
        await db.jobs.insert(JOB, SyncSubmission(), NOW)
        for kind in ("studio", "performer", "tag"):
            await db.sync.save_entities(JOB, kind, [Entity(kind, "1", "one")])
        scenes = [BARE, FULL, replace(BARE, id="3", title="only this"), replace(FULL, id="4")]
        await db.write(take_scenes, scenes, NOW)
        await db.write(mark_deleted, JOB, ["4"], NOW)
        counted = (await db.read(library_coverage))["now"]
        assert (counted["scenes"], counted["organized"], counted["analyzed"]) == (3, 1, 0)
        assert counted["missing"] == {**dict.fromkeys(EMPTY, 2), "title": 1}


async def test_the_last_count_of_a_day_stands_and_old_days_go(tmp_path: Path) -> None:
    async with open_database(tmp_path, DatabaseSettings()) as db:
        await db.write(keep_coverage, NOW)
        await db.write(take_scenes, [BARE], NOW)
        await db.write(keep_coverage, NOW + timedelta(minutes=5))
        await db.write(keep_coverage, NOW + timedelta(hours=1))
        days = (await db.read(library_coverage))["days"]
        assert [(day["day"], day["scenes"]) for day in days] == [
            ("2026-03-31", 1),
            ("2026-04-01", 1),
        ]
        for day in range(KEPT_DAYS):
            await db.write(keep_coverage, NOW + timedelta(days=10 + day))
        days = (await db.read(library_coverage))["days"]
        assert len(days) == KEPT_DAYS
        assert days[0]["day"] == "2026-04-10"


async def test_the_end_of_a_sync_keeps_the_day(tmp_path: Path) -> None:
    async with open_database(tmp_path, DatabaseSettings()) as db:
        await db.jobs.insert(JOB, SyncSubmission(), NOW)
        await db.sync.save_scenes(JOB, [BARE], read_at=NOW, cursor={})
        await db.sync.finish(JOB, Watermarks(None, None), NOW, swept=True)
        (day,) = (await db.read(library_coverage))["days"]
        assert (day["day"], day["scenes"], day["missing"]["studio"]) == ("2026-03-31", 1, 1)
