"""Kill the service at random moments, again and again, and see that nothing is lost or doubled.

The trial goes round: sync, analyse, decide, apply, undo. A timer kills the service some time into a
step, perhaps once more while the next process goes on with it; the step is driven to its end on
whichever process is there. `migrations` is the same for a change of schema.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from stashhog.demo.faults import delay
from tests.fakes.readers import asked_lines, nothing, reading
from tests.reliability.trial import Trial
from tests.rig.api import FINAL, Shape
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.model import Model
from tests.rig.stash import differences
from tests.rig.waiting import until

USUAL = 200
SCENES = 40
REAL_SCENES = 60
"""So many of a real Stash's scenes are worked on."""
READY_S = 5.0
"""Of its own work: what other programs took of the machine meanwhile is not its doing."""
GOES_ON_S = 5.0
PATIENCE_S = 300.0
"""A real library is learned from anew after each kill."""
BATCH = 10
"""Scenes of a page of the sync, and of a request of decisions."""
AGAIN = 0.4
"""How likely a step that was hit is hit once more."""
CRASHES = 3
ENV = {
    "STASHHOG_STASH__PAGE_SIZE": str(BATCH),
    "STASHHOG_ANALYSIS__BATCH_SIZE": "1",
    "STASHHOG_LOGGING__LEVEL": "info",
}
ASKED_AT_ONCE = 4
"""Scenes of the one question to the model that may be under way."""
MODEL = {
    "STASHHOG_ANALYSIS__USE_LLM": "always",
    "STASHHOG_OPENAI__CONCURRENCY": "1",
    "STASHHOG_OPENAI__SCENES_PER_REQUEST": str(ASKED_AT_ONCE),
    "STASHHOG_OPENAI__CANDIDATES": "codes",
}
USUAL_S = {"sync": 0.5, "analysis": 0.6, "decide": 0.2, "apply": 1.2, "undo": 1.2}
DECIDED = {"accepted": {"accepted", "applying", "applied"}, "rejected": {"rejected"}}


@dataclass
class Round:
    """One installation under fire, and what it promised so far."""

    at: Installation
    trial: Trial
    model: Model
    scene_ids: list[str] | None = None
    kills: Counter[str] = field(default_factory=Counter)
    decided: dict[int, str] = field(default_factory=dict)
    resent: int = 0
    plan_id: int = 0
    seen: dict[str, Shape] = field(default_factory=dict)
    stood: dict[str, list[int]] = field(default_factory=dict)

    @property
    def kills_left(self) -> int:
        """How many are still to come."""
        return self.trial.count - self.kills.total()

    # --- killing --------------------------------------------------------------------------------

    def under_fire(self, name: str, step: Callable[[], Any]) -> Any:
        """Drive a step to its end; a timer kills the service some time into it, once or more."""
        began = time.monotonic()
        again = True
        while True:
            timer = self.aim(name) if again and self.kills_left > 0 else None
            answer = None
            try:
                answer = step()
            except httpx.TransportError:
                if self.at.service.present.poll() is None and not self.dies():
                    raise
            if timer is not None:
                timer.join()
            if self.at.service.present.poll() is None:
                self.trial.most(f"longest_{name}_s", time.monotonic() - began)
                return answer
            self.restart(name)
            again = self.trial.chance.random() < AGAIN

    def aim(self, name: str) -> threading.Timer:
        """Kill some time from now."""
        delay_s = self.trial.chance.uniform(0.0, USUAL_S[name])
        timer = threading.Timer(delay_s, self.at.service.kill)
        timer.start()
        return timer

    def dies(self) -> bool:
        """Whether the service is dying at this moment."""
        try:
            self.at.service.present.wait(2)
        except subprocess.TimeoutExpired:
            return False
        return True

    def restart(self, name: str) -> None:
        """Count the kill, start again, and look at what must hold after every one."""
        self.at.service.kill()
        self.kills[name] += 1
        left = self.check_database()
        began = time.monotonic()
        self.at.service.start()
        self.trial.most("slowest_ready_s", time.monotonic() - began)
        worked = self.at.service.cpu_seconds
        self.trial.most("most_work_until_ready_s", worked)
        self.trial.check(worked < READY_S, "ready in time", f"{worked:.1f} s")
        for job_id in left:
            self.check_goes_on(job_id)
        if name != "undo":
            self.check_decisions()

    # --- what must hold -------------------------------------------------------------------------

    def check_database(self) -> list[str]:
        """The file is whole and its references hold; returns the jobs that were at work."""
        file = f"file:{self.at.service.data / 'stashhog.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as db:
            whole = db.execute("PRAGMA integrity_check").fetchall()
            loose = db.execute("PRAGMA foreign_key_check").fetchall()
            rows = db.execute("SELECT id, done FROM jobs WHERE status = 'running'").fetchall()
        self.trial.check(whole == [("ok",)], "integrity", whole)
        self.trial.check(not loose, "foreign keys", loose[:3])
        for job_id, done in rows:
            self.stood.setdefault(job_id, []).append(done)
            known = self.seen.get(job_id)
            if known is not None:
                kept = done >= known["progress"]["done"]
                self.trial.check(kept, "nothing committed is done again", (known, done))
        return [job_id for job_id, _ in rows]

    def check_goes_on(self, job_id: str) -> None:
        """A job goes on by itself; it is given up only where it did not get on three times."""
        began = time.monotonic()
        now = until(
            lambda: self._at_work(job_id), f"job {job_id} goes on", seconds=10, every_s=0.01
        )
        took = time.monotonic() - began
        self.trial.most("slowest_to_go_on_s", took)
        self.trial.check(took < GOES_ON_S, "the job goes on in time", f"{took:.1f} s")
        if (now["error"] or {}).get("code") == "crash_loop":
            stood = self.stood[job_id][-CRASHES:]
            given_up = len(stood) == CRASHES and len(set(stood)) == 1
            self.trial.check(given_up, "given up only where it stood still", (stood, now))

    def _at_work(self, job_id: str) -> Shape | None:
        now = self.at.api.job(job_id)
        return now if now["status"] in (*FINAL, "running") else None

    def check_decisions(self) -> None:
        """Every decision that was answered is there."""
        if not self.decided:
            return
        now = {c["id"]: c["status"] for c in self.at.api.changes(self.plan_id)}
        for change_id, status in self.decided.items():
            held = now.get(change_id) in DECIDED[status]
            self.trial.check(
                held, "decisions kept", f"{change_id} was {status}, is {now.get(change_id)}"
            )

    # --- the steps ------------------------------------------------------------------------------

    def finish(self, kind: str, submit: Callable[[], Shape]) -> Callable[[], Shape]:
        """A step that submits once, and afterwards finds its job again; one given up is retried."""
        known = {job["id"] for job in self.at.api.items("/jobs", kind=kind)}
        mine: list[Shape] = []

        def look() -> Shape | None:
            now = self.at.api.job(mine[-1]["id"])
            self.seen[now["id"]] = now
            return now if now["status"] in FINAL else None

        def step() -> Shape:
            if not mine:
                mine.extend(
                    j for j in self.at.api.items("/jobs", kind=kind) if j["id"] not in known
                )
            if not mine:
                mine.append(submit())
            ended = until(look, f"the end of the {kind}", seconds=PATIENCE_S)
            while (ended["error"] or {}).get("code") == "crash_loop":
                self.trial.figures["given_up"] = self.trial.figures.get("given_up", 0) + 1
                mine.append(self.at.api.ask("POST", f"/jobs/{ended['id']}/retry", expect=202))
                ended = until(look, f"the end of the {kind}", seconds=PATIENCE_S)
            self.trial.check(ended["status"] == "completed", f"the {kind} ends", ended)
            return ended

        return step

    def go_round(self) -> None:
        """Sync, analyse, decide, apply, undo, and compare with how it began."""
        api, stash = self.at.api, self.at.stash
        before = stash.library()
        mode = self.trial.chance.choice(["full", "incremental"])
        self.under_fire("sync", self.finish("sync", lambda: api.sync(mode)))
        scenes = api.items("/scenes")
        self.trial.check(len(scenes) == len(before["scenes"]), "all scenes synced", len(scenes))
        chosen = {"scene_ids": self.scene_ids} if self.scene_ids else {}
        analysed = self.under_fire(
            "analysis", self.finish("analysis", lambda: api.analyse(**chosen))
        )
        self.plan_id = analysed["params"]["plan_id"]
        self.check_money()
        changes = api.changes(self.plan_id)
        self.check_plan(changes)
        self.under_fire("decide", self.decide([c["id"] for c in changes]))
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
        self.trial.check(left == {}, "undone is as before", list(left.items())[:3])
        for rejection in api.items("/analysis/rejections"):
            api.ask("DELETE", f"/analysis/rejections/{rejection['id']}", expect=204)
        api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)

    def check_plan(self, changes: list[Shape]) -> None:
        """Every scene was looked at, and nothing is proposed twice."""
        keys = {(c["scene_id"], c["field"], c["action"], str(c["proposed"])) for c in changes}
        plan = self.at.api.plan(self.plan_id)
        self.trial.check(len(keys) == len(changes) == plan["changes"], "no change doubled")
        touched = len({c["scene_id"] for c in changes})
        if self.scene_ids is None:
            self.trial.check(touched == SCENES, "all scenes analysed", touched)
        self.trial.check(touched > 0, "something to apply", touched)

    def check_money(self) -> None:
        """No scene is asked about once more, but for those of a question that a kill cut off."""
        lines = asked_lines(self.model.fake.seen)
        asked = Counter(json.dumps({**line, "n": 0}, sort_keys=True) for line in lines)
        paid_again = asked.total() - len(asked)
        self.trial.figures |= {"asked_about": len(asked), "asked_again": paid_again}
        most = ASKED_AT_ONCE * self.kills["analysis"]
        self.trial.check(paid_again <= most, "the model is not paid twice", (paid_again, most))

    def decide(self, ids: list[int]) -> Callable[[], None]:
        """Accept most, reject some, in small requests; what was answered is held to."""
        wanted = {i: "accepted" if self.trial.chance.random() < 0.8 else "rejected" for i in ids}

        def step() -> None:
            for start in range(0, len(ids), BATCH):
                for status in DECIDED:
                    some = [i for i in ids[start : start + BATCH] if wanted[i] == status]
                    if some and not self.decided.keys() >= set(some):
                        self.at.api.decide(self.plan_id, status, ids=some)
                        self.decided.update(dict.fromkeys(some, status))

        return step

    def write(self, name: str, submit: Callable[[], Shape]) -> None:
        """Apply or undo, and count what was sent more than once."""
        before = self.at.stash.written()
        self.under_fire(name, self.finish(name, submit))
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


def run(trial: Trial) -> None:
    """Go round until the kills are used up."""
    paged = {} if trial.stash is None else {"STASHHOG_STASH__PAGE_SIZE": "100"}
    with (
        tempfile.TemporaryDirectory() as folder,
        Model() as model,
        installed(
            Path(folder),
            library=small_library(scenes=SCENES),
            env={**ENV, **MODEL, **paged, "STASHHOG_OPENAI__BASE_URL": model.url},
            real=trial.stash,
            api_key=trial.api_key,
        ) as at,
    ):
        model.fake.answer, model.fake.latency_s = reading(nothing), 0.05
        state = Round(at, trial, model)
        if trial.stash is not None:
            bare = [i for i, scene in at.stash.scenes().items() if not scene["organized"]]
            state.scene_ids = sorted(trial.chance.sample(bare, min(REAL_SCENES, len(bare))))
        else:
            at.stash.fault(delay(0.01), "mutation", times=None)
            at.stash.fault(delay(0.03), "findScenes", times=None)
        while state.kills_left > 0:
            state.go_round()
        hits = state.kills["apply"] + state.kills["undo"]
        trial.check(state.resent <= hits, "sent again at most once a kill", (state.resent, hits))
        trial.check("Traceback" not in at.service.log, "no traceback in the log")
    trial.figures |= {"kills": dict(state.kills), "sent_again": state.resent}
