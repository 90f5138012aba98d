"""A change of schema goes through whole or not at all, after a checked copy."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from stashhog.core.exceptions import StorageError
from stashhog.db.backups import backups_of
from stashhog.db.migrate import migrate
from stashhog.db.revisions import REVISIONS, head, is_known
from tests.db.conftest import canary
from tests.reliability.migrations import UPGRADE, look
from tests.rig.releases import NEXT, revisions_with
from tests.rig.service import environment
from tests.rig.waiting import pause, until

DB = "stashhog.db"


def test_the_names_of_the_revisions_are_what_alembic_makes_of_them() -> None:
    scripts = ScriptDirectory(str(REVISIONS))
    assert scripts.get_current_head() == head()
    ordered = [script.revision for script in scripts.walk_revisions()][::-1]
    assert all(is_known(revision) for revision in ordered)
    assert ordered == sorted(p.name[:4] for p in REVISIONS.glob("versions/*.py"))
    assert not is_known("9001")


def test_the_old_schema_is_copied_before_the_first_change(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    path = folder("killed") / DB
    revisions = revisions_with(tmp_path / "next", 'op.execute("CREATE TABLE trial (n INTEGER)")')
    before = look(path)
    migrate(path, head(), revisions)
    (copy,) = backups_of(path)
    assert (copy.label, look(copy.path)) == (head(), before)
    assert (look(path)["version"], canary(path)) == (NEXT, "sings")


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        (
            """
            op.execute("CREATE TABLE trial (n INTEGER NOT NULL)")
            op.execute("INSERT INTO trial VALUES (NULL)")
            """,
            "NOT NULL constraint failed",
        ),
        ('op.execute("DROP TABLE scene_tags")\nop.execute("no statement")', "syntax error"),
        (
            """
            op.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
            op.execute("CREATE TABLE child (parent_id INTEGER REFERENCES parent)")
            op.execute("INSERT INTO child VALUES (7)")
            """,
            "a row of child refers to nothing",
        ),
    ],
)
def test_a_change_that_does_not_go_through_leaves_the_file_to_the_former_release(
    folder: Callable[[str], Path], tmp_path: Path, upgrade: str, why: str
) -> None:
    path = folder("closed") / DB
    before = look(path)
    with pytest.raises(StorageError) as caught:
        migrate(path, head(), revisions_with(tmp_path / "next", upgrade))
    assert caught.value.public_code == "migration_failed"
    assert str(path) in caught.value.detail
    assert why in caught.value.detail
    assert "\n" not in caught.value.detail
    assert look(path) == before


def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    path = folder("closed") / DB
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        db.execute("CREATE TABLE child (p INTEGER REFERENCES parent ON DELETE CASCADE)")
        db.execute("INSERT INTO parent VALUES (7)")
        db.execute("INSERT INTO child VALUES (7)")
    rebuild = """
        op.execute("CREATE TABLE new (id INTEGER PRIMARY KEY, more TEXT)")
        op.execute("INSERT INTO new (id) SELECT id FROM parent")
        op.execute("DROP TABLE parent")
        op.execute("ALTER TABLE new RENAME TO parent")
    """
    migrate(path, head(), revisions_with(tmp_path / "next", rebuild))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT p, more FROM child JOIN parent ON p = id").fetchall() == [
            (7, None)
        ]


def test_a_kill_leaves_the_old_schema_or_the_new_one(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """`python -m tests.reliability migrations` does this to the whole service."""
    path = folder("closed") / DB
    revisions = revisions_with(tmp_path / "next", UPGRADE)
    before = look(path)
    program = (
        "import sys; from pathlib import Path; from stashhog.db.migrate import migrate;"
        "path, revision, folder = sys.argv[1:]; migrate(Path(path), revision, Path(folder))"
    )
    chance = random.Random(17)
    for kills in range(1, 3):
        log = tmp_path / f"log-{kills}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", program, str(path), head(), str(revisions)],
                env=environment(),
                stdout=output,
            )
        until(lambda file=log: b"migrating" in file.read_bytes(), "it migrates", every_s=0.001)
        pause(chance.uniform(0.0, 0.1))
        process.kill()
        process.wait()
        assert look(path) == before
        assert look(backups_of(path)[-1].path) == before
    migrate(path, head(), revisions)
    assert (look(path)["version"], canary(path)) == (NEXT, "sings")
    assert len(backups_of(path)) == 3
