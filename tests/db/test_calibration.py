"""What people decided, counted from the changes of all plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from stashhog.core.config import DatabaseSettings
from stashhog.db import Database, open_database
from stashhog.db.calibration import calibration, decided
from stashhog.db.learned import FILE, read_learned, write_learned
from stashhog.db.values import run, run_many
from stashhog.domain.learning.decisions import Decided

_PLAN = (
    "INSERT INTO plans (id, name, status, base, created_at, options)"
    " VALUES (1, '', '', '', '', '{}')"
)
_INSERT = (
    "INSERT INTO changes (plan_id, scene_id, field, action, value_key, confidence, source, reason,"
    " evidence, creates_entity, edited, status) VALUES (1, ?, ?, ?, '', ?, 'rule', '', ?, ?, ?, ?)"
)
ROWS = [
    # scene, field, action, confidence, evidence, creates, edited, status
    (1, "title", "set", 0.91, "{}", 0, 0, "accepted"),
    (2, "title", "set", 0.91, "{}", 0, 0, "applied"),
    (3, "title", "set", 0.91, "{}", 0, 0, "rejected"),
    (4, "title", "set", 0.91, "{}", 0, 1, "accepted"),
    (5, "title", "set", 0.91, "{}", 0, 0, "proposed"),
    (6, "date", "set", 0.62, '{"before_decisions": 0.8, "model": "agrees"}', 0, 0, "accepted"),
    (7, "tags", "add", 0.7, "{}", 1, 0, "accepted"),
    (8, "tags", "remove", 0.9, "{}", 0, 0, "accepted"),
]


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Database]:
    async with open_database(folder, DatabaseSettings()) as db:

        def fill(s: Session) -> None:
            run(s, _PLAN)
            run_many(s, _INSERT, ROWS)

        await db.write(fill)
        yield db


async def test_a_value_that_was_replaced_or_rejected_counts_as_wrong(tmp_path: Path) -> None:
    async with database(tmp_path) as db:
        found = await db.read(decided)
    assert Decided("title", 0.91, 2, 2, None) in found


async def test_confidences_count_as_they_were_before_corrections(tmp_path: Path) -> None:
    async with database(tmp_path) as db:
        found = await db.read(decided)
        shown = await db.read(calibration)
    assert [one for one in found if one.field == "date"] == [Decided("date", 0.8, 1, 0, "agrees")]
    assert [one["confidence_from"] for one in shown["fields"]["date"]["bins"]] == [0.6]


async def test_new_names_removals_and_open_changes_are_no_decisions_about_confidence(
    tmp_path: Path,
) -> None:
    async with database(tmp_path) as db:
        shown = await db.read(calibration)
    assert set(shown["fields"]) == {"title", "date"}
    title = shown["fields"]["title"]
    assert (title["decided"], title["accepted"]) == (4, 2)
    assert (shown["organized_scenes"], shown["calibrated"]) == (0, False)


def test_what_was_learned_is_read_as_it_was_kept(tmp_path: Path) -> None:
    assert read_learned(tmp_path) is None
    write_learned(tmp_path, b"once")
    write_learned(tmp_path, b"twice")
    assert read_learned(tmp_path) == b"twice"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_takes_no_file_costs_only_the_keeping(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    write_learned(gone, b"anything")
    assert read_learned(gone) is None
