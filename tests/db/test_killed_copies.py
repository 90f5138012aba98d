"""A kill in the middle of making or restoring a copy leaves what is whole, and nothing else.

The database is large enough that most kills hit the copying itself. A process makes or restores
copies again and again; it is killed at random moments.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from stashhog.db import open_database
from stashhog.db.backups import backups_of, make_backup
from stashhog.db.opening import examine
from tests.db.conftest import SETTINGS, canary
from tests.rig.service import environment
from tests.rig.waiting import pause, until

DB = "stashhog.db"
SIZE_BYTES = 20_000_000
KILLS = 2
MOST_KILLS = 20
MAKE = """
import sys; from pathlib import Path; from stashhog.db.backups import make_backup
while True: make_backup(Path(sys.argv[1]), "manual")
"""
RESTORE = """
import sys; from pathlib import Path; from stashhog.db.backups import restore_backup
while True:
    for copy in sys.argv[2:]: restore_backup(Path(sys.argv[1]), Path(copy))
"""


def _fill(path: Path, value: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT OR REPLACE INTO meta VALUES ('big', hex(randomblob(?)))", (SIZE_BYTES // 2,)
        )
        db.execute("UPDATE meta SET value = ? WHERE name = 'canary'", (value,))
        db.commit()


def _killed(program: str, *arguments: str, log: Path, moment_s: float) -> None:
    """Run a program until it has logged its first success, and so much longer."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], env=environment(), stdout=output
        )
    try:
        until(lambda: log.stat().st_size > 0 or process.poll(), "the first one is done")
        assert process.poll() is None
        pause(moment_s)
    finally:
        process.kill()
        process.wait()


def _whole(file: Path) -> bool:
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _unfinished(path: Path) -> list[Path]:
    finished = {each.path for each in backups_of(path)}
    return [each for each in (path.parent / "backups").iterdir() if each not in finished]


async def test_a_copy_under_its_name_is_whole_whenever_its_maker_was_killed(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    path, chance, hits = folder("closed") / DB, random.Random(21), 0
    _fill(path, "sings")
    for number in range(MOST_KILLS):
        _killed(MAKE, str(path), log=tmp_path / f"{number}.log", moment_s=chance.uniform(0, 0.3))
        copies = [each.path for each in backups_of(path)]
        assert copies
        assert all(_whole(copy) and canary(copy) == "sings" for copy in copies)
        hits += len(_unfinished(path)) > 0
        if hits == KILLS:
            break
    assert hits == KILLS, "kills hit copies in the making"
    async with open_database(path.parent, SETTINGS):
        assert _unfinished(path) == []


def test_a_kill_while_a_copy_is_put_back_leaves_the_old_or_the_new_one(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    path, chance = folder("closed") / DB, random.Random(22)
    copies = []
    for value in ("one", "two"):
        _fill(path, value)
        copies.append(tmp_path / f"{value}.db")
        make_backup(path, "manual").replace(copies[-1])
    for number in range(KILLS):
        _killed(
            RESTORE,
            str(path),
            *map(str, copies),
            log=tmp_path / f"{number}.log",
            moment_s=chance.uniform(0, 0.5),
        )
        assert examine(path) is not None
        assert canary(path) in {"one", "two"}
        assert all(_whole(copy.path) for copy in backups_of(path))
