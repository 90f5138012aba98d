"""Cancel jobs of every kind at random moments: at work, queued, while Stash hangs, and twice.

The count is of cancels. A job has to be final within a second at the 99th percentile (one mutation
in flight may take its time-out), nothing may be sent after that, what was queued must never have
run, a second cancel must answer the same, and what was done must be kept.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from stashhog.demo.faults import black_hole, delay
from tests.reliability.site import Row, accepted_plan, site
from tests.reliability.trial import Trial
from tests.rig.api import FINAL
from tests.rig.installation import Installation
from tests.rig.waiting import pause

USUAL = 300
SCENES = 60
LATE_S = 0.01
HANG_TIMEOUT_S = 1.0
"""Stash's time-out in this trial; a mutation gets twice as long, and then one look."""
FINAL_S = 1.0
IDLE_S = 0.25
ENV = {"STASHHOG_STASH__TIMEOUT": str(HANG_TIMEOUT_S), "STASHHOG_STASH__PAGE_SIZE": "10"}


class _Cancelling:
    """The service under cancels, and how long each took."""

    def __init__(self, trial: Trial, at: Installation, plan_id: int) -> None:
        self.trial, self.at, self.plan_id = trial, at, plan_id
        self.http = httpx.Client(base_url=f"{at.service.url}/api", trust_env=False, timeout=15)
        self.took: dict[str, list[float]] = {}

    # --- starting -------------------------------------------------------------------------------

    def start(self, kind: str) -> Row:
        """Start a job of a kind, with something to do."""
        api = self.at.api
        if kind == "sync":
            return api.sync("full")
        if kind == "analysis":
            return api.analyse()
        if kind == "apply":
            if not api.plan(self.plan_id)["counts"]["accepted"]:
                self.in_peace(lambda: api.undone(self.plan_id))
                api.accept_all(self.plan_id)
            return api.apply(self.plan_id)
        if not api.plan(self.plan_id)["counts"]["applied"]:
            self.in_peace(lambda: api.applied(self.plan_id))
        return api.undo(self.plan_id)

    def in_peace(self, act: Callable[[], Any]) -> None:
        """Do something while Stash is well."""
        self.at.stash.heal()
        act()
        self.slow_down()

    def slow_down(self) -> None:
        self.at.stash.heal()
        self.at.stash.fault(delay(LATE_S), "graphql", times=None)

    # --- cancelling -----------------------------------------------------------------------------

    def cancel(self, job: Row, what: str, *, within_s: float) -> Row:
        """Cancel a job, and see that it ends soon and nothing is sent afterwards."""
        began = time.monotonic()
        answer = self.http.delete(f"/jobs/{job['id']}")
        self.trial.check(answer.status_code in (200, 202), "a cancel is answered", answer.text)
        now = answer.json()
        while now["status"] not in FINAL and time.monotonic() - began < within_s + 15:
            now = self.http.get(f"/jobs/{job['id']}").json()
        took = time.monotonic() - began
        self.took.setdefault(what, []).append(took)
        sent = len(self.at.stash.mutations())
        self.trial.check(now["status"] in FINAL, "a cancelled job ends", now)
        again = self.http.delete(f"/jobs/{job['id']}")
        same = (again.status_code, again.json()) == (200, now)
        self.trial.check(same, "a second cancel answers the same", (again.text, now))
        if what != "queued":
            pause(0.02)
            later = len(self.at.stash.mutations())
            self.trial.check(later == sent, "nothing is sent after the end", (what, later - sent))
        return now

    def one(self, kind: str) -> None:
        """Cancel a job at work."""
        tally = {"apply": "applied", "undo": "undone"}.get(kind)
        job = self.start(kind)
        before = self.at.api.plan(self.plan_id)["counts"]
        pause(self.trial.chance.random() * 0.4)
        twice = self.trial.chance.random() < 0.3
        if twice:
            self.http.delete(f"/jobs/{job['id']}")
        ended = self.cancel(job, kind, within_s=FINAL_S)
        if tally and ended["result"]:
            after = self.at.api.plan(self.plan_id)["counts"]
            gained = ended["result"][tally]
            self.trial.check(after["applying"] == 0, "no change is left in between", after)
            moved = after[tally] >= before[tally] and gained <= after[tally]
            self.trial.check(moved, "what was done is kept", (ended["result"], before, after))

    def hanging(self, kind: str) -> None:
        """Cancel a job while Stash does not answer what it reads, or what it writes."""
        job = self.start(kind)
        pause(self.trial.chance.random() * 0.2)
        on = (
            "mutation"
            if self.trial.chance.random() < 0.3 and kind in ("apply", "undo")
            else "query"
        )
        self.at.stash.fault(black_hole(execute=True), on, times=None)
        self.at.stash.do(self._hang_first)
        pause(0.1)
        limit = FINAL_S if on == "query" else 2 * HANG_TIMEOUT_S + 2 + FINAL_S
        self.cancel(job, f"hanging {on}", within_s=limit)
        self.slow_down()

    def _hang_first(self) -> None:
        """Let the newest rule strike before the delays do."""
        rules = self.at.stash.faults.rules
        rules.insert(0, rules.pop())

    def queued(self) -> None:
        """Cancel a job that waits for another one's slot."""
        first = self.start("apply")
        other = self.at.api.apply(self.other_plan)
        pause(self.trial.chance.random() * 0.05)
        was = self.at.api.job(other["id"])["status"]
        ended = self.cancel(other, "queued", within_s=FINAL_S)
        if was == "queued" and self.at.api.job(first["id"])["status"] not in FINAL:
            self.trial.check(ended["started_at"] is None, "what was queued never runs", ended)
        self.cancel(first, "apply", within_s=FINAL_S)

    other_plan = 0


def run(trial: Trial) -> None:
    """Cancel again and again, and see at the end that the service works as on the first day."""
    with site(trial, scenes=SCENES, env=ENV) as at:
        plan_id, taken = accepted_plan(at, 10_000)
        state = _Cancelling(trial, at, plan_id)
        state.other_plan = at.api.plan_made(scene_ids=["1"])["id"]
        state.slow_down()
        kinds = ("sync", "analysis", "apply", "undo")
        for number in range(trial.count):
            match number % 6:
                case 4:
                    state.hanging(trial.chance.choice(kinds))
                case 5:
                    state.queued()
                case _:
                    state.one(trial.chance.choice(kinds))
        at.stash.heal()
        for what, times in sorted(state.took.items()):
            worst = _p99(times)
            trial.figures[what] = {
                "n": len(times),
                "p50_ms": _ms(times),
                "p99_ms": int(worst * 1e3),
            }
        soon = [t for what, times in state.took.items() if "mutation" not in what for t in times]
        trial.figures["p99_ms"] = int(_p99(soon) * 1e3)
        trial.check(_p99(soon) <= FINAL_S, "final within a second at p99", _p99(soon))
        api = at.api
        api.accept_all(plan_id)
        api.applied(plan_id)
        trial.check(api.plan(plan_id)["counts"]["applied"] == len(taken), "the rest can be applied")
        api.ended(api.undo(plan_id))
        trial.check(api.synced()["result"]["failed"] == 0, "a sync still works")
        left = api.items("/jobs", status=["queued", "running", "cancelling"])
        trial.check(left == [], "no job is left over", left)
        trial.check("Traceback" not in at.service.log, "no traceback in the log")


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _ms(times: list[float]) -> int:
    return int(statistics.median(times) * 1e3)
