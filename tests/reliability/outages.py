"""Stash away, locked, behind a login, in migration, asking to wait: at each kind of moment.

The count is of rounds over all outages. Through all of it the service answers and shows what it
has, says in `/ready`, in the job and in its error that it is Stash, and why; what can wait goes on
within half a minute of Stash's return, what cannot ends at once; and the log stays quiet.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx

from stashhog.demo.faults import (
    Fault,
    delay,
    edited,
    graphql_error,
    html,
    http_error,
    login_redirect,
    unauthorized,
)
from tests.reliability.site import Row, accepted_plan, site
from tests.reliability.trial import Trial
from tests.rig.api import FINAL
from tests.rig.installation import Installation
from tests.rig.waiting import pause, until

USUAL = 2
AWAY_S = 4.0
BACK_S = 30.0
AT_ONCE_S = 5.0
ENV = {"STASHHOG_STASH__TIMEOUT": "2", "STASHHOG_STASH__CONNECT_TIMEOUT": "1"}
JSON_LOG = {"STASHHOG_LOGGING__FORMAT": "json"}


@dataclass(frozen=True, slots=True)
class Outage:
    """One way for Stash to be away; `code` is what `/ready` says, `waits` whether jobs wait."""

    name: str
    begin: Callable[[Installation], None]
    codes: frozenset[str]
    waits: bool = True


def _faulty(*faults: tuple[Fault, str]) -> Callable[[Installation], None]:
    def begin(at: Installation) -> None:
        at.stash.heal()
        for fault, on in faults:
            at.stash.fault(fault, on, times=None)

    return begin


def _to_be_migrated(answer: Row) -> None:
    answer["data"]["systemStatus"]["status"] = "NEEDS_MIGRATION"


_PANIC = graphql_error("Internal system error. Error <runtime error: nil pointer>")
OUTAGES = (
    Outage("off", lambda at: at.stash.go_away(), frozenset({"stash_unavailable"})),
    Outage("wrong_key", _faulty((unauthorized(), "*")), frozenset({"stash_unauthorized"}), False),
    Outage(
        "wrong_key_0_25",
        _faulty((Fault(execute=False, status=500, body=b"unauthorized\n"), "*")),
        frozenset({"stash_unauthorized"}),
        False,
    ),
    Outage(
        "migration",
        _faulty((edited(_to_be_migrated), "systemStatus"), (_PANIC, "graphql")),
        frozenset({"stash_busy"}),
    ),
    Outage("login_page", _faulty((login_redirect(), "*")), frozenset({"not_stash"})),
    Outage("html", _faulty((html(), "*")), frozenset({"not_stash"})),
    Outage("429", _faulty((http_error(429, retry_after=3), "*")), frozenset({"stash_busy"})),
    Outage("503", _faulty((http_error(503), "*")), frozenset({"stash_busy"})),
)
KINDS = ("sync", "apply", "undo")


def run(trial: Trial) -> None:
    """First a start without Stash, then every outage in the middle of every kind of job."""
    with site(trial, scenes=120, env={**ENV, **JSON_LOG}) as at:
        _off_at_start(trial, at)
        plan_id, taken = accepted_plan(at, 10_000)
        for _ in range(trial.count):
            for outage in OUTAGES:
                for kind in KINDS:
                    _one(trial, at, outage, kind, plan_id)
        at.stash.heal()
        at.api.accept_all(plan_id)
        at.api.applied(plan_id)
        applied = at.api.plan(plan_id)["counts"]["applied"]
        trial.check(applied == len(taken), "everything can be applied in the end", applied)
        _quiet(trial, at)


def _off_at_start(trial: Trial, at: Installation) -> None:
    at.service.kill()
    at.stash.go_away()
    at.service.start()
    job = at.api.sync()
    waiting = _waits(trial, at, job, "off at start")
    trial.check(waiting == "stash_unavailable", "a job says that it waits for Stash", waiting)
    at.stash.come_back()
    _goes_on(trial, at, job, "off at start")


def _one(trial: Trial, at: Installation, outage: Outage, kind: str, plan_id: int) -> None:
    """Begin a job, let Stash go in the middle of it, look at everything, and let it return."""
    at.stash.heal()
    job = _begin(at, kind, plan_id)
    name = f"{outage.name} in {kind}"
    outage.begin(at)
    began = time.monotonic()
    if outage.waits:
        _waits(trial, at, job, name)
        _readable(trial, at, outage, name)
        pause(max(0.0, AWAY_S - (time.monotonic() - began)))
        at.stash.heal()
        _goes_on(trial, at, job, name)
        return
    ended = at.api.final(job, seconds=BACK_S)
    took = time.monotonic() - began
    trial.check(ended["status"] == "failed", "a refused key ends the job", (name, ended))
    why = (ended["error"] or {}).get("code")
    trial.check(why in outage.codes, "and says why", (name, ended["error"]))
    trial.check(took < AT_ONCE_S, "at once", (name, took))
    _readable(trial, at, outage, name)
    asked = len(at.stash.requests())
    pause(0.5)
    trial.check(len(at.stash.requests()) == asked, "and asks no more", name)
    at.stash.heal()
    counts = at.api.plan(plan_id)["counts"]
    trial.check(counts["applying"] == 0 and counts["failed"] == 0, "nothing is half done", counts)
    at.api.synced()


def _begin(at: Installation, kind: str, plan_id: int) -> Row:
    """A job in its midst, slowly at work."""
    api = at.api
    api.accept_all(plan_id)
    if kind == "undo":
        api.applied(plan_id)
    elif kind == "apply" and api.plan(plan_id)["counts"]["applied"]:
        api.undone(plan_id)
        api.accept_all(plan_id)
    at.stash.fault(delay(0.05), "graphql", times=None)
    start: dict[str, Callable[[], Row]] = {
        "sync": lambda: api.sync("full"),
        "apply": lambda: api.apply(plan_id),
        "undo": lambda: api.undo(plan_id),
    }
    job = start[kind]()
    return api.running(job, done=0 if kind == "sync" else 10)


def _waits(trial: Trial, at: Installation, job: Row, name: str) -> str:
    def look() -> Row | None:
        now = at.api.job(job["id"])
        return now if now["waiting"] or now["status"] in FINAL else None

    now = until(look, f"{name}: the job waits", seconds=BACK_S)
    trial.check(now["waiting"], "a job that can wait does", (name, now["status"], now["error"]))
    return now["waiting"]["code"] if now["waiting"] else ""


def _readable(trial: Trial, at: Installation, outage: Outage, name: str) -> None:
    """Everything that needs no Stash works, and who looks for the reason finds it."""
    with httpx.Client(base_url=at.service.url, trust_env=False, timeout=5) as client:
        trial.check(client.get("/health").status_code == 200, "the process is healthy", name)
        ready = client.get("/ready")
        said: dict[str, Any] = ready.json()
        check = said["checks"]["stash"]
        told = (ready.status_code, said["status"], check["status"]) == (200, "degraded", "down")
        trial.check(told, "/ready says that Stash is away", (name, said))
        why = check.get("detail_code")
        trial.check(why in outage.codes, "/ready says why", (name, check))
        scenes = client.get("/api/scenes", params={"size": 1})
        trial.check(scenes.json()["total"] > 0, "what is held can be read", name)


def _goes_on(trial: Trial, at: Installation, job: Row, name: str) -> None:
    """The job goes on soon and ends well."""
    began = time.monotonic()
    before = at.api.job(job["id"])["progress"]["done"]

    def look() -> bool:
        now = at.api.job(job["id"])
        return now["status"] in FINAL or (not now["waiting"] and now["progress"]["done"] > before)

    until(look, f"{name}: the job goes on", seconds=2 * BACK_S)
    took = time.monotonic() - began
    trial.most("slowest_return_s", took)
    trial.check(took <= BACK_S, "a job goes on within half a minute", (name, took))
    ended = at.api.final(job, seconds=120)
    trial.check(ended["status"] == "completed", "a job that waited completes", (name, ended))
    failed = (ended["result"] or {}).get("failed", 0)
    trial.check(failed == 0, "and nothing of it failed", (name, ended["result"]))


def _quiet(trial: Trial, at: Installation) -> None:
    """At most one line in ten seconds for each cause."""
    times: dict[str, list[float]] = {}
    for line in at.service.log.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if told.get("level") in ("warning", "error"):
            cause = f"{told.get('event')} {told.get('code', '')} {told.get('job_id', '')}"
            times.setdefault(cause, []).append(_seconds(told["timestamp"]))
    close = Counter[str]()
    for cause, moments in times.items():
        close[cause] = sum(b - a < 9.5 for a, b in pairwise(moments))
    trial.figures["warnings"] = sum(map(len, times.values()))
    loud = {cause: count for cause, count in close.items() if count}
    trial.check(not loud, "one line in ten seconds for each cause", loud)


def _seconds(text: str) -> float:
    hours, minutes, seconds = text[11:].rstrip("Z").split("+")[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
