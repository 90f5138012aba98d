"""When syncs and analyses run by themselves, as the actors see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from stashhog.domain.schedules import Outcome, Schedule, ScheduledRun, ScheduleName


class ScheduleStore(Protocol):
    """The schedules: the sync manager's and the analysis planner's.

    A run that makes a job is noted in the transaction that makes the job (`JobStore.insert`).
    """

    async def schedules(self) -> Mapping[ScheduleName, Schedule]:
        """All schedules."""
        ...

    async def follow_clock(self, now: datetime) -> Mapping[ScheduleName, Schedule]:
        """Bring schedules in step with a clock that was set back; returns all of them."""
        ...

    async def end_run(
        self, run: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
    ) -> Schedule:
        """Note what became of a run that made no job, and when the next one is due.

        Raises:
            ScheduleMovedError: this run is not the one that is due.
        """
        ...
