"""What is taken for the library's database, and what is left alone with one line to the person."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stashhog.core.config import DatabaseSettings
from stashhog.core.exceptions import StorageError
from stashhog.db import inspect_database, open_database
from tests.db.conftest import SETTINGS, canary, sums

DB = "stashhog.db"
PAGE = 4096


def _empty(folder: Path) -> None:
    (folder / DB).write_bytes(b"")


def _garbage(folder: Path) -> None:
    (folder / DB).write_bytes(b"no database at all\n" * 400)


def _header_only(folder: Path) -> None:
    (folder / DB).write_bytes(b"SQLite format 3\x00" + bytes(50))


def _cut(folder: Path) -> None:
    (folder / DB).write_bytes((folder / DB).read_bytes()[: 5 * PAGE])


def _flipped(folder: Path) -> None:
    content = bytearray((folder / DB).read_bytes())
    for at in range(5 * PAGE, 5 * PAGE + 200):
        content[at] ^= 0xFF
    (folder / DB).write_bytes(content)


def _foreign(folder: Path) -> None:
    (folder / DB).unlink()
    with closing(sqlite3.connect(folder / DB)) as db:
        db.execute("CREATE TABLE theirs (a)")


def _sql(statement: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        with closing(sqlite3.connect(folder / DB, isolation_level=None)) as db:
            db.execute(statement)

    return act


def _strange_log(folder: Path) -> None:
    """The log of another database, which SQLite would take for this one's."""
    other = folder.parent / "other.db"
    with closing(sqlite3.connect(other, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE theirs (a)")
        db.execute("INSERT INTO theirs VALUES (randomblob(300000))")
        (folder / f"{DB}-wal").write_bytes(Path(f"{other}-wal").read_bytes())


def _no_file(folder: Path) -> None:
    (folder / DB).unlink()


def _a_folder(folder: Path) -> None:
    (folder / DB).unlink()
    (folder / DB).mkdir()


def _lost_link(folder: Path) -> None:
    (folder / DB).unlink()
    (folder / DB).symlink_to(folder.parent / "unmounted.db")


def _no_key(folder: Path) -> None:
    (folder / "secrets.key").write_bytes(b"")


REFUSED = [
    ("closed", _empty, "database_empty"),
    ("closed", _garbage, "not_a_database"),
    ("closed", _header_only, "not_a_database"),
    ("closed", _cut, "database_damaged"),
    ("closed", _flipped, "database_damaged"),
    ("killed", _flipped, "database_damaged"),
    ("closed", _foreign, "foreign_database"),
    ("closed", _sql("UPDATE alembic_version SET version_num = '9999'"), "schema_newer"),
    ("closed", _sql("DROP TABLE alembic_version"), "database_damaged"),
    ("closed", _sql("DROP TABLE scene_tags"), "database_damaged"),
    ("closed", _strange_log, "foreign_log"),
    ("killed", _strange_log, "foreign_log"),
    ("killed", _no_file, "database_missing"),
    ("closed", _lost_link, "database_missing"),
    ("closed", _a_folder, "not_a_database"),
    ("closed", _no_key, "key_unusable"),
]


@pytest.mark.parametrize("migrate", [True, False])
@pytest.mark.parametrize(
    ("state", "harm", "code"), REFUSED, ids=[f"{s}-{c}-{i}" for i, (s, _, c) in enumerate(REFUSED)]
)
async def test_what_cannot_be_used_is_named_in_one_line_and_left_as_it_is(
    folder: Callable[[str], Path],
    state: str,
    harm: Callable[[Path], None],
    code: str,
    migrate: bool,
) -> None:
    place = folder(state)
    harm(place)
    before = sums(place)
    with pytest.raises(StorageError) as caught:
        async with open_database(place, SETTINGS, migrate=migrate):
            raise AssertionError
    assert caught.value.public_code == code
    assert str(place) in caught.value.detail
    assert ";" in caught.value.detail, "the remedy follows what was found"
    assert "\n" not in caught.value.detail
    assert sums(place) == before


@pytest.mark.parametrize("state", ["closed", "killed"])
async def test_what_a_stop_or_a_kill_left_is_taken_with_all_that_is_in_it(
    folder: Callable[[str], Path], state: str
) -> None:
    place = folder(state)
    async with open_database(place, SETTINGS):
        pass
    assert canary(place / DB) == "sings"


async def test_a_link_leads_to_the_file_and_its_log(folder: Callable[[str], Path]) -> None:
    place = folder("killed")
    real = place.parent / "disk"
    real.mkdir()
    for name in (DB, f"{DB}-wal"):
        (place / name).rename(real / name)
    (place / DB).symlink_to(real / DB)
    async with open_database(place, SETTINGS) as db:
        assert db.path == real / DB
    assert canary(real / DB) == "sings"
    assert (place / DB).is_symlink()


async def test_a_folder_that_is_not_there_is_no_reason_for_an_empty_library(
    tmp_path: Path,
) -> None:
    settings = DatabaseSettings(url=f"sqlite:///{tmp_path / 'disk' / 'library.db'}")
    with pytest.raises(StorageError) as caught:
        async with open_database(tmp_path / "data", settings):
            raise AssertionError
    assert caught.value.public_code == "database_folder_missing"
    assert not (tmp_path / "disk").exists()


async def test_the_writer_waits_for_the_device_at_each_commit(tmp_path: Path) -> None:
    full = 2
    async with open_database(tmp_path / "data", SETTINGS) as db:

        def look(s: object) -> tuple[object, ...]:
            connection = s.connection()  # type: ignore[attr-defined]  # a Session
            names = ("synchronous", "journal_mode", "foreign_keys")
            return tuple(
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names
            )

        assert await db.write(look) == (full, "wal", 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write whatever the mode says")
@pytest.mark.parametrize("what", [".", DB])
async def test_what_may_only_be_read_is_told_by_start_and_doctor(
    folder: Callable[[str], Path], what: str
) -> None:
    place = folder("closed")
    before = sums(place)
    mode = (place / what).stat().st_mode
    (place / what).chmod(mode & ~0o222)
    try:
        with pytest.raises(StorageError) as caught:
            async with open_database(place, SETTINGS):
                raise AssertionError
        _, findings = await inspect_database(place, SETTINGS)
    finally:
        (place / what).chmod(mode)
    assert str(place) in caught.value.detail
    assert what == "." or [state for state, _, _ in findings] == ["bad"]
    assert sums(place) == before
