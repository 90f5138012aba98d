"""What a running job may use: ports, settings, and how it tells how far it has come.

Rules:
- Telling never waits: progress and waiting are kept as the latest, log lines in a bounded box, and
  a reporter beside the job's function hands them to the registry.
- Call the context from the event loop only, not from inside `cpu`.
- The context neither knows the job's status nor changes it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import trio

from actors.cpu import Checkpoint, Cpu, on_cpu
from actors.mailbox import Mailbox
from actors.messages import (
    Begun,
    LibraryChanged,
    LibraryReason,
    Line,
    Logged,
    Reported,
    ToRegistry,
    ToSyncManager,
)
from actors.watching import PROGRESS_EVERY_S
from stashhog.core.config import Settings
from stashhog.domain.jobs import Job, JobKind, LogLevel, Progress, Waiting
from stashhog.domain.learning import Knowledge
from stashhog.domain.progress import Pace, measured, observe
from stashhog.ports import JobStore, PlanStore, Stash
from stashhog.ports.events import OwnWrites, StashEvents
from stashhog.ports.journal import JournalStore
from stashhog.ports.model import LanguageModel, ModelStore
from stashhog.ports.schedules import ScheduleStore
from stashhog.ports.sync import SyncStore

if TYPE_CHECKING:
    from actors.model_calls import ModelCalls

T = TypeVar("T")

LINES_EVERY_S = 0.05
MOST_LINES = 500
"""Log lines that wait for the registry at the most; the oldest go first, and are counted."""
LONGEST_LINE = 4_000
QUIET_S = 10.0
"""How soon the same line of a cause that comes and goes is told again."""


@dataclass(frozen=True, slots=True)
class ActorPorts:
    """The outside, as the actors see it; without `schedules` nothing runs by itself.

    `events` and `own_writes` go together: what Stash tells, and what of it we did.
    """

    stash: Stash
    model: LanguageModel
    jobs: JobStore
    sync: SyncStore
    plans: PlanStore
    journal: JournalStore
    model_store: ModelStore
    schedules: ScheduleStore | None = None
    events: StashEvents | None = None
    own_writes: OwnWrites | None = None


@dataclass(slots=True)
class StashLook:
    """When somebody last looked at Stash's own work, and what it hindered then."""

    at: float = -math.inf
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all jobs of the process share.

    `knowledge` learns from the library, or gives what was learned from the same one before, and
    tells meanwhile how far it is.
    `calls` are all calls to the model.
    `entity_lock` makes finding or creating an entity in Stash one step. `stash_look` is
    the last look at Stash's own work.
    """

    knowledge: Callable[[Cpu, Callable[[str], None]], Awaitable[Knowledge]]
    calls: ModelCalls
    entity_lock: trio.Lock = field(default_factory=trio.Lock)
    cpu_slot: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))
    stash_look: StashLook = field(default_factory=StashLook)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a context is made of besides its job.

    `progress_every_s` says how often a job is to tell how far it has come.
    """

    ports: ActorPorts
    settings: Callable[[], Settings]
    shared: Shared
    registry: Mailbox[ToRegistry]
    sync_manager: Mailbox[ToSyncManager]
    now: Callable[[], datetime]
    progress_every_s: Callable[[], float] = lambda: PROGRESS_EVERY_S


def tellable(text: str) -> str:
    """Text as JSON can hold it: halves of characters, which titles may contain, are replaced."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


class JobContext:
    """One job's hold on the world while it runs.

    Attributes:
        job: The job as it was when it started; `job.params` are what was asked for.
        ports: Stash, the model and the stores.
        settings: As they were when the job started.
        shared: What all jobs of the process share.
        done: Committed items so far, over restarts.
        total: Items in all, None while unknown; a job may set it before it tells progress.
    """

    def __init__(self, job: Job, around: Surroundings) -> None:
        self.job = job
        self.ports = around.ports
        self.settings = around.settings()
        self.shared = around.shared
        self.done = job.progress.done
        self.total = job.progress.total
        self._around = around
        self._progress = job.progress
        self._waiting: Waiting | None = None
        self._waited: Waiting | None = None
        self._lines: deque[Line] = deque()
        self._left_out = 0
        self._said: dict[str, float] = {}
        self._reasons: set[LibraryReason] = set()
        self._pace = Pace(trio.current_time(), self.done)
        self._news = trio.Event()
        self._untold = False
        self._shields: set[trio.CancelScope] = set()
        self._shielding = True
        self._begun = False

    # --- telling --------------------------------------------------------------------------------

    def progress(
        self, done: int, total: int | None, *, unit: str = "scenes", message: str = ""
    ) -> None:
        """Tell that `done` of `total` items are committed."""
        if done > self.done:
            self.begun()
        self._pace = observe(self._pace, done, trio.current_time())
        self.done, self.total = done, total
        self._progress = Progress(done, total, unit, tellable(message))
        self._changed()

    def begun(self) -> None:
        """Tell that from now on the job may miss what changes; progress tells it by itself."""
        if not self._begun:
            self._begun = True
            self._around.sync_manager.post(Begun(self.job.id))

    def log(self, level: LogLevel, message: str) -> None:
        """Add a line to the job's own log; long ones are cut, too many at once are counted."""
        if len(self._lines) >= MOST_LINES:
            self._lines.popleft()
            self._left_out += 1
        self._lines.append(Line(self.now(), level, tellable(message)[:LONGEST_LINE]))
        self._news.set()

    def log_seldom(self, level: LogLevel, message: str) -> bool:
        """Add a line unless the same was added within `QUIET_S`; returns whether it was."""
        now = trio.current_time()
        if now - self._said.get(message, -QUIET_S) < QUIET_S:
            return False
        if len(self._said) >= MOST_LINES:
            self._said.clear()
        self._said[message] = now
        self.log(level, message)
        return True

    @contextmanager
    def waiting(self, code: str, retry_at: datetime | None = None) -> Generator[None]:
        """Show what the job waits for, as long as the block lasts.

        Waiting again for the same before anybody was told that it ended keeps its `since`.
        """
        before = self._waited
        since = before.since if before is not None and before.code == code else self.now()
        self._waiting = self._waited = Waiting(code, since, retry_at)
        self._changed()
        try:
            yield
        finally:
            self._waiting = None
            self._changed()

    def library_changed(self, reason: LibraryReason) -> None:
        """Tell watchers and the planner that the local copy or Stash holds something else now."""
        self._reasons.add(reason)
        self._news.set()

    def _changed(self) -> None:
        self._untold = True
        self._news.set()

    # --- working --------------------------------------------------------------------------------

    @property
    def patience_s(self) -> float:
        """How long this job waits for what it depends on before it fails."""
        jobs = self.settings.jobs
        if self.job.kind is JobKind.ANALYSIS:
            return jobs.model_wait_seconds
        return jobs.stash_wait_seconds

    @property
    def settings_now(self) -> Settings:
        """The settings as they are now, for what a person changes to let a job go on."""
        return self._around.settings()

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self._around.now()

    async def cpu(self, work: Callable[[Checkpoint], T]) -> T:
        """Run CPU work in a thread on the process's one CPU slot; see `actors.cpu`."""
        return await on_cpu(work, self.shared.cpu_slot)

    @contextmanager
    def finishing(self) -> Generator[None]:
        """Shield a section (send and record) from a cancel.

        A stop of the service lifts the shield after its grace, and the section ends where it is:
        what it was doing must be such that the next start can find out how it went.
        """
        with trio.CancelScope(shield=self._shielding) as scope:
            self._shields.add(scope)
            try:
                yield
            finally:
                self._shields.discard(scope)

    @property
    def shielded(self) -> bool:
        """Whether a section is shielded now, so that waiting would keep a cancel waiting."""
        return bool(self._shields)

    # --- the worker pool's ----------------------------------------------------------------------

    def lift_shields(self) -> None:
        """Let a cancel into shielded sections, present and future ones."""
        self._shielding = False
        for scope in self._shields:
            scope.shield = False

    async def keep_telling(self) -> None:
        """Hand what the job tells to the registry until cancelled."""
        progress_at = -math.inf
        while True:
            await self._news.wait()
            self._news = trio.Event()
            self._send_lines()
            due = progress_at + self._around.progress_every_s() - trio.current_time()
            if due <= 0 and self._send_progress():
                progress_at = trio.current_time()
            self._send_reasons()
            if self._untold or self._lines:
                self._news.set()
            await trio.sleep(LINES_EVERY_S)

    def last_words(self) -> tuple[Progress, tuple[Line, ...]]:
        """Take what was not handed over yet, at the end of the job."""
        self._send_reasons()
        lines, self._untold = self._take_lines(), False
        return measured(self._progress, self._pace), lines

    def _send_progress(self) -> bool:
        if not self._untold:
            return False
        report = Reported(self.job.id, measured(self._progress, self._pace), self._waiting)
        if not self._around.registry.hint(report):
            return False
        self._untold = False
        if self._waiting is None:
            self._waited = None
        return True

    def _send_lines(self) -> None:
        lines = self._take_lines()
        if lines and not self._around.registry.hint(Logged(self.job.id, lines)):
            self._lines.extendleft(reversed(lines))

    def _take_lines(self) -> tuple[Line, ...]:
        lines = list(self._lines)
        self._lines.clear()
        if self._left_out:
            note = f"{self._left_out} lines were left out here"
            lines.insert(0, Line(self.now(), "warning", note))
            self._left_out = 0
        return tuple(lines)

    def _send_reasons(self) -> None:
        for reason in sorted(self._reasons):
            self._around.sync_manager.post(LibraryChanged(reason))
        self._reasons.clear()
