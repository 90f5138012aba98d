"""Schedules in memory, held by the same contract tests as those of `stashhog.db`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import trio

from stashhog.domain.schedules import (
    DEFAULTS,
    Outcome,
    Schedule,
    ScheduledRun,
    ScheduleName,
    after_run,
    changed,
    in_step,
)


@dataclass
class FakeScheduleStore:
    """`ports.schedules.ScheduleStore` in memory; `ended` are the runs, in order."""

    rows: dict[ScheduleName, Schedule] = field(default_factory=lambda: dict(DEFAULTS))
    ended: list[tuple[ScheduleName, Outcome]] = field(default_factory=list)

    def change(self, name: ScheduleName, given: Mapping[str, Any], now: datetime) -> None:
        self.rows[name] = changed(name, self.rows[name], given, now)

    def note(
        self, run: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
    ) -> Schedule:
        self.rows[run.name] = after_run(self.rows[run.name], run, outcome, job_id, now)
        self.ended.append((run.name, outcome))
        return self.rows[run.name]

    async def schedules(self) -> Mapping[ScheduleName, Schedule]:
        await trio.lowlevel.checkpoint()
        return dict(self.rows)

    async def follow_clock(self, now: datetime) -> Mapping[ScheduleName, Schedule]:
        await trio.lowlevel.checkpoint()
        self.rows = {name: in_step(one, now) for name, one in self.rows.items()}
        return dict(self.rows)

    async def end_run(
        self, run: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
    ) -> Schedule:
        await trio.lowlevel.checkpoint()
        return self.note(run, outcome, job_id, now)
