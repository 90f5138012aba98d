"""Deciding many changes at once: what it costs grows with their number and no faster."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from stashhog.core.config import DatabaseSettings
from stashhog.db import open_database
from stashhog.db.changes import ChangeFilters
from stashhog.db.decisions import decide
from stashhog.db.values import run, run_many
from stashhog.domain.plans import ChangeStatus

NOW = datetime(2024, 5, 6, tzinfo=UTC)
STEPS = 100
_PLAN = (
    "INSERT INTO plans (id, name, status, base, created_at, options)"
    " VALUES (1, '', 'reviewing', 'reviewing', '', '{}')"
)
_INSERT = (
    "INSERT INTO changes (plan_id, scene_id, field, action, value_key, proposed, confidence,"
    " source, reason, evidence, creates_entity, edited, status)"
    " VALUES (1, ?, 'title', 'set', ?, '\"\"', 0.9, 'rule', '', '{}', 0, 0, 'proposed')"
)


async def cost(folder: Path, count: int, moves: list[ChangeStatus]) -> list[int]:
    """SQLite's steps (in hundreds) for each of these moves of all changes of a plan."""
    async with open_database(folder, DatabaseSettings()) as db:

        def work(s: Session) -> list[int]:
            run(s, _PLAN)
            run_many(s, _INSERT, [(n, f"v{n}") for n in range(count)])
            driver = s.connection().connection.driver_connection
            assert driver is not None
            taken = []
            for status in moves:
                ticks = 0

                def tick() -> int:
                    nonlocal ticks
                    ticks += 1
                    return 0

                driver.set_progress_handler(tick, STEPS)
                moved = decide(s, 1, status, filters=ChangeFilters(), now=NOW)["updated"]
                driver.set_progress_handler(None, STEPS)
                assert moved == count
                taken.append(ticks)
            return taken

        return await db.write(work)


async def test_four_times_the_changes_cost_about_four_times_as_much(
    tmp_path: Path,
) -> None:
    moves = [ChangeStatus.ACCEPTED, ChangeStatus.REJECTED, ChangeStatus.ACCEPTED]
    few = await cost(tmp_path / "few", 500, moves)
    many = await cost(tmp_path / "many", 2000, moves)
    for small, large in zip(few, many, strict=True):
        assert 0 < large <= 6 * small, (few, many)
