"""Another program holds the database, or looks at it for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from stashhog.core.exceptions import BusyError
from stashhog.db import open_database
from tests.db.conftest import SETTINGS

LIMIT_BYTES = 400_000


@contextmanager
def another(path: Path, *statements: str) -> Generator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement).fetchall()
        yield
        db.execute("COMMIT")


def _fill(size_bytes: int) -> Any:
    return lambda s: s.connection().exec_driver_sql(
        "INSERT INTO meta (name, value) VALUES ('big', hex(randomblob(?)))"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (size_bytes // 2,),
    )


def _look(s: Any) -> Any:
    return s.connection().exec_driver_sql("SELECT COUNT(*) FROM meta").scalar_one()


async def test_a_writer_that_finds_the_file_held_too_long_says_who_to_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stashhog.db.connections.BUSY_SECONDS", 0.1)
    async with open_database(tmp_path / "data", SETTINGS) as db:
        with another(db.path, "BEGIN EXCLUSIVE"):
            with pytest.raises(BusyError) as caught:
                await db.write(_fill(10))
            assert str(db.path) in caught.value.detail
            assert await db.read(_look) > 0
        await db.write(_fill(10))


async def test_the_log_is_cut_once_nobody_looks_at_an_old_state_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stashhog.db.connections.CHECKPOINT_PAGES", 50)
    monkeypatch.setattr("stashhog.db.connections.LOG_LIMIT_BYTES", LIMIT_BYTES)
    async with open_database(tmp_path / "data", SETTINGS) as db:
        log_file = db.path.with_name(f"{db.path.name}-wal")
        with another(db.path, "BEGIN", "SELECT COUNT(*) FROM meta"):
            for _ in range(3):
                await db.write(_fill(LIMIT_BYTES))
            assert log_file.stat().st_size > LIMIT_BYTES
        for _ in range(3):
            await db.write(_fill(10))
        assert log_file.stat().st_size <= LIMIT_BYTES


async def test_the_log_is_cut_also_where_nobody_writes_any_more(tmp_path: Path) -> None:
    async with open_database(tmp_path / "data", SETTINGS) as db:
        log_file = db.path.with_name(f"{db.path.name}-wal")
        with another(db.path, "BEGIN", "SELECT COUNT(*) FROM meta"):
            await db.write(_fill(LIMIT_BYTES))
            assert not await db.cut_log()
            assert log_file.stat().st_size > LIMIT_BYTES
            await db.write(_fill(10))
        assert await db.cut_log()
        assert log_file.stat().st_size == 0
        await db.write(_fill(10))
        assert await db.read(_look) > 0


async def test_a_log_that_cannot_be_cut_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stashhog.db.connections.LOG_LIMIT_BYTES", LIMIT_BYTES // 10)
    monkeypatch.setattr("stashhog.db.engine.TEND_SECONDS", 0.001)
    async with open_database(tmp_path / "data", SETTINGS) as db, trio.open_nursery() as nursery:
        log_file = db.path.with_name(f"{db.path.name}-wal")
        looks = 0
        real = db.cut_log

        async def cut_log() -> bool:
            nonlocal looks
            looks += 1
            done = await real()
            if looks == 5 or done:
                seen.set()
            return done

        monkeypatch.setattr(db, "cut_log", cut_log)
        with capture_logs() as lines, trio.fail_after(60):
            seen = trio.Event()
            with another(db.path, "BEGIN", "SELECT COUNT(*) FROM meta"):
                await db.write(_fill(LIMIT_BYTES))
                nursery.start_soon(db.tend)
                await seen.wait()
            told = [line for line in lines if line["event"] == "log_cannot_be_cut"]
            assert [line["size_bytes"] > LIMIT_BYTES for line in told] == [True]
            assert "close it" in told[0]["detail"]
            seen = trio.Event()
            await seen.wait()
        assert log_file.stat().st_size == 0
        nursery.cancel_scope.cancel()
