"""Fill the disk at random moments of each kind of job, look, make room, and see it go on.

As root the data folder lies on a small tmpfs that really runs full; elsewhere the process meets a
limit of its own (`tests.rig.disk`). While it is full: writes are 507 problems, reads go on, jobs
wait. Then, without a restart: the job ends, and everything that was answered is there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stashhog.demo.faults import delay
from tests.reliability.trial import Trial
from tests.rig.api import FINAL, Shape
from tests.rig.disk import SmallDisk, full_disk, may_mount
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.stash import differences
from tests.rig.waiting import pause, until

USUAL = 25
SCENES = 60
DISK_BYTES = 24 << 20
WAITS_S = 30.0
STANDS_S = 3.0
GOES_ON_S = 10.0
ENV = {"STASHHOG_STASH__PAGE_SIZE": "10", "STASHHOG_ANALYSIS__BATCH_SIZE": "1"}
KINDS = ("sync", "analysis", "apply", "undo")
READS = ("/health", "/scenes", "/performers", "/jobs", "/analysis/plans", "/settings")
Filled = Callable[[], Any]


class Under:
    """One installation whose disk runs full again and again."""

    def __init__(self, trial: Trial, at: Installation, filled: Filled) -> None:
        self.trial = trial
        self.at = at
        self.filled = filled
        self.decided: dict[int, str] = {}
        self.saved: Any = None
        self.plan_id = 0

    def prepare(self) -> None:
        """Sync once, and have a plan."""
        self.at.api.synced()
        self.new_plan()

    def new_plan(self) -> None:
        self.decided.clear()
        self.plan_id = self.at.api.plan_made()["id"]

    def round(self, kind: str) -> None:
        """One job of a kind, and a full disk some time into it."""
        api = self.at.api
        before = self.at.stash.library()
        self.decided.clear()
        job = self.begin(kind)
        pause(self.trial.chance.uniform(0.0, 0.5))
        with self.filled():
            waits = self.waits(job)
            self.refused()
            self.read()
            if waits and self.trial.chance.random() < 0.2:
                self.cancelled(job)
        began = time.monotonic()
        ended = api.final(job, seconds=60)
        self.trial.most("ends_after_room_s", time.monotonic() - began)
        wanted = ("completed", "cancelled")
        self.trial.check(ended["status"] in wanted, "the job goes on", ended)
        until(self.writes, "writes go on", seconds=GOES_ON_S)
        self.kept()
        self.settle(kind, before)

    def begin(self, kind: str) -> Shape:
        """Start a job of a kind, with what it needs before it."""
        api = self.at.api
        match kind:
            case "sync":
                return api.sync("full")
            case "analysis":
                return api.analyse()
            case "apply":
                api.accept_all(self.plan_id)
                return api.apply(self.plan_id)
        api.accept_all(self.plan_id)
        api.applied(self.plan_id)
        return api.undo(self.plan_id)

    def settle(self, kind: str, before: Any) -> None:
        """Bring the library back to where it was, and see that this is possible."""
        api = self.at.api
        if kind in ("apply", "undo"):
            api.ended(api.undo(self.plan_id), seconds=60)
            left = differences(before, self.at.stash.library())
            self.trial.check(left == {}, "undone is as before", list(left)[:5])
            api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)
            self.new_plan()
        if kind == "analysis":
            newest = api.get("/analysis/plans")["items"][0]["id"]
            if newest != self.plan_id:
                api.ask("DELETE", f"/analysis/plans/{newest}", expect=204)

    # --- while it is full -----------------------------------------------------------------------

    def waits(self, job: Shape) -> bool:
        """The job says that it waits for the disk.

        Else it ended before, or its beginning or end is what cannot be saved: it stands still.
        """
        last: list[tuple[float, Shape]] = []

        def look() -> Shape | None:
            now = self.at.api.job(job["id"])
            if not last or now != last[-1][1]:
                last.append((time.monotonic(), now))
            stands = time.monotonic() - last[-1][0] > STANDS_S
            waiting = (now["waiting"] or {}).get("code") == "disk_full"
            return now if waiting or now["status"] in FINAL or stands else None

        now = until(look, "the job waits for the disk", seconds=WAITS_S, every_s=0.05)
        self.trial.check(now["status"] != "failed", "a full disk fails no job", now)
        waits = now["waiting"] is not None
        self.trial.figures["waited"] = self.trial.figures.get("waited", 0) + waits
        return waits

    def refused(self) -> None:
        """What changes something is a 507, or it is kept."""
        api, chance = self.at.api, self.trial.chance
        changes = api.changes(self.plan_id, status=["proposed", "rejected"])
        for change in chance.sample(changes, min(5, len(changes))):
            status = "rejected" if change["status"] == "proposed" else "proposed"
            path = f"/analysis/changes/{change['id']}"
            answer = api.send("PATCH", path, json={"status": status})
            if self.problem(answer, path):
                self.decided[change["id"]] = status
        timeout = chance.randint(5, 50)
        answer = api.send("PUT", "/settings", json={"values": {"stash": {"timeout": timeout}}})
        if self.problem(answer, "/settings"):
            self.saved = timeout
        self.problem(api.send("POST", "/scenes/sync", json={"mode": "full"}), "/scenes/sync")

    def problem(self, answer: Any, path: str) -> bool:
        """Whether it was done; where it was not it has to be the problem that API.md names."""
        if answer.is_success:
            return True
        told = (answer.status_code, answer.json()["code"])
        self.trial.check(told == (507, "disk_full"), "507 disk_full", f"{path}: {answer.text}")
        return False

    def read(self) -> None:
        """Everything can still be looked at."""
        for path in (*READS, f"/analysis/plans/{self.plan_id}/changes"):
            answer = self.at.api.send("GET", path)
            self.trial.check(answer.status_code == 200, "reads go on", f"{path}: {answer.text}")

    def cancelled(self, job: Shape) -> None:
        """A job that waits for the disk can be cancelled; that is kept once there is room."""
        answer = self.at.api.send("DELETE", f"/jobs/{job['id']}")
        self.trial.check(answer.status_code in (200, 202, 507), "a cancel is heard", answer.text)

    # --- afterwards -----------------------------------------------------------------------------

    def writes(self) -> bool:
        """Whether a write goes through."""
        answer = self.at.api.send("PUT", "/settings", json={"values": {"stash": {"timeout": 30}}})
        if answer.is_success:
            if self.saved is not None:
                self.saved = 30
            return True
        return False

    def kept(self) -> None:
        """What was answered while the disk was full is there."""
        now = {c["id"]: c["status"] for c in self.at.api.changes(self.plan_id)}
        for change_id, status in self.decided.items():
            self.trial.check(now[change_id] == status, "answered is kept", (change_id, status))
        for job in self.at.api.items("/jobs", status=["queued", "running", "cancelling"]):
            self.at.api.final(job, seconds=60)


@contextmanager
def _tmpfs(trial: Trial) -> Generator[tuple[Path, Callable[[Installation], Filled]]]:
    with SmallDisk(DISK_BYTES) as disk:
        yield disk.path, lambda at: lambda: disk.full(trial.chance.choice((0, 0, 20_000, 200_000)))


@contextmanager
def _limited(trial: Trial) -> Generator[tuple[Path, Callable[[Installation], Filled]]]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), lambda at: lambda: full_disk(at.service.present)


def run(trial: Trial) -> None:
    """Fill it `count` times, each kind of job in turn."""
    trial.figures["how"] = "tmpfs" if may_mount() else "limit"
    place = _tmpfs if may_mount() else _limited
    with (
        place(trial) as (folder, filling),
        tempfile.TemporaryDirectory() as home,
        installed(
            Path(home),
            library=small_library(scenes=SCENES),
            env=ENV,
            data=folder / "data",
        ) as at,
    ):
        at.stash.fault(delay(0.05), "graphql", times=None)
        under = Under(trial, at, filling(at))
        under.prepare()
        for number in range(trial.count):
            under.round(KINDS[number % len(KINDS)])
        trial.check("Traceback" not in at.service.log, "no traceback in the log")
        trial.check(at.service.stop()[0] == 0, "an orderly stop")
