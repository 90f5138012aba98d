"""`ports.schedules.ScheduleStore` on the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from stashhog.db.access import Access
from stashhog.db.schedules import end_run, follow_clock, load_schedules
from stashhog.domain.schedules import Outcome, Schedule, ScheduledRun, ScheduleName


class ScheduleRows:
    """The schedules as the actors follow them; each method is one transaction."""

    def __init__(self, db: Access) -> None:
        self._db = db

    async def schedules(self) -> Mapping[ScheduleName, Schedule]:
        """All schedules."""
        return await self._db.read(load_schedules)

    async def follow_clock(self, now: datetime) -> Mapping[ScheduleName, Schedule]:
        """Bring schedules in step with a clock that was set back."""
        return await self._db.write(follow_clock, now)

    async def end_run(
        self, run: ScheduledRun, outcome: Outcome, job_id: str | None, now: datetime
    ) -> Schedule:
        """Note what became of a run; see `ports.schedules.ScheduleStore.end_run`."""
        return await self._db.write(end_run, run, outcome, job_id, now)
