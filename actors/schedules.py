"""Looks at the schedules when one of them is due, on behalf of the actor that runs them.

Rules:
- The wall clock decides what is due, and is looked at again at least every `TICK_S` seconds: it may
  jump, and the machine may sleep, without this task's own clock noticing.
- A run that makes a job is noted with the job. What cannot be decided now is looked at again soon;
  what is refused for good is noted and waits for the next time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeAlias

import structlog
import trio

from stashhog.core.exceptions import StashHogException
from stashhog.domain.schedules import (
    Outcome,
    Schedule,
    ScheduledRun,
    ScheduleMovedError,
    ScheduleName,
    in_step,
)
from stashhog.ports.schedules import ScheduleStore

_log = structlog.get_logger(__name__)

TICK_S = 15.0
LOOK_AGAIN_S = 2.0
"""When a run that has to wait for something else is looked at again."""
RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What became of a run, and which job stands for it."""

    outcome: Outcome
    job_id: str | None = None


Start: TypeAlias = Callable[[Schedule, ScheduledRun], Awaitable[RunEnd | None]]
"""Makes the job of a run; None: not now, soon."""


class ScheduleBook:
    """The schedules of this process; it outlives the actors' lives.

    Args:
        store: Where they are kept; None where nothing runs by itself.
        now: The clock, aware, in UTC.
    """

    def __init__(self, store: ScheduleStore | None, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._news = trio.Event()

    def changed(self) -> None:
        """Look at the schedules now: a person changed them."""
        news, self._news = self._news, trio.Event()
        news.set()

    async def keep(self, names: Collection[ScheduleName], start: Start) -> NoReturn:
        """Start what is due, for ever."""
        if self._store is None:
            await trio.sleep_forever()
        said = ""
        while True:
            news = self._news
            try:
                seconds, said = await self._look(self._store, names, start), ""
            except StashHogException as error:
                if error.public_code != said:
                    _log.warning("schedules_not_kept", code=error.public_code, detail=error.detail)
                seconds, said = RETRY_S, error.public_code
            with trio.move_on_after(seconds):
                await news.wait()

    async def _look(
        self, store: ScheduleStore, names: Collection[ScheduleName], start: Start
    ) -> float:
        """Start what is due; returns in how many seconds to look again."""
        now = self._now()
        schedules = await store.schedules()
        if any(in_step(one, now) != one for one in schedules.values()):
            _log.warning("clock_set_back")
            schedules = await store.follow_clock(now)
        seconds = TICK_S
        for name in names:
            schedule = schedules[name]
            if schedule.next_run_at is None:
                continue
            if not schedule.due(now):
                left = (schedule.next_run_at - now).total_seconds()
            elif await self._run(store, name, schedule, start):
                left = 0.0
            else:
                left = LOOK_AGAIN_S
            seconds = min(seconds, left)
        return seconds

    async def _run(
        self, store: ScheduleStore, name: ScheduleName, schedule: Schedule, start: Start
    ) -> bool:
        """Start one run; False where it has to wait."""
        assert schedule.next_run_at is not None  # noqa: S101 - a schedule that is due has a time
        run = ScheduledRun(name, schedule.next_run_at)
        try:
            end = await start(schedule, run)
            if end is None:
                return False
            if end.outcome != "started":
                await store.end_run(run, end.outcome, end.job_id, self._now())
        except ScheduleMovedError:
            return True  # its job was made, or a person changed it meanwhile
        _log.info("schedule_ran", schedule=name, outcome=end.outcome, job_id=end.job_id)
        return True
