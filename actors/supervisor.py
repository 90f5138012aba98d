"""The supervisor: keeps actors alive, one for one, and knows when to give up.

Rules:
- A crash of one actor touches no other. It comes back after a short, jittered pause with its
  mailbox as it was; who waits for an answer that it had taken up is told.
- More than `PER_ACTOR` crashes of one actor restart the whole tree; more than `PER_TREE` of those
  end it: `failed` is set, so that readiness can say so, and a moment later `ActorsFailedError`
  ends whoever runs the tree.
- Actors start in order and stop in reverse, one by one, each in a scope that only the supervisor
  cancels.
- Here is the one broad `except` around an actor.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
import trio

from actors.boundaries import caught
from actors.mailbox import Mailbox, MailboxCounts

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
GIVE_UP_AFTER_S = 1.0
"""How long readiness may say that the actors failed before the process goes down."""
STOP_LIMIT_S = 1.5
"""How long one actor may take to stop before the next one is stopped as well."""


class ActorsFailedError(Exception):
    """The tree of actors crashed past its limits; the process cannot do its work."""


@dataclass(frozen=True, slots=True)
class RestartLimit:
    """So many restarts in so many seconds are borne."""

    restarts: int
    period_s: float


PER_ACTOR = RestartLimit(5, 30.0)
PER_TREE = RestartLimit(3, 30.0)


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """How an actor lives: `life` runs one life of it and calls its argument when it is ready."""

    name: str
    mailbox: Mailbox[Any]
    life: Callable[[Callable[[], None]], Awaitable[None]]


class RestartCount:
    """Counts restarts in a sliding period."""

    def __init__(self, limit: RestartLimit) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def exceeded(self, now: float) -> bool:
        """Count one more; whether that is too many."""
        self._times.append(now)
        while self._times[0] <= now - self._limit.period_s:
            self._times.popleft()
        return len(self._times) > self._limit.restarts

    def clear(self) -> None:
        """Forget what was counted."""
        self._times.clear()

    def __len__(self) -> int:
        return len(self._times)


@dataclass(slots=True, eq=False)
class _Child:
    spec: ActorSpec
    count: RestartCount
    scope: trio.CancelScope = field(default_factory=lambda: trio.CancelScope(shield=True))
    life: trio.CancelScope = field(default_factory=trio.CancelScope)
    ready: trio.Event = field(default_factory=trio.Event)
    over: trio.Event = field(default_factory=trio.Event)
    born: bool = False
    alive: bool = False
    crashes: int = 0

    def is_ready(self) -> None:
        self.alive = True
        self.ready.set()


class Supervisor:
    """Runs actors.

    Attributes:
        failed: Set when the limits were passed, `GIVE_UP_AFTER_S` before `run` raises.
    """

    def __init__(
        self,
        specs: Sequence[ActorSpec],
        *,
        per_actor: RestartLimit = PER_ACTOR,
        per_tree: RestartLimit = PER_TREE,
    ) -> None:
        self._children = [_Child(spec, RestartCount(per_actor)) for spec in specs]
        self._tree = RestartCount(per_tree)
        self._stop = trio.Event()
        self.failed = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the actors in order, keep them alive, and stop them when told or cancelled.

        Raises:
            ActorsFailedError: past the limits; in an exception group.
        """
        async with trio.open_nursery() as nursery:
            try:
                for child in self._children:
                    child.born = True
                    nursery.start_soon(self._keep_alive, child, name=child.spec.name)
                    await child.ready.wait()
                task_status.started()
                await self._stop.wait()
            finally:
                with trio.CancelScope(shield=True):
                    await self._stop_all()

    def stop(self) -> None:
        """Let `run` stop the actors and return."""
        self._stop.set()

    def restart(self, name: str) -> None:
        """End an actor's present life; another one follows. It counts as no crash."""
        for child in self._children:
            if child.spec.name == name:
                child.life.cancel()

    def status(self) -> dict[str, dict[str, Any]]:
        """How each actor fares: whether it is alive, its crashes so far, its mailbox's counts."""
        return {
            child.spec.name: {
                "alive": child.alive,
                "crashes": child.crashes,
                "waiting": child.spec.mailbox.counts.waiting,
                "refused": child.spec.mailbox.counts.refused,
            }
            for child in self._children
        }

    def mailboxes(self) -> dict[str, MailboxCounts]:
        """How each actor's mailbox fared."""
        return {child.spec.name: child.spec.mailbox.counts for child in self._children}

    async def _stop_all(self) -> None:
        for child in reversed(self._children):
            child.scope.cancel()
            with trio.move_on_after(STOP_LIMIT_S):
                if child.born:
                    await child.over.wait()
            child.spec.mailbox.close("the service is stopping")

    async def _keep_alive(self, child: _Child) -> None:
        pause = FIRST_PAUSE_S
        try:
            with child.scope:
                while True:
                    born = trio.current_time()
                    error = await self._live(child)
                    if error is not None:
                        await self._crashed(child, error)
                    if trio.current_time() - born > LONGEST_PAUSE_S * 4:
                        pause = FIRST_PAUSE_S
                    await trio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                    pause = min(pause * 2, LONGEST_PAUSE_S)
        finally:
            child.over.set()

    async def _live(self, child: _Child) -> Exception | None:
        """One life of an actor; returns what it died of, None where it was told to restart.

        An actor that crashes while it is stopped raises both at once: the stop goes on.
        """
        child.life = trio.CancelScope()
        error: Exception | None = None
        try:
            with child.life:
                await child.spec.life(child.is_ready)
        except BaseException as raised:  # noqa: BLE001 - the one supervisor boundary
            known, rest = caught(raised)
            if rest is not None:
                raise rest from None
            error = known
        finally:
            child.alive = False
            child.spec.mailbox.fail_owed()
        if error is not None or child.life.cancelled_caught:
            return error
        return RuntimeError("an actor's life just ended")

    async def _crashed(self, child: _Child, error: Exception) -> None:
        child.crashes += 1
        _log.error("actor_crashed", actor=child.spec.name, crashes=child.crashes, exc_info=error)
        now = trio.current_time()
        if not child.count.exceeded(now):
            return
        if self._tree.exceeded(now):
            _log.critical("actors_failed", actor=child.spec.name)
            self.failed.set()
            await trio.sleep(GIVE_UP_AFTER_S)
            raise ActorsFailedError(f"the {child.spec.name} keeps crashing") from error
        _log.error("actors_restarted", restarts=len(self._tree))
        for other in self._children:
            other.count.clear()
            other.life.cancel()
