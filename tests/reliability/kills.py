"""Kill the service at random moments, again and again, and see that nothing is lost or doubled.

The trial goes round: sync, analyse, decide, apply, undo. A timer kills the service some time into a
step; the step is then driven to its end on the restarted service.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from stashhog.demo.faults import delay
from tests.reliability.trial import Trial
from tests.rig.api import Shape
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.stash import differences

USUAL = 200
SCENES = 40
READY_S = 5.0
ENV = {
    "STASHHOG_STASH__PAGE_SIZE": "10",
    "STASHHOG_ANALYSIS__BATCH_SIZE": "1",
    "STASHHOG_LOGGING__LEVEL": "info",
}
DECIDED = {"accepted": {"accepted", "applying", "applied"}, "rejected": {"rejected"}}


@dataclass
class Round:
    """One installation under fire, what it promised so far, and what broke."""

    at: Installation
    trial: Trial
    kills_left: int
    kills: dict[str, int] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)
    resent: int = 0
    write_kills: int = 0
    plan_id: int = 0

    # --- killing --------------------------------------------------------------------------------

    def under_fire(self, name: str, usual_s: float, step: Callable[[], Any]) -> Any:
        """Drive a step to its end; a timer may kill the service some time into it."""
        began = time.monotonic()
        timer = None
        if self.kills_left:
            timer = threading.Timer(self.trial.chance.uniform(0.0, usual_s), self.at.service.kill)
            timer.start()
        while True:
            try:
                answer = step()
            except (httpx.TransportError, AssertionError) as error:
                if self.at.service.present.poll() is None and not _may_be_a_kill(self, error):
                    raise
                self.restart(name)
            else:
                break
        if timer is not None:
            timer.join()
            if self.at.service.present.poll() is not None:
                self.restart(name)
                answer = step()
        took = time.monotonic() - began
        self.trial.most(f"longest_{name}_s", took)
        return answer

    def restart(self, name: str) -> None:
        """Count the kill, start again, and look at what must hold after every one."""
        self.at.service.kill()
        self.kills_left -= 1
        self.kills[name] = self.kills.get(name, 0) + 1
        self.write_kills += name in ("apply", "undo")
        began = time.monotonic()
        self.at.service.start()
        took = time.monotonic() - began
        self.trial.most("slowest_ready_s", took)
        self.trial.check(took < READY_S, "ready in time", f"{took:.1f} s")
        self.check_database()
        if name != "undo":
            self.check_decisions()

    def check_database(self) -> None:
        """The file is whole and its references hold."""
        file = f"file:{self.at.service.data / 'stashhog.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as db:
            whole = db.execute("PRAGMA integrity_check").fetchall()
            loose = db.execute("PRAGMA foreign_key_check").fetchall()
        self.trial.check(whole == [("ok",)], "integrity", whole)
        self.trial.check(not loose, "foreign keys", loose[:3])

    def check_decisions(self) -> None:
        """Every decision that was answered is there."""
        if not self.decided:
            return
        plan_id = self.plan_id
        now = {c["id"]: c["status"] for c in self.at.api.changes(plan_id)}
        for change_id, status in self.decided.items():
            held = now.get(change_id) in DECIDED[status]
            self.trial.check(
                held, "decisions kept", f"{change_id} was {status}, is {now.get(change_id)}"
            )

    # --- the steps ------------------------------------------------------------------------------

    def finish(self, kind: str, submit: Callable[[], Shape]) -> Callable[[], Shape]:
        """A step that submits once, and afterwards finds its job again."""
        known = {job["id"] for job in self.at.api.items("/jobs", kind=kind)}
        mine: list[Shape] = []

        def step() -> Shape:
            if not mine:
                mine.extend(
                    j for j in self.at.api.items("/jobs", kind=kind) if j["id"] not in known
                )
            if not mine:
                mine.append(submit())
            return self.at.api.ended(mine[0], seconds=60)

        return step

    def go_round(self) -> None:
        """Sync, analyse, decide, apply, undo, and compare with how it began."""
        api, stash = self.at.api, self.at.stash
        before = stash.library()
        mode = self.trial.chance.choice(["full", "incremental"])
        self.under_fire("sync", 0.5, self.finish("sync", lambda: api.sync(mode)))
        scenes = api.items("/scenes")
        self.trial.check(len(scenes) == len(before["scenes"]), "all scenes synced", len(scenes))
        analysed = self.under_fire("analysis", 0.6, self.finish("analysis", api.analyse))
        self.plan_id = analysed["params"]["plan_id"]
        changes = api.changes(self.plan_id)
        keys = {(c["scene_id"], c["field"], c["action"], str(c["proposed"])) for c in changes}
        self.trial.check(
            len(keys) == len(changes) == api.plan(self.plan_id)["changes"], "no change doubled"
        )
        self.trial.check(len({c["scene_id"] for c in changes}) == SCENES, "all scenes analysed")
        self.under_fire("decide", 0.2, self.decide([c["id"] for c in changes]))
        accepted = {i for i, status in self.decided.items() if status == "accepted"}
        self.write("apply", lambda: api.apply(self.plan_id))
        applied = {c["id"] for c in api.changes(self.plan_id, status="applied")}
        self.trial.check(
            applied == accepted, "accepted is applied", f"{len(applied)} of {len(accepted)}"
        )
        self.check_images(changes, applied)
        self.decided.clear()
        self.write("undo", lambda: api.undo(self.plan_id))
        left = differences(before, stash.library())
        self.trial.check(left == {}, "undone is as before", list(left)[:5])
        for rejection in api.items("/analysis/rejections"):
            api.ask("DELETE", f"/analysis/rejections/{rejection['id']}", expect=204)
        api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)

    def decide(self, ids: list[int]) -> Callable[[], None]:
        """Accept most, reject some, in small requests; what was answered is held to."""
        wanted = {i: "accepted" if self.trial.chance.random() < 0.8 else "rejected" for i in ids}

        def step() -> None:
            for start in range(0, len(ids), 10):
                for status in DECIDED:
                    some = [i for i in ids[start : start + 10] if wanted[i] == status]
                    if some and not self.decided.keys() >= set(some):
                        self.at.api.decide(self.plan_id, status, ids=some)
                        self.decided.update(dict.fromkeys(some, status))

        return step

    def write(self, name: str, submit: Callable[[], Shape]) -> None:
        """Apply or undo, and count what was sent more than once."""
        before = self.at.stash.written()
        self.under_fire(name, 1.2, self.finish(name, submit))
        sent = self.at.stash.written() - before
        self.resent += sum(times - 1 for times in sent.values())

    def check_images(self, changes: list[Shape], applied: set[int]) -> None:
        """Each field is its pre- or its post-image, as its change says."""
        scenes = self.at.stash.scenes()
        for change in changes:
            if change["field"] not in ("title", "date"):
                continue
            value = change["proposed"] if change["id"] in applied else change["current"]
            present = scenes[change["scene_id"]][change["field"]]
            self.trial.check(
                (present or "") == (value or ""), "pre- or post-image", f"{change}: {present!r}"
            )


def _may_be_a_kill(state: Round, error: Exception) -> bool:
    """Whether the service is dying at this moment."""
    if not isinstance(error, httpx.TransportError):
        return False
    try:
        state.at.service.present.wait(2)
    except subprocess.TimeoutExpired:
        return False
    return True


def run(trial: Trial) -> None:
    """Go round until the kills are used up."""
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), library=small_library(scenes=SCENES), env=ENV) as at,
    ):
        at.stash.fault(delay(0.01), "mutation", times=None)
        at.stash.fault(delay(0.03), "findScenes", times=None)
        state = Round(at, trial, trial.count)
        while state.kills_left:
            state.go_round()
        trial.check(state.resent <= state.write_kills, "sent again", state.resent)
        trial.check("Traceback" not in at.service.log, "no traceback in the log")
    trial.figures |= {"kills": state.kills, "sent_again": state.resent}
