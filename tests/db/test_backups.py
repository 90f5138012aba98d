"""Copies of the database are whole or not there, and they can be put back."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stashhog.core.exceptions import StorageError
from stashhog.db import open_database
from stashhog.db.backups import KEEP, backups_of, make_backup, restore_backup
from tests.db.conftest import SETTINGS, canary, sums
from tests.rig.service import command

DB = "stashhog.db"


async def test_a_copy_is_made_while_the_database_is_open_and_written(tmp_path: Path) -> None:
    async with open_database(tmp_path / "data", SETTINGS) as db:
        for number in range(KEEP + 2):
            await db.write(
                lambda s, n=number: s.connection().exec_driver_sql(
                    "INSERT INTO meta (name, value) VALUES ('canary', ?)"
                    " ON CONFLICT DO UPDATE SET value = excluded.value",
                    (str(n),),
                )
            )
            copy = await db.backup()
            assert canary(copy) == str(number)
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert [canary(each.path) for each in backups_of(db.path)] == ["2", "3", "4"]


def test_copies_of_one_label_push_out_no_other_label(folder: Callable[[str], Path]) -> None:
    path = folder("closed") / DB
    for label in ("0001", *["manual"] * (KEEP + 2), "replaced"):
        make_backup(path, label)
    assert [each.label for each in backups_of(path)] == ["0001", *["manual"] * KEEP, "replaced"]


@pytest.mark.parametrize("state", ["closed", "killed"])
def test_a_damaged_database_gives_no_copy(folder: Callable[[str], Path], state: str) -> None:
    path = folder(state) / DB
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"?" * (len(content) - 8192))
    with pytest.raises(StorageError):
        make_backup(path, "manual")
    assert list((path.parent / "backups").iterdir()) == []


@pytest.mark.parametrize("state", ["closed", "killed"])
async def test_a_copy_takes_the_place_of_what_is_there_which_is_kept(
    folder: Callable[[str], Path], state: str
) -> None:
    path = folder(state) / DB
    copy = make_backup(path, "manual")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET value = 'later' WHERE name = 'canary'")
        kept = restore_backup(path, Path(copy.name))
    assert kept is not None
    assert (canary(path), canary(kept)) == ("sings", "later")
    async with open_database(path.parent, SETTINGS):
        assert canary(path) == "sings"


async def test_a_copy_takes_the_place_of_a_damaged_file_and_its_log(
    folder: Callable[[str], Path],
) -> None:
    path = folder("killed") / DB
    copy = make_backup(path, "manual")
    path.write_bytes(b"")
    kept = restore_backup(path, copy)
    assert kept is not None
    assert kept.read_bytes() == b""
    assert kept.with_name(f"{kept.name}-wal").stat().st_size > 0
    async with open_database(path.parent, SETTINGS):
        assert canary(path) == "sings"


def test_what_is_no_copy_of_ours_replaces_nothing(folder: Callable[[str], Path]) -> None:
    path = folder("closed") / DB
    before = sums(path.parent)
    other = path.parent.parent / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE theirs (a)")
    for wrong in (other, other.with_name("nowhere.db"), path.parent / "secrets.key"):
        with pytest.raises(StorageError) as caught:
            restore_backup(path, wrong)
        assert caught.value.public_code == "backup_unusable"
    assert sums(path.parent) == before


def test_a_copy_is_made_listed_and_put_back_by_command(folder: Callable[[str], Path]) -> None:
    place = folder("killed")
    given = ("--data-dir", str(place))
    made = command("backup", "--json", *given, home=place.parent)
    (place / DB).write_bytes(b"")
    name = json.loads(made.stdout)["file"]
    told = command("restore", name, *given, home=place.parent)
    assert (made.returncode, told.returncode) == (0, 0), told.stderr
    assert canary(place / DB) == "sings"
