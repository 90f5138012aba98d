"""Stop the service in the middle of each kind of job, while clients of every bad kind hold on.

SIGTERM or SIGINT comes some time into the job; WebSockets that are read and never read, requests
that never end, bodies that drip and idle connections are open, and in some rounds Stash does not
answer any more. The process ends in order and in time, and the next one goes on with the job.
"""

from __future__ import annotations

import signal
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

from stashhog.demo.faults import delay
from tests.fakes.readers import nothing, reading
from tests.reliability.trial import Trial
from tests.rig.api import FINAL, Shape
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.model import Model
from tests.rig.waiting import pause, until
from tests.rig.watching import Deaf, Watch

USUAL = 50
SCENES = 40
MOST_S = 8.0
SECOND_S = 2.0
ENV = {
    "STASHHOG_STASH__PAGE_SIZE": "10",
    "STASHHOG_ANALYSIS__BATCH_SIZE": "1",
    "STASHHOG_ANALYSIS__USE_LLM": "never",
}
KINDS = ("sync", "analysis", "apply", "undo", "model", "idle")
CALL_S = 30.0
"""How long the model takes over an answer when a stop comes."""


class Clinging:
    """Clients that do not let go: none of them may hold up a stop."""

    def __init__(self, url: str, job: Shape | None) -> None:
        self.url = url
        self.path = f"/jobs/{job['id']}/ws" if job else "/events"
        self.stack = ExitStack()
        self.watch: Watch

    def __enter__(self) -> Watch:
        enter = self.stack.enter_context
        for _ in range(3):
            enter(Deaf(self.url, self.path))
            enter(Deaf(self.url, "/events"))
        host = urlsplit(self.url).netloc
        head = f"POST /api/scenes/sync HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json"
        for sent in (
            "",
            "GET /api/hea",
            f"GET /api/health HTTP/1.1\r\nHost: {host}\r\n\r\n",
            f"{head}\r\nContent-Length: 90\r\n\r\n{{",
            f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n",
        ):
            enter(closing(self.hold(sent)))
        return enter(Watch(self.url, self.path))

    def hold(self, sent: str) -> socket.socket:
        """A connection that sends this much and then waits for ever."""
        parts = urlsplit(self.url)
        held = socket.create_connection((parts.hostname, parts.port), timeout=10)
        held.sendall(sent.encode())
        return held

    def __exit__(self, *exception: object) -> None:
        self.stack.close()


class Stops:
    """One installation that is stopped and started again and again."""

    def __init__(self, trial: Trial, at: Installation, model: Model | None = None) -> None:
        self.trial = trial
        self.at = at
        self.model = model
        self.plan_id = 0

    def prepare(self) -> None:
        """Sync, and have a plan that is accepted."""
        self.at.api.synced()
        self.new_plan()

    def new_plan(self) -> None:
        """Make a plan and accept it."""
        self.plan_id = self.at.api.plan_made()["id"]
        self.at.api.accept_all(self.plan_id)

    def begin(self, kind: str) -> Shape | None:
        """Start a job of a kind."""
        api = self.at.api
        begins: dict[str, Callable[[], Shape]] = {
            "sync": lambda: api.sync("full"),
            "analysis": api.analyse,
            "model": self.ask_the_model,
            "apply": lambda: api.apply(self.plan_id),
            "undo": lambda: api.undo(self.plan_id),
        }
        if kind == "undo":
            api.applied(self.plan_id)
        return begins[kind]() if kind in begins else None

    def ask_the_model(self) -> Shape:
        """An analysis that is in the middle of its calls; it has nothing to recall or repeat."""
        assert self.model is not None
        fake = self.model.fake
        name = f"stand-in-{len(fake.seen)}"
        self.at.api.ask("PUT", "/settings", {"values": {"openai": {"model": name}}})
        self.at.api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)
        before, fake.latency_s = len(fake.seen), CALL_S
        job = self.at.api.analyse(options={"use_llm": "always"})
        until(lambda: len(fake.seen) > before, "the model is asked", seconds=30)
        return job

    def round(self, kind: str, hanging: bool, twice: bool) -> None:
        """One stop; `hanging` Stash answers nothing any more, `twice` a second signal follows."""
        chance, service = self.trial.chance, self.at.service
        self.at.stash.fault(delay(0.03), "graphql", times=None)
        job = self.begin(kind)
        with Clinging(service.url, job) as watch:
            pause(chance.uniform(0.0, 0.6))
            if hanging:
                self.at.stash.fault(delay(60), "graphql", times=None)
                pause(0.1)
            code, took = self.stop(twice)
            told = watch.closed(seconds=5)
        what = f"{kind}{' hanging' if hanging else ''}{' twice' if twice else ''}"
        self.trial.check(code == 0 or (twice and code == 130), "exit code", f"{what}: {code}")
        self.trial.check(took <= (SECOND_S if twice else MOST_S), "ends in time", f"{what} {took}")
        self.trial.most("second_signal_s" if twice else "longest_stop_s", took)
        finals = [f for f in watch.frames if (f.get("job") or {}).get("status") in FINAL]
        closed = (1000, 1012) if finals else (1012,)
        self.trial.check(twice or told in closed, "watchers are closed", f"{what}: {told}")
        self.trial.check("Traceback" not in service.log, "no traceback in the log")
        self.at.stash.heal()
        if self.model is not None:
            self.model.fake.latency_s = 0.0
        self.after(job, what, twice)
        self.settle(kind)

    def stop(self, twice: bool) -> tuple[int, float]:
        """Send the signal, perhaps two; returns the exit code and the seconds it took."""
        sign = self.trial.chance.choice((signal.SIGTERM, signal.SIGINT))
        if not twice:
            return self.at.service.stop(sign)
        self.at.service.present.send_signal(sign)
        pause(0.3)
        return self.at.service.stop(sign)

    def after(self, job: Shape | None, what: str, twice: bool) -> None:
        """The job was interrupted, or had ended; the next process ends it, and counts no crash."""
        if job is None:
            self.at.service.start()
            return
        file = f"file:{self.at.service.data / 'stashhog.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as db:
            rows = db.execute("SELECT status, attempt FROM jobs WHERE id = ?", (job["id"],))
            status, attempt = rows.fetchone()
            whole = db.execute("PRAGMA integrity_check").fetchall()
        self.trial.check(whole == [("ok",)], "integrity", whole)
        good = ("interrupted", "completed", "queued") + (("running",) if twice else ())
        self.trial.check(status in good, "interrupted, not failed", f"{what}: {status}")
        began = time.monotonic()
        self.at.service.start()
        self.trial.most("slowest_ready_s", time.monotonic() - began)
        ended = self.at.api.final(job, seconds=60)
        self.trial.check(ended["status"] == "completed", "the job goes on", ended)
        if status != "running":
            self.trial.check(ended["attempt"] == attempt, "a stop is no crash", ended)
        name = f"stopped_{what.split(maxsplit=1)[0]}"
        counted = self.trial.figures.get(name, 0) + (status == "interrupted")
        self.trial.figures[name] = counted

    def settle(self, kind: str) -> None:
        """Bring plan and library back."""
        api = self.at.api
        if kind in ("apply", "undo"):
            api.ended(api.undo(self.plan_id), seconds=60)
            api.ask("DELETE", f"/analysis/plans/{self.plan_id}", expect=204)
            self.new_plan()
        elif kind in ("analysis", "model"):
            newest = api.get("/analysis/plans")["items"][0]["id"]
            api.ask("DELETE", f"/analysis/plans/{newest}", expect=204)
            if kind == "model":
                self.new_plan()


def run(trial: Trial) -> None:
    """Stop it `count` times; every third time Stash hangs, every seventh a second signal comes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Model() as model,
        installed(
            Path(folder),
            library=small_library(scenes=SCENES),
            env={**ENV, "STASHHOG_OPENAI__BASE_URL": model.url},
            real=trial.stash,
            api_key=trial.api_key,
        ) as at,
    ):
        model.fake.answer = reading(nothing)
        stops = Stops(trial, at, model)
        stops.prepare()
        for number in range(trial.count):
            kind = KINDS[number % len(KINDS)]
            stops.round(kind, hanging=number % 3 == 2, twice=number % 7 == 5)
        trial.check(at.service.stop()[0] == 0, "an orderly stop")
