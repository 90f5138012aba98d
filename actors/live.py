"""Holds the live connection to Stash: connect, listen, and when it breaks connect again.

Rules:
- Live events only make syncs come sooner; what a broken connection may have missed is made up for
  by one incremental sync when it is back to stay, and by no more than one in `MAKE_UP_GAP_S`,
  however often it breaks.
- New settings of Stash count at once: the old connection is dropped.
- Pauses between tries grow to `LONGEST_PAUSE_S` and are jittered. A cause is logged once until it
  changes, and no line comes twice within `QUIET_S`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import structlog
import trio

from actors.news import News
from actors.quiet import Quiet
from stashhog.core.exceptions import (
    StashConnectionError,
    StashHogException,
    StashNotConfiguredError,
)
from stashhog.domain.events import StashEvent, reason_to_sync
from stashhog.ports.events import StashEvents

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
SETTLED_S = 5.0
"""A connection that lasts so long is back to stay."""
MAKE_UP_GAP_S = 300.0
STEADY_S = 30.0
"""A connection that lasted so long makes the next pause a short one again."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """The live connection to Stash: whether it stands, since when, and else why not.

    `code` is `stash_not_configured` where no address is set or live events are turned off.
    """

    connected: bool = False
    since: datetime | None = None
    code: str | None = "stash_not_configured"


class Live:
    """The connection's state; it outlives the sync manager's lives.

    Args:
        events: Stash's events; None where nothing listens.
        news: What is told goes there.
        now: The clock, aware, in UTC.
    """

    def __init__(self, events: StashEvents | None, news: News, now: Callable[[], datetime]) -> None:
        self._events = events
        self._news = news
        self._now = now
        self._quiet = Quiet()
        self._stands = trio.Event()
        self._missed = False
        self._next_make_up = -math.inf
        self._told = ""
        self.state = LiveState()
        self.connections = 0

    async def keep(self) -> NoReturn:
        """Stay connected, for ever."""
        if self._events is None:
            await trio.sleep_forever()
        try:
            while True:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._stay_connected, self._events)
                    same_server = await self._events.changed()
                    nursery.cancel_scope.cancel()
                self._lost(None)
                self._missed = self._missed and same_server
        finally:
            self._lost(None)

    async def _stay_connected(self, events: StashEvents) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = trio.current_time()
            try:
                await self._listen(events)
            except StashNotConfiguredError as error:
                self._lost(error.public_code)
                await trio.sleep_forever()
            except StashHogException as error:
                steady = self.state.connected and trio.current_time() - began > STEADY_S
                self._lost(error.public_code)
                self._complain(error)
            pause = FIRST_PAUSE_S if steady else min(pause * 2, LONGEST_PAUSE_S)
            await trio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _listen(self, events: StashEvents) -> NoReturn:
        failure: StashHogException | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._make_up)
            try:
                await events.listen(self._heard, self._connected)
            except StashHogException as error:
                failure = error
            nursery.cancel_scope.cancel()
        raise StashConnectionError("the connection just ended") if failure is None else failure

    async def _make_up(self) -> None:
        """Have made up for what was missed, once the connection stands for good."""
        await self._stands.wait()
        await trio.sleep(max(SETTLED_S, self._next_make_up - trio.current_time()))
        if self._missed:
            self._missed = False
            self._next_make_up = trio.current_time() + MAKE_UP_GAP_S
            self._news.anything("live events are back")

    def _complain(self, error: StashHogException) -> None:
        if error.public_code != self._told and self._quiet.may(error.public_code):
            self._told = error.public_code
            _log.warning("stash_live_lost", code=error.public_code, detail=error.detail)

    def _heard(self, event: StashEvent) -> None:
        self._news.event()
        reason = reason_to_sync(event)
        if reason is not None:
            self._news.anything(reason)

    def _connected(self) -> None:
        self.connections += 1
        self.state = LiveState(connected=True, since=self._now(), code=None)
        if self._quiet.may("connected"):
            self._told = ""
            _log.info("stash_live_connected")
        self._stands.set()

    def _lost(self, code: str | None) -> None:
        self._stands = trio.Event()
        if self.state.connected:
            self._missed = True
            self.state = LiveState(since=self._now(), code=code)
        else:
            self.state = LiveState(since=self.state.since, code=code)
