"""Kill the service, or let the disk be full, while it brings a database to the next schema.

A copy of the tree with one more revision is the next release; the tree itself is the former one.
After each hit the file has the old schema or the new one, with all rows, and a checked copy of the
old one lies in `backups`; the former release refuses the new schema, and `restore` is the way back.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from stashhog.db.revisions import head
from tests.reliability.trial import Trial
from tests.rig.disk import full_disk
from tests.rig.releases import NEXT, next_release
from tests.rig.service import Service, command
from tests.rig.waiting import PATIENCE_S, pause, until

USUAL = 50
ROWS = 300_000
LEFT_BYTES = 512 << 10
UPGRADE = """
op.execute("CREATE TABLE trial (n INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT")
op.execute(
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ROWS)"
    " INSERT INTO trial SELECT n, hex(n) || ' of many' FROM c"
)
op.execute("ALTER TABLE meta ADD COLUMN trial TEXT")
op.execute("UPDATE meta SET trial = value")
op.execute("CREATE INDEX trial_v ON trial (v)")
""".replace("ROWS", str(ROWS))


def look(file: Path) -> dict[str, Any]:
    """What a database holds: its schema's version, how that looks, and the rows of old."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:

        def all_of(statement: str) -> list[tuple[Any, ...]]:
            return db.execute(statement).fetchall()

        return {
            "version": all_of("SELECT version_num FROM alembic_version")[0][0],
            "schema": all_of("SELECT name, sql FROM sqlite_master ORDER BY name"),
            "rows": all_of("SELECT name, value FROM meta WHERE name != 'opened' ORDER BY name"),
            "whole": all_of("PRAGMA integrity_check"),
            "loose": all_of("PRAGMA foreign_key_check"),
        }


def serving(service: Service) -> bool:
    """Whether the start got through."""
    return '"serving"' in service.log


class Upgrades:
    """One data folder that goes to the next schema and back, again and again."""

    def __init__(self, trial: Trial, home: Path) -> None:
        self.trial = trial
        self.home = home
        self.data = home / "data"
        self.file = self.data / "stashhog.db"
        self.next_env = next_release(home / "next", UPGRADE)
        self.runs = 0

    def service(self, env: Mapping[str, str] | None = None) -> Service:
        """A process of a release, the former one unless told otherwise, on the one folder."""
        self.runs += 1
        return Service(self.home / f"run-{self.runs}", env=env, data=self.data)

    def prepare(self) -> None:
        """Make a database of the former release with something in it, and learn both schemas."""
        with self.service() as former:
            former.stop()
        with closing(sqlite3.connect(self.file, isolation_level=None)) as db:
            db.execute("INSERT INTO meta (name, value) VALUES ('canary', 'sings')")
        self.before = look(self.file)
        with self.service(self.next_env) as following:
            self.trial.check(following.stop()[0] == 0, "the next release stops in order")
        self.after = look(self.file)
        self.trial.check(self.after["version"] == NEXT, "migrated", self.after["version"])
        events = {e["event"]: datetime.fromisoformat(e["timestamp"]) for e in following.events}
        self.usual_s = (events["serving"] - events["migrating"]).total_seconds()
        self.trial.figures["usual_migration_s"] = self.usual_s
        self.back()

    def latest_backup(self) -> Path:
        """The newest copy that has the old schema."""
        copies = sorted(self.file.parent.glob(f"backups/*-{self.before['version']}.db"))
        self.trial.check(copies, "a copy before the change")
        return copies[-1]

    def back(self) -> None:
        """Be refused by the former release, and go back to the old schema by `restore`."""
        data = ("--data-dir", str(self.file.parent))
        if look(self.file)["version"] == NEXT:
            refused = command("plans", *data, home=self.home)
            lines = refused.stderr.splitlines()
            told = refused.returncode == 1 and len(lines) == 1 and str(self.file) in lines[0]
            self.trial.check(told, "the former release refuses in one line", refused.stderr)
        restored = command("restore", str(self.latest_backup()), *data, home=self.home)
        self.trial.check(restored.returncode == 0, "restored", restored.stderr)
        self.is_old("as before after a restore")

    def is_old(self, promise: str) -> None:
        """The file is what it was before the upgrade."""
        self.trial.check(look(self.file) == self.before, promise)

    def hit(self, full: bool) -> None:
        """Start the next release and hit it some time into the migration."""
        service = self.service(self.next_env).start(wait=False)
        mark = "migrating" if full else self.trial.chance.choice(("backup_written", "migrating"))
        until(lambda: mark in service.log, mark, seconds=PATIENCE_S, every_s=0.001)
        pause(self.trial.chance.uniform(0.0, self.usual_s * (0.2 if full else 1.0)))
        if not full:
            service.kill()
            return
        with full_disk(service.present, LEFT_BYTES):
            over = until(
                lambda: service.present.poll() is not None or serving(service),
                "it ends",
                seconds=PATIENCE_S,
            )
            if serving(service):  # the disk ran full too late
                service.kill()
                return
            self.trial.check(over and service.wait() == 1, "a full disk ends the start")
        lines = [line for line in service.log.splitlines() if not line.startswith("{")]
        told = len(lines) == 1 and "no space left" in lines[0]
        self.trial.check(told, "a full disk is told in one line", lines)

    def round(self, full: bool) -> None:
        """Old or new after the hit, never between; either release goes on; then back again."""
        self.hit(full)
        found = look(self.file)
        self.trial.check(found in (self.before, self.after), "old or new", found["version"])
        if found["version"] != NEXT:
            self.trial.check(look(self.latest_backup()) == self.before, "the copy is whole")
            with self.service() as former:
                self.trial.check(former.stop()[0] == 0, "the former release goes on")
            self.is_old("as before for the former release")
            with self.service(self.next_env) as following:
                following.stop()
        self.trial.check(look(self.file) == self.after, "the next release ends it")
        self.back()


def run(trial: Trial) -> None:
    """Kill `count` upgrades; every fifth one meets a full disk instead."""
    with tempfile.TemporaryDirectory() as folder:
        upgrades = Upgrades(trial, Path(folder))
        upgrades.prepare()
        for number in range(trial.count):
            upgrades.round(full=number % 5 == 1)
        kept = len(list(upgrades.file.parent.glob(f"backups/*-{head()}.db")))
        trial.check(kept >= 3 or trial.count < 3, "three copies are kept", kept)
