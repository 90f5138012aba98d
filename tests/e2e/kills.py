"""Kill the service at random moments, again and again, and see that nothing is lost or doubled.

`python -m tests.e2e.kills --kills 25 --seed 1` goes round: sync, analyse, decide, apply, undo. A
timer kills the service some time into a step; the step is then driven to its end on the restarted
service. The exit code is 1 where a promise was broken; the seed has the same run again.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
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
from tests.rig.api import Shape
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.stash import differences

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
    chance: random.Random
    kills_left: int
    kills: dict[str, int] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    slowest_ready_s: float = 0.0
    longest_step_s: dict[str, float] = field(default_factory=dict)
    resent: int = 0
    write_kills: int = 0
    plan_id: int = 0

    def check(self, holds: bool, what: str) -> None:
        """Note a broken promise and go on."""
        if not holds:
            self.broken.append(what)
            print(f"BROKEN: {what}", flush=True)

    # --- killing --------------------------------------------------------------------------------

    def under_fire(self, name: str, usual_s: float, step: Callable[[], Any]) -> Any:
        """Drive a step to its end; a timer may kill the service some time into it."""
        began = time.monotonic()
        timer = None
        if self.kills_left:
            timer = threading.Timer(self.chance.uniform(0.0, usual_s), self.at.service.kill)
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
        self.longest_step_s[name] = max(took, self.longest_step_s.get(name, 0.0))
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
        self.slowest_ready_s = max(self.slowest_ready_s, took)
        self.check(took < READY_S, f"ready only after {took:.1f} s")
        self.check_database()
        if name != "undo":
            self.check_decisions()

    def check_database(self) -> None:
        """The file is whole and its references hold."""
        file = f"file:{self.at.service.data / 'stashhog.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as db:
            whole = db.execute("PRAGMA integrity_check").fetchall()
            loose = db.execute("PRAGMA foreign_key_check").fetchall()
        self.check(whole == [("ok",)], f"integrity: {whole}")
        self.check(not loose, f"foreign keys: {loose[:3]}")

    def check_decisions(self) -> None:
        """Every decision that was answered is there."""
        if not self.decided:
            return
        plan_id = self.plan_id
        now = {c["id"]: c["status"] for c in self.at.api.changes(plan_id)}
        for change_id, status in self.decided.items():
            held = now.get(change_id) in DECIDED[status]
            self.check(held, f"change {change_id} was {status} and is {now.get(change_id)}")

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
        mode = self.chance.choice(["full", "incremental"])
        self.under_fire("sync", 0.5, self.finish("sync", lambda: api.sync(mode)))
        scenes = api.items("/scenes")
        self.check(len(scenes) == len(before["scenes"]), f"{len(scenes)} scenes after a sync")
        analysed = self.under_fire("analysis", 0.6, self.finish("analysis", api.analyse))
        self.plan_id = analysed["params"]["plan_id"]
        changes = api.changes(self.plan_id)
        keys = {(c["scene_id"], c["field"], c["action"], str(c["proposed"])) for c in changes}
        self.check(
            len(keys) == len(changes) == api.plan(self.plan_id)["changes"], "doubled changes"
        )
        self.check(len({c["scene_id"] for c in changes}) == SCENES, "scenes without a change")
        self.under_fire("decide", 0.2, self.decide([c["id"] for c in changes]))
        accepted = {i for i, status in self.decided.items() if status == "accepted"}
        self.write("apply", lambda: api.apply(self.plan_id))
        applied = {c["id"] for c in api.changes(self.plan_id, status="applied")}
        self.check(applied == accepted, f"applied {len(applied)} of {len(accepted)}")
        self.check_images(changes, applied)
        self.decided.clear()
        self.write("undo", lambda: api.undo(self.plan_id))
        left = differences(before, stash.library())
        self.check(left == {}, f"differs after undo: {list(left)[:5]}")
        for rejection in api.items("/analysis/rejections"):
            api.ask("DELETE", f"/analysis/rejections/{rejection['id']}", expect=204)
        api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)

    def decide(self, ids: list[int]) -> Callable[[], None]:
        """Accept most, reject some, in small requests; what was answered is held to."""
        wanted = {i: "accepted" if self.chance.random() < 0.8 else "rejected" for i in ids}

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
            self.check((present or "") == (value or ""), f"{change} but Stash has {present!r}")


def _may_be_a_kill(state: Round, error: Exception) -> bool:
    """Whether the service is dying at this moment."""
    if not isinstance(error, httpx.TransportError):
        return False
    try:
        state.at.service.present.wait(2)
    except subprocess.TimeoutExpired:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Run the rounds; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), library=small_library(scenes=SCENES), env=ENV) as at,
    ):
        at.stash.fault(delay(0.01), "mutation", times=None)
        at.stash.fault(delay(0.03), "findScenes", times=None)
        state = Round(at, random.Random(options.seed), options.kills)
        while state.kills_left:
            state.go_round()
        state.check(state.resent <= state.write_kills, f"{state.resent} mutations were sent again")
        state.check("Traceback" not in at.service.log, "a traceback in the log")
    report = {
        "seed": options.seed,
        "kills": state.kills,
        "slowest_ready_s": round(state.slowest_ready_s, 2),
        "longest_step_s": {name: round(s, 2) for name, s in state.longest_step_s.items()},
        "sent_again": state.resent,
        "broken": state.broken,
    }
    print(json.dumps(report, indent=2))
    return 1 if state.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
