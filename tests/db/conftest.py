"""Data folders as the service leaves them: closed in order, and as a kill leaves them."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import trio

from stashhog.core.config import DatabaseSettings
from stashhog.db import open_database

SETTINGS = DatabaseSettings()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("folders")
    made = {"closed": home / "closed", "killed": home / "killed"}

    async def make() -> None:
        async with open_database(made["closed"], SETTINGS) as db:
            await db.write(
                lambda s: s.connection().exec_driver_sql(
                    "INSERT INTO meta (name, value) VALUES ('canary', 'sings')"
                )
            )
            shutil.copytree(made["closed"], made["killed"])

    trio.run(make)
    return made


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a folder, for one test."""

    def copied(state: str) -> Path:
        return shutil.copytree(folders[state], tmp_path / state, copy_function=shutil.copy2)

    return copied


def sums(folder: Path) -> dict[str, str]:
    """What lies in a folder; `-shm` is SQLite's scratch, good for no longer than a process."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.endswith("-shm")
    }


def canary(file: Path) -> str:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        (value,) = db.execute("SELECT value FROM meta WHERE name = 'canary'").fetchone()
    return str(value)
