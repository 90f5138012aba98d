"""Cut the power at random moments of a whole story, and look at what the device kept.

The service runs once, traced (`tests.rig.powercut`); every cut is played back from that trace, so
that a thousand cost what one does. What was answered before the cut has to be there: decisions,
settings with their secrets, jobs; and every mutation that Stash had got by then has its intent.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import trio

from stashhog.core.config import DatabaseSettings
from stashhog.core.exceptions import StashHogException
from stashhog.db import open_database
from stashhog.db.settings import load_settings
from stashhog.demo import SampleStash
from stashhog.demo.faults import Fault
from tests.reliability.trial import Trial
from tests.rig.api import Api
from tests.rig.library import small_library
from tests.rig.powercut import SYNC, Playback, Step, build, compiler, steps, traced
from tests.rig.service import Service
from tests.rig.stash import Stash

USUAL = 200
SCENES = 40
STARTS = 3
"""So many of the cuts are followed by a start of the whole service."""
ENV = {"STASHHOG_STASH__PAGE_SIZE": "10", "STASHHOG_ANALYSIS__BATCH_SIZE": "5"}
SETTLED = {
    None: {"proposed"},
    "accepted": {"accepted", "applying", "applied", "undone"},
    "rejected": {"rejected"},
}


@dataclass(frozen=True, slots=True)
class Answered:
    """Something that was asked for and, unless `told_ns` is 0, answered with a success."""

    what: str
    key: Any
    value: Any
    asked_ns: int
    told_ns: int


class Story:
    """Drives a traced service through everything that is acknowledged."""

    def __init__(self, trial: Trial, api: Api, stash: Stash) -> None:
        self.trial = trial
        self.api = api
        self.stash = stash
        self.answered: list[Answered] = []
        self.sent: list[tuple[int, str]] = []
        self.plan_id = 0
        stash.fault(Fault(before=self._mutation), "mutation", times=None)

    def _mutation(self, variables: Any) -> None:
        given = variables.get("input") or variables
        now = time.monotonic_ns()
        for scene_id in given.get("ids") or [given.get("id")]:
            self.sent.append((now, str(scene_id)))

    def acknowledged(self, what: str, key: Any, value: Any, act: Callable[[], Any]) -> Any:
        """Do something and note when it was asked and when answered."""
        asked = time.monotonic_ns()
        result = act()
        self.answered.append(Answered(what, key, value, asked, time.monotonic_ns()))
        return result

    def tell(self) -> None:
        """Sync, analyse, decide and set beside each other, apply, undo."""
        api = self.api
        self.job(api.sync)
        self.plan_id = self.job(api.analyse)["params"]["plan_id"]
        ids = [change["id"] for change in api.changes(self.plan_id)]
        others = threading.Thread(target=self.set_things)
        others.start()
        for change_id in self.trial.chance.sample(ids, len(ids) // 2):
            self.decide(change_id, "rejected" if self.trial.chance.random() < 0.4 else "accepted")
        others.join()
        self.job(lambda: api.apply(self.plan_id))
        self.job(lambda: api.undo(self.plan_id))

    def job(self, submit: Callable[[], Any]) -> Any:
        """Submit a job, and wait for its end."""
        asked = time.monotonic_ns()
        job = submit()
        self.answered.append(Answered("job", job["id"], "", asked, time.monotonic_ns()))
        ended = self.api.ended(job, seconds=60)
        self.answered.append(Answered("ended", job["id"], "", asked, time.monotonic_ns()))
        return ended

    def decide(self, change_id: int, status: str) -> None:
        """Decide about one change."""
        path, body = f"/analysis/changes/{change_id}", {"status": status}
        self.acknowledged("decision", change_id, status, lambda: self.api.ask("PATCH", path, body))

    def set_things(self) -> None:
        """Save a plain setting and a secret, again and again."""
        for number in range(30):
            values = {"jobs": {"keep_days": 100 + number}, "openai": {"api_key": f"k-{number}"}}
            self.acknowledged(
                "setting",
                "keep_days",
                number,
                lambda v=values: self.api.ask("PUT", "/settings", {"values": v}),
            )


class Cut:
    """What a power cut at a moment left, against what had been promised until then."""

    def __init__(self, trial: Trial, story: Story, folder: Path, at_ns: int) -> None:
        self.trial = trial
        self.story = story
        self.folder = folder
        self.at_ns = at_ns
        self.settings: dict[str, Any] = {}

    def look(self) -> None:
        """Open the folder as a start does, then look at everything that was promised."""
        if not self.trial.check(not (errors := self.opens()), "it opens", errors):
            return
        with closing(sqlite3.connect(self.folder / "stashhog.db")) as db:
            whole = db.execute("PRAGMA integrity_check").fetchall()
            loose = db.execute("PRAGMA foreign_key_check").fetchall()
            self.trial.check((whole, loose) == ([("ok",)], []), "integrity", (whole, loose))
            self.decisions(dict(db.execute("SELECT id, status FROM changes")))
            self.jobs(dict(db.execute("SELECT id, status FROM jobs")))
            self.intents(db)
        self.settings_kept()

    def opens(self) -> list[str]:
        """Open it and read the settings; returns what kept it from that."""

        async def story() -> None:
            async with open_database(self.folder, DatabaseSettings()) as db:
                self.settings, _ = await db.read(load_settings, db.secrets)

        try:
            trio.run(story)
        except StashHogException as error:
            return [error.detail]
        return []

    def promised(self, what: str) -> dict[Any, list[Any]]:
        """By key: the last value answered before the cut, then those asked for and perhaps done."""
        found: dict[Any, list[Any]] = {}
        for each in self.story.answered:
            if each.what == what and each.asked_ns < self.at_ns:
                if each.told_ns <= self.at_ns:
                    found[each.key] = [each.value]
                else:
                    found.setdefault(each.key, [None]).append(each.value)
        return found

    def decisions(self, now: dict[int, str]) -> None:
        for change_id, values in self.promised("decision").items():
            held = any(now.get(change_id) in SETTLED[value] for value in values)
            self.trial.check(held, "decisions are kept", (change_id, values, now.get(change_id)))

    def jobs(self, now: dict[str, str]) -> None:
        for job_id, values in self.promised("job").items():
            if values[0] is not None:
                self.trial.check(job_id in now, "jobs are kept", job_id)
        for job_id, values in self.promised("ended").items():
            if values[0] is not None:
                self.trial.check(now.get(job_id) == "completed", "ends are kept", now.get(job_id))

    def intents(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT scene_id, COUNT(*) FROM journal GROUP BY scene_id").fetchall()
        journalled = {str(scene_id): count for scene_id, count in rows}
        sent: dict[str, int] = {}
        for at_ns, scene_id in self.story.sent:
            if at_ns <= self.at_ns:
                sent[scene_id] = sent.get(scene_id, 0) + 1
        for scene_id, times in sent.items():
            held = journalled.get(scene_id, 0) >= times
            self.trial.check(held, "what was sent is journalled", (scene_id, times))

    def settings_kept(self) -> None:
        for values in self.promised("setting").values():
            if values[0] is None:
                continue
            days = self.settings.get("jobs", {}).get("keep_days")
            key = self.settings.get("openai", {}).get("api_key")
            told = json.dumps([days, key])
            wanted = {json.dumps([100 + n, f"k-{n}"]) for n in values}
            self.trial.check(told in wanted, "settings and secrets are kept", (told, wanted))


def run(trial: Trial) -> None:
    """Run the story once, then cut `count` times."""
    if compiler() is None:
        trial.check(False, "a C compiler", "none here; install one")
        return
    with (
        tempfile.TemporaryDirectory(prefix="power-") as folder,
        Stash(SampleStash(small_library(scenes=SCENES))) as stash,
    ):
        home = Path(folder).resolve()
        data, before, trace = home / "data", home / "before", home / "trace"
        with Service(home / "run-1", stash.url, env=ENV, data=data) as service:
            service.stop()
        shutil.copytree(data, before)
        playback = Playback(before, data)
        env = {**ENV, **traced(build(home), data, trace)}
        with Service(home / "run-2", stash.url, env=env, data=data) as service:
            story = Story(trial, Api(service.url), stash)
            story.tell()
        play(story, home, playback, list(steps(trace)))


def play(story: Story, home: Path, playback: Playback, trace: list[Step]) -> None:
    """Cut at random steps of the trace, one in each of so many equal stretches, in order."""
    trial = story.trial
    trial.figures |= {"steps": len(trace), "syncs": sum(step.op == SYNC for step in trace)}
    count = min(trial.count, len(trace))
    ends = [at * len(trace) // count for at in range(count + 1)]
    moments = {trial.chance.randrange(*stretch) for stretch in pairwise(ends)}
    started = set(trial.chance.sample(sorted(moments), min(STARTS, len(moments))))
    for number, step in enumerate(trace):
        playback.do(step)
        if number in moments:
            left = home / f"cut-{number}"
            playback.cut(left, trial.chance)
            Cut(trial, story, left, step.at_ns).look()
            if number in started:
                start(story, home / f"start-{number}", left)
            shutil.rmtree(left)


def start(story: Story, home: Path, data: Path) -> None:
    """Start the service on what a cut left, and let it go on to the end."""
    trial = story.trial
    with Service(home, story.stash.url, env=ENV, data=data) as service:
        api = Api(service.url)
        for job in api.items("/jobs", status=["queued", "running", "cancelling"]):
            ended = api.final(job, seconds=60)
            trial.check(ended["status"] == "completed", "jobs go on after a cut", ended)
        trial.check("Traceback" not in service.log, "no traceback in the log")
