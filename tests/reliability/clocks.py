"""Move the wall clock while schedules are on: by hours, by years, ahead, back, with kills between.

The service runs under libfaketime, which moves the wall clock and leaves the monotonic one alone.
Each round stops or kills it, moves its clock, and starts it again; in some it is killed once more
just after it is ready. Whatever was due runs once, and once only; nothing else runs; and no
schedule waits for a time that a clock once showed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stashhog.domain.schedules import STEP_BACK
from tests.reliability.site import site
from tests.reliability.trial import Trial
from tests.rig.api import FINAL, Shape
from tests.rig.installation import Installation
from tests.rig.waiting import pause, until

USUAL = 20
EVERY = timedelta(hours=6)
DAY = timedelta(days=1)
MARGIN = timedelta(minutes=2)
"""What is due so soon after a start may run or not while it is looked at."""
JUMPS = (
    timedelta(hours=1),
    timedelta(hours=9),
    timedelta(days=40),
    timedelta(days=3650),
    timedelta(minutes=-2),
    timedelta(hours=-2),
    timedelta(days=-40),
    timedelta(days=-3650),
)
SETTLE_S = 4.0
START_S = 60.0


class Clocks:
    """One installation, and how far its clock is off."""

    def __init__(self, trial: Trial, at: Installation, library: str) -> None:
        self.trial = trial
        self.at = at
        self.off = timedelta(0)
        at.service.env |= {"LD_PRELOAD": library, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    @property
    def now(self) -> datetime:
        """The time as the service has it."""
        return datetime.now(UTC) + self.off

    def start(self) -> None:
        """Start under the present clock."""
        self.at.service.env["FAKETIME"] = f"{self.off.total_seconds():+.0f}"
        self.at.service.start(wait=False)
        until(self.at.service._is_ready, "the service is ready", seconds=START_S)

    def end(self) -> None:
        """Stop it in order, or not."""
        if self.trial.chance.random() < 0.5:
            self.at.service.kill()
        else:
            code, _ = self.at.service.stop()
            self.trial.check(code == 0, "a stop is in order", code)

    def schedules(self) -> dict[str, Shape]:
        """The two that are on, by mode."""
        found: dict[str, Shape] = self.at.api.get("/schedules")["sync"]
        return found

    def jobs(self) -> dict[str, Shape]:
        """All syncs, by id."""
        return {job["id"]: job for job in self.at.api.items("/jobs", kind="sync")}

    def turn_on(self) -> None:
        """By interval, and by cron in a zone of half an hour."""
        every = {"enabled": True, "every_s": int(EVERY.total_seconds())}
        daily = {"enabled": True, "cron": "30 2 * * *", "timezone": "Asia/Kolkata"}
        self.at.api.ask("PUT", "/schedules", {"sync": {"incremental": every, "full": daily}})

    def round(self, jump: timedelta) -> None:
        """Move the clock, and look at what runs."""
        before, known = self.schedules(), self.jobs()
        self.end()
        self.off += jump
        began = self.now
        self.start()
        if self.trial.chance.random() < 0.5:
            pause(self.trial.chance.random() * 1.5)
            self.at.service.kill()
            self.start()
        until(lambda: self.settled(known), "what runs has ended", seconds=START_S)
        new = [job for key, job in self.jobs().items() if key not in known]
        for mode, schedule in before.items():
            due = datetime.fromisoformat(schedule["next_run_at"])
            runs = [job for job in new if job["params"]["mode"] == mode]
            self.look(mode, runs, due - began, jump)

    def settled(self, known: dict[str, Shape]) -> bool:
        """Whether nothing is at work any more, for a while."""
        pause(SETTLE_S)
        now = self.jobs()
        return all(job["status"] in FINAL for key, job in now.items() if key not in known)

    def look(self, mode: str, runs: list[Shape], left: timedelta, jump: timedelta) -> None:
        """Check one schedule; `left` is how long before it was due."""
        said = f"{mode}, moved by {jump}, {left} before it was due: {len(runs)} runs"
        check = self.trial.check
        if left <= timedelta(0):
            check(len(runs) == 1, "what was due runs once", said)
        elif left > MARGIN:
            check(not runs, "what is not due does not run", said)
        check(all(job["status"] == "completed" for job in runs), "what runs completes", runs)
        after = self.schedules()[mode]
        wait = datetime.fromisoformat(after["next_run_at"]) - self.now
        longest = (EVERY if mode == "incremental" else DAY) + STEP_BACK + MARGIN
        check(wait <= longest, "no schedule waits longer than its beat", f"{said}, waits {wait}")


def run(trial: Trial) -> None:
    """Move the clock again and again."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise SystemExit("this trial needs libfaketime (apt-get install faketime)")
    with site(trial) as at:
        at.api.synced()
        clocks = Clocks(trial, at, str(found[0]))
        clocks.turn_on()
        for _ in range(trial.count):
            clocks.round(trial.chance.choice(JUMPS))
            trial.most("clock off by days", abs(clocks.off) / DAY)
        errors = [e for e in at.service.events if e.get("level") in ("error", "critical")]
        trial.check(not errors, "nothing is logged as an error", errors[:3])
