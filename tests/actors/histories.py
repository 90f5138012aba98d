"""Histories of jobs, played on a real registry and pool over a store in memory.

A history is a list of steps: submit, cancel, commit an item, finish, fail, crash an actor, restart
the service, kill it. While it is played, everything that the actors promise is checked against what
the player did; at its end every job is brought to its own end. `broken` is the first promise that
did not hold, None where all did.

Rules that are checked:
- statuses move only as `TRANSITIONS` says, also over restarts, and `seq` rises;
- no more jobs at work than workers, one for each slot;
- what was answered holds: a submitted job exists, a cancelled one never begins again;
- a job that was told to finish or fail ends so, unless its end was asked for;
- store, memory and the last frame say the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import trio
import trio.testing
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors import Actors, JobContext
from actors.supervisor import RestartLimit
from actors.system import Limits
from actors.tasks import Slot
from stashhog.core.exceptions import BusyError, ConflictError, StashHogException
from stashhog.domain.jobs import (
    FINAL,
    TRANSITIONS,
    AnalysisSubmission,
    ApplySubmission,
    Job,
    JobKind,
    JobStatus,
    SceneSelection,
    Submission,
    SyncSubmission,
    UndoSubmission,
)
from tests.actors.conftest import SLOTS, Stage
from tests.fakes.stores import FakeJobStore

WORKERS = 3
PLANS = 3
NO_LIMIT = RestartLimit(10_000, 30.0)
STEPS: frozenset[tuple[JobStatus, JobStatus]] = frozenset(
    (before, after) for (before, _), after in TRANSITIONS.items()
)

Step: TypeAlias = tuple[Any, ...]

_numbers = st.integers(0, 9)
_kinds = st.tuples(st.just("submit"), st.sampled_from(list(JobKind)), st.integers(1, PLANS))
_orders = st.tuples(st.sampled_from(["cancel", "cancel", "commit", "finish", "fail"]), _numbers)
_crashes = st.tuples(
    st.just("crash"), st.sampled_from(["registry", "registry", "pool", "sync_manager", "planner"])
)
_ends = st.tuples(st.sampled_from(["restart", "kill"]))
_settle = st.just(("settle",))
histories = st.lists(
    st.one_of(_kinds, _kinds, _orders, _orders, _orders, _crashes, _ends, _settle, _settle),
    min_size=6,
    max_size=40,
)


class OnPurposeError(StashHogException):
    """A job's own error."""

    code = "on_purpose"


@dataclass
class Known:
    """What the player knows of a job."""

    id: str
    kind: JobKind
    told: str | None = None
    cancel_asked: bool = False
    cancel_answered: bool = False
    began_when_cancelled: int = 0
    seq: int = -1
    anew: set[int] = field(default_factory=set)
    statuses: list[JobStatus] = field(default_factory=list)


class PromiseError(AssertionError):
    """A promise that did not hold."""


def check(holds: object, promise: str, *found: object) -> None:
    if not holds:
        raise PromiseError(f"{promise}: {found}")


class Player:
    """Plays one history."""

    def __init__(self) -> None:
        self.store = FakeJobStore(plans=PLANS)
        self.known: dict[str, Known] = {}
        self.order: list[Known] = []
        self.orders: dict[str, list[str]] = {}
        self.news = trio.Event()
        self.at_work: dict[str, Slot | None] = {}
        self.began: list[str] = []
        self.broken: list[str] = []
        self.registry_crashed = False
        self.unanswered: list[str] = []
        self.actors: Actors
        self.nursery: trio.Nursery

    # --- what jobs do ---------------------------------------------------------------------------

    async def work(self, ctx: JobContext) -> None:
        """Do what the player orders: commit, finish, fail."""
        job = ctx.job
        self.began.append(job.id)
        slot = SLOTS[job.kind]
        # A job's own errors stay its own, so what breaks here is noted for the end.
        if slot in self.at_work.values():
            self.broken.append(f"two {slot} jobs at once")
        self.at_work[job.id] = slot
        if len(self.at_work) > WORKERS:
            self.broken.append(f"{len(self.at_work)} jobs at once")
        store = self.store
        try:
            while True:
                news = self.news
                for order in self.take_orders(job.id):
                    if order == "commit":
                        ctx.progress(await store.commit_items(job.id, 1), None)
                    elif order == "fail":
                        raise OnPurposeError("it was told to")
                    else:
                        return
                await news.wait()
        finally:
            self.at_work.pop(job.id, None)

    def take_orders(self, job_id: str) -> list[str]:
        orders = self.orders.setdefault(job_id, [])
        taken = [order for order in orders if order == "commit"]
        lasting = [order for order in orders if order != "commit"]
        self.orders[job_id] = lasting  # a job that goes on after a crash is to end all the same
        return [*taken, *lasting[:1]]

    def tell(self, known: Known, order: str) -> None:
        self.orders.setdefault(known.id, []).append(order)
        if order != "commit":
            known.told = known.told or order
        news, self.news = self.news, trio.Event()
        news.set()

    # --- the service's lives --------------------------------------------------------------------

    @asynccontextmanager
    async def life(self) -> AsyncGenerator[None]:
        """One life of the service on the present store; leaving it is a clean stop."""
        stage = Stage(store=self.store, limits=Limits(NO_LIMIT, NO_LIMIT))
        stage.settings = stage.settings.model_copy(
            update={"jobs": stage.settings.jobs.model_copy(update={"workers": WORKERS})}
        )
        stage.plays = dict.fromkeys(JobKind, self.work)
        async with stage.open() as actors, trio.open_nursery() as nursery:
            self.actors, self.nursery = actors, nursery
            for known in self.order:
                nursery.start_soon(self.watch, known)
            yield
            await actors.stop()
            nursery.cancel_scope.cancel()

    async def watch(self, known: Known) -> None:
        """Note all that is told about a job."""
        async with self.actors.registry.watch(known.id) as frames:
            async for frame in frames:
                again = frame["type"] == "snapshot" and frame["seq"] == known.seq
                check(again or frame["seq"] > known.seq, "seq rises", known, frame)
                known.seq = frame["seq"]
                if frame["type"] == "snapshot":
                    known.anew.add(len(known.statuses))
                if "job" in frame:
                    known.statuses.append(JobStatus(frame["job"]["status"]))

    async def play(self, history: list[Step]) -> None:
        """Play the steps, then bring every job to its end, and check everything."""
        rest = list(history)
        ended = False
        while not ended:
            with trio.CancelScope() as scope:
                async with self.life():
                    if await self.live(rest, scope):
                        await self.bring_to_an_end()
                        ended = True
            self.at_work.clear()
        self.check_all()

    async def live(self, rest: list[Step], scope: trio.CancelScope) -> bool:
        """Do steps until none is left (True) or one of them ends this life."""
        self.unanswered.clear()
        while rest:
            name, *arguments = rest.pop(0)
            if name == "restart":
                return False
            if name == "kill":
                self.survive()
                scope.cancel()
            await self.do(name, *arguments)
        return True

    def survive(self) -> None:
        """What a killed process leaves: the store as it is now; its last words change nothing."""
        old = self.store
        self.store = replace(
            old,
            rows=dict(old.rows),
            logs={name: list(lines) for name, lines in old.logs.items()},
            tallies={name: dict(tally) for name, tally in old.tallies.items()},
            busy=dict(old.busy),
            history={name: list(past) for name, past in old.history.items()},
        )

    # --- steps ----------------------------------------------------------------------------------

    async def do(self, name: str, *arguments: Any) -> None:
        if name == "submit":
            self.nursery.start_soon(self.submit, *arguments)
        elif name == "crash":
            self.crash(arguments[0])
        elif name == "settle":
            await trio.testing.wait_all_tasks_blocked()
        elif self.order:
            known = self.order[arguments[0] % len(self.order)]
            if name == "cancel":
                self.nursery.start_soon(self.cancel, known)
            else:
                self.tell(known, name)
        await trio.lowlevel.checkpoint()

    async def submit(self, kind: JobKind, plan_id: int) -> None:
        submission = _submission(kind, plan_id)
        try:
            job = await self.actors.registry.submit(submission)
        except BusyError:
            return
        except ConflictError as error:
            owner = self.store.busy.get(plan_id)
            check(error.public_code == "plan_busy" and owner, "only a busy plan refuses", error)
            return
        known = Known(job.id, kind)
        self.known[job.id] = known
        self.order.append(known)
        await self.watch(known)

    async def cancel(self, known: Known) -> None:
        known.cancel_asked = True
        self.unanswered.append(known.id)
        try:
            answer = await self.actors.registry.cancel(known.id)
        except BusyError:
            return
        finally:
            if known.id in self.unanswered:
                self.unanswered.remove(known.id)
        check(
            answer.status in (JobStatus.CANCELLING, *FINAL), "a cancel is answered", answer.status
        )
        if answer.status is JobStatus.CANCELLED:
            known.cancel_answered = True
            known.began_when_cancelled = self.began.count(known.id)

    def crash(self, actor: str) -> None:
        """Give an actor a message that no actor knows."""
        actors = self.actors
        self.registry_crashed |= actor == "registry"
        parts: Any = {
            "registry": actors.registry._parts,
            "pool": actors.registry._parts.pool,
            "sync_manager": actors.sync_manager._parts,
            "planner": actors.planner._parts,
        }[actor]
        getattr(parts, "mailbox", parts).post("a message that no actor knows")

    # --- the end --------------------------------------------------------------------------------

    async def bring_to_an_end(self) -> None:
        await trio.sleep(2)  # a crashed registry is back by then, and has what was submitted
        with trio.move_on_after(3600) as patience:
            while any(not row.final for row in self.store.rows.values()):
                for job_id, row in self.store.rows.items():
                    if job_id not in self.known:  # its submitter was told to try again
                        self.known[job_id] = known = Known(job_id, row.kind)
                        self.order.append(known)
                    if not self.orders.get(job_id):
                        self.tell(self.known[job_id], "finish")
                await trio.sleep(1)
        stuck = {r.id: r.status for r in self.store.rows.values() if not r.final}
        check(not patience.cancelled_caught, "every job ends", stuck, self.at_work)
        await trio.sleep(2)
        check(not self.unanswered, "everybody who asks is answered", self.unanswered)

    def check_all(self) -> None:
        check(not self.broken, "workers and slots", self.broken)
        for known in self.known.values():
            check(known.id in self.store.rows, "what was answered exists", known)
            self.check_job(known, self.store.rows[known.id])

    def check_job(self, known: Known, row: Job) -> None:
        told_end = {"finish": JobStatus.COMPLETED, "fail": JobStatus.FAILED}[known.told or "finish"]
        wanted = {told_end} | ({JobStatus.CANCELLED} if known.cancel_asked else set())
        loop = row.error is not None and row.error.code == "crash_loop"
        check(row.status in wanted or loop, "a job ends as it was told", known, row)
        if known.cancel_answered and row.status is not told_end:
            again = self.began.count(known.id) - known.began_when_cancelled
            check(again == 0, "a cancelled job does not begin again", known, row)
        if known.statuses:
            check(known.statuses[-1] is row.status, "the last frame is the end", known, row)
        for at, (before, after) in enumerate(
            zip(known.statuses, known.statuses[1:], strict=False), 1
        ):
            one_step = before is after or (before, after) in STEPS
            # What a dying registry had saved and not told, and what came while nobody watched.
            missed = self.registry_crashed or at in known.anew
            check(
                one_step or (missed and after in _reachable(before)),
                "statuses move as the table says",
                *(before, after, known),
            )
        memory = self.actors.registry._parts.hub.job(known.id)
        told = memory is None or (memory.status, memory.seq) == (row.status, row.seq)
        check(told, "memory says what the store says", memory, row)


def _reachable(status: JobStatus) -> set[JobStatus]:
    found, rest = {status}, [status]
    while rest:
        here = rest.pop()
        new = {after for before, after in STEPS if before is here} - found
        found |= new
        rest += new
    return found


def _submission(kind: JobKind, plan_id: int) -> Submission:
    match kind:
        case JobKind.SYNC:
            return SyncSubmission()
        case JobKind.ANALYSIS:
            return AnalysisSubmission(SceneSelection(filter={"all": True}))
        case JobKind.APPLY:
            return ApplySubmission(plan_id)
        case JobKind.UNDO:
            return UndoSubmission(plan_id)


def played(history: list[Step]) -> Player:
    """Play a history in a world whose time passes by itself.

    Raises:
        PromiseError: what did not hold.
    """
    player = Player()
    clock = trio.testing.MockClock(autojump_threshold=0)
    try:
        with capture_logs():  # crashes on purpose would fill pages
            trio.run(player.play, history, clock=clock)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    return player


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
