"""A full disk refuses writes, keeps what was there readable, and is forgotten once there is room.

The process itself is held from writing (`RLIMIT_FSIZE`), so that this needs no rights and no disk.
"""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from stashhog.core.exceptions import DiskFullError
from stashhog.db import open_database
from stashhog.db.lock import lock_data_folder
from tests.db.conftest import SETTINGS, sums


@contextmanager
def full(left_bytes: int = 0) -> Generator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left_bytes, before[1]))
    try:
        with capture_logs():  # pytest's own capture is a file too
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _note(value: str) -> Any:
    return lambda s: s.connection().exec_driver_sql(
        "INSERT INTO meta (name, value) VALUES ('note', ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (value,),
    )


def _noted(s: Any) -> Any:
    return s.connection().exec_driver_sql("SELECT value FROM meta WHERE name = 'note'").scalar_one()


async def test_writes_are_refused_reads_go_on_and_room_is_all_it_takes(tmp_path: Path) -> None:
    async with open_database(tmp_path / "data", SETTINGS) as db:
        await db.write(_note("before"))
        with full():
            for _ in range(3):
                with pytest.raises(DiskFullError) as caught:
                    await db.write(_note("meanwhile"))
                assert str(db.path) in caught.value.detail
                assert await db.read(_noted) == "before"
            with pytest.raises(DiskFullError):
                await db.backup()
            assert list((tmp_path / "data" / "backups").iterdir()) == []
        await db.write(_note("afterwards"))
        assert await db.read(_noted) == "afterwards"
    async with open_database(tmp_path / "data", SETTINGS) as db:
        assert await db.read(_noted) == "afterwards"


async def test_a_new_database_on_a_full_disk_is_told_in_one_line_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    with full(), pytest.raises(DiskFullError):
        async with open_database(tmp_path / "data", SETTINGS):
            raise AssertionError
    assert not (tmp_path / "data" / "stashhog.db").exists()
    async with open_database(tmp_path / "data", SETTINGS) as db:
        await db.write(_note("now"))


async def test_a_start_on_a_full_disk_serves_reads_or_ends_with_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with open_database(folder, SETTINGS) as db:
        await db.write(_note("before"))
    before = sums(folder)["stashhog.db"]
    with full(), lock_data_folder(folder):
        try:
            async with open_database(folder, SETTINGS) as db:
                assert await db.read(_noted) == "before"
        except* DiskFullError as group:
            told = str(group.exceptions[0])
        else:
            told = str(folder)
    assert str(folder) in told
    assert sums(folder)["stashhog.db"] == before
