"""An analysis's questions to the model: gathered into calls, split where a call fails, answered.

Rules:
- Each scene gets an answer or the reason why it has none; nothing here fails the analysis, but for
  a model that is away while it was asked for with `always`.
- A scene is sent at most `TRIES` times, in ever smaller company: one alone may spoil an answer.
- A model of whose first answers none can be used is not asked any more.
- A server that does not answer is waited for by asking it for one word, not by sending the scenes
  again; what failed before it was back is tried anew.
- The first call goes out when what is gathered lasts until all scenes are looked at, as far as that
  can be told (`domain.asking.timing`), and at once in a job that goes on after a crash.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Literal

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import FIRST_PAUSE_S, LONGEST_PAUSE_S, patiently
from actors.model_calls import Caller, ModelCalls, Read
from stashhog.core.exceptions import (
    BudgetReachedError,
    ModelAnswerError,
    ModelRefusedError,
    ModelUnavailableError,
    OpenAIError,
)
from stashhog.domain.asking import Answer, AskedScene, Style, make_prompt, read_answers
from stashhog.domain.asking.timing import lasts
from stashhog.ports.model import ModelReply

TRIES = 3
LANES_A_SEAT = 3
"""Calls that are worked at for each seat: one is asked, one is ready, one is being booked, so that
a disk that takes its time leaves no seat empty."""

MOST_WAITING = 1_000
"""So many scenes may wait for their answers, each of some 60 kB; or two rounds of calls."""

LONGEST_GATHERING_S = 5.0

USELESS_CALLS = 5
"""So many calls' scenes without one usable answer are enough."""

BUDGET = "budget"
FAILED = "model_failed"
NO_ANSWER = "model_bad_answer"
REFUSED = "model_refused"
USELESS = (NO_ANSWER, REFUSED, "model_answer_cut", "model_answer_too_long")


@dataclass(slots=True)
class Pending:
    """A scene whose answer is awaited: `outcome` is the answer, or why there is none."""

    scene: AskedScene
    outcome: Answer | str | None = None
    known: trio.Event = field(default_factory=trio.Event)

    def resolve(self, outcome: Answer | str) -> None:
        """Say how it ended."""
        self.outcome = outcome
        self.known.set()


@dataclass(slots=True)
class _Group:
    """Scenes that are asked about together; `tries` is how often they may be sent."""

    pending: list[Pending]
    tries: int = TRIES

    def resolve(self, reason: str) -> None:
        for one in self.pending:
            one.resolve(reason)


def caller_of(ctx: JobContext) -> Caller:
    """The job as the one that calls are for."""
    params = ctx.job.params
    return Caller(
        ctx.job.id, params["plan_id"], params.get("options") or {}, partial(patiently, ctx)
    )


class Asking:
    """The questions of one analysis.

    Args:
        ctx: The job's context.
        calls: The process's calls to the model.
        nursery: Where calls run; it has to end with the job.
        style: How candidates are named.
        always: Whether the job fails while the model is away, in place of going on without.

    Attributes:
        reasons: Why scenes have no answer → how many.
        answered: Scenes that were answered.
        begun: Whether calls go out; until then they are gathered.
    """

    def __init__(
        self,
        ctx: JobContext,
        calls: ModelCalls,
        nursery: trio.Nursery,
        *,
        style: Style,
        always: bool,
    ) -> None:
        self.reasons: Counter[str] = Counter()
        self.answered = 0
        self.begun = False
        self._ctx = ctx
        self._calls = calls
        self._caller = caller_of(ctx)
        self._nursery = nursery
        self._style = style
        self._always = always
        openai = ctx.settings.openai
        self._size = openai.scenes_per_request
        self._seats = openai.concurrency
        self._most_waiting = max(MOST_WAITING, 2 * self._seats * self._size)
        self._ready, self._groups = trio.open_memory_channel[_Group](math.inf)
        self._left = None if ctx.total is None else ctx.total - ctx.done
        self._looked = 0
        self._since = trio.current_time()
        self._gathered: dict[bool, list[Pending]] = {}
        self._waiting = 0
        self._fewer = trio.Event()
        self._stopped: str | None = None
        self._outage = trio.Lock()
        self._back_at = float("-inf")

    # --- the job's side -------------------------------------------------------------------------

    async def room(self) -> None:
        """Wait until more scenes may be asked about."""
        while self._waiting >= self._most_waiting:
            self.begin()
            await self._fewer.wait()

    def looked(self, scenes: int) -> None:
        """Note that so many more scenes were looked at; begins to ask where that is enough."""
        self._looked += scenes
        if self.begun:
            return
        took = trio.current_time() - self._since
        again = self._ctx.job.attempt > 1
        if again or self._left is None or not took or took > LONGEST_GATHERING_S:
            self.begin()
            return
        left = max(0, self._left - self._looked)
        rates = {
            "looked_per_s": self._looked / took,
            "asked_per_s": self._seats * self._size / self._calls.usual_s,
        }
        if lasts(self._waiting, self._looked, left, **rates):
            self.begin()

    def ask(self, scene: AskedScene) -> Pending:
        """Ask about a scene, together with those that come next and are asked the same way."""
        pending = Pending(scene)
        self._waiting += 1
        alike = self._gathered.setdefault(scene.summary, [])
        alike.append(pending)
        if len(alike) >= self._size:
            self._start(_Group(self._gathered.pop(scene.summary)))
        return pending

    def flush(self) -> None:
        """Send what was gathered, though more would fit."""
        for alike in self._gathered.values():
            self._start(_Group(alike))
        self._gathered = {}
        self.begin()

    def begin(self) -> None:
        """Let calls go out."""
        if not self.begun:
            self.begun = True
            for _ in range(self._seats * LANES_A_SEAT):
                self._nursery.start_soon(self._lane)

    # --- calls ----------------------------------------------------------------------------------

    def _start(self, group: _Group) -> None:
        self._ready.send_nowait(group)

    async def _lane(self) -> None:
        """Make one call after the other."""
        async for group in self._groups:
            await self._work(group)

    async def _work(self, group: _Group) -> None:
        rest = await self._try(group)
        for smaller in rest:
            self._start(smaller)
        done = len(group.pending) - sum(len(smaller.pending) for smaller in rest)
        self._waiting -= done
        for one in group.pending:
            if isinstance(one.outcome, Answer):
                self.answered += 1
            elif one.outcome is not None:
                self.reasons[one.outcome] += 1
        useless = sum(self.reasons[reason] for reason in USELESS)
        if not self.answered and useless >= USELESS_CALLS * self._size:
            self._stop(NO_ANSWER, "none of its answers could be used; is it the right model?")
        self._fewer.set()
        self._fewer = trio.Event()

    async def _try(self, group: _Group) -> Sequence[_Group]:
        """Ask about a group; returns what has to be asked again, in smaller groups."""
        if self._stopped is not None:
            group.resolve(self._stopped)
            return ()
        try:
            answers = await self._answers(group)
        except BudgetReachedError as error:
            return self._over_budget(group, error)
        except ModelRefusedError:
            return self._split(group, REFUSED)
        except ModelAnswerError as error:
            return self._split(group, f"model_{error.public_code.removeprefix('model_')}")
        except ModelUnavailableError:
            if self._always:
                raise
            group.resolve(self._stopped or FAILED)
            return ()
        except OpenAIError as error:
            return self._give_up(group, error)
        missing = []
        for one in group.pending:
            answer = answers.get(one.scene.scene_id)
            if answer is None:
                missing.append(one)
            else:
                one.resolve(answer)
        return self._split(_Group(missing, group.tries), NO_ANSWER) if missing else ()

    async def _answers(self, group: _Group) -> dict[str, Answer]:
        scenes = [one.scene for one in group.pending]
        prompt = make_prompt(scenes, self._style)

        def read(reply: ModelReply) -> Read[dict[str, Answer]]:
            answers = read_answers(reply.text, scenes, self._style)
            keys = {scene.scene_id: scene.key for scene in scenes}
            return Read(answers, {keys[one]: answer.kept for one, answer in answers.items()})

        while True:
            began = trio.current_time()
            group.tries -= 1
            try:
                return await self._calls.ask(self._caller, prompt, read)
            except ModelUnavailableError as error:
                await self._after_silence(group, error, began)

    def _split(self, group: _Group, reason: str) -> Sequence[_Group]:
        """Halve a group, then take its scenes one by one."""
        size = len(group.pending)
        if group.tries <= 0 or size == 1:
            group.resolve(reason)
            return ()
        step = -(-size // 2) if group.tries > 1 else 1
        return [_Group(group.pending[at : at + step], group.tries) for at in range(0, size, step)]

    def _over_budget(self, group: _Group, error: BudgetReachedError) -> Sequence[_Group]:
        """Try with fewer scenes, and stop where not even one fits."""
        group.tries += 1  # it was not sent
        size = len(group.pending)
        if error.public_code == BUDGET and size > 1:
            step = -(-size // 2)
            return [
                _Group(group.pending[at : at + step], group.tries) for at in range(0, size, step)
            ]
        self._stop(error.public_code, error.detail)
        group.resolve(error.public_code)
        return ()

    def _give_up(self, group: _Group, error: OpenAIError) -> Sequence[_Group]:
        """Where trying again cannot help: a wrong key, an unknown model, no money at the server."""
        if error.public_code == "prompt_too_long":
            return self._split(group, "model_prompt_too_long")
        if self._always:
            raise error
        self._stop(error.public_code, error.detail)
        group.resolve(error.public_code)
        return ()

    def _stop(self, reason: str, detail: str) -> None:
        """Ask nothing more."""
        if self._stopped is None:
            self._stopped = reason
            self._ctx.log("warning", f"the model is not asked any more: {detail}")

    # --- a server that does not answer ----------------------------------------------------------

    async def _after_silence(
        self, group: _Group, error: ModelUnavailableError, began: float
    ) -> None:
        """Wait for another try, or for the server.

        Raises:
            ModelUnavailableError: the server is away for good.
            ModelAnswerError: it is there, but fails on this.
        """
        pause = error.retry_after_seconds * 2 ** (TRIES - 1 - group.tries)
        if group.tries > 0:
            if not error.throttled:  # then all calls are held back already
                await trio.sleep(min(pause, LONGEST_PAUSE_S))
            return
        state = await self._look(error, began)
        if state == "gone":
            raise error
        if state == "up" and not error.throttled:
            raise ModelAnswerError(error.detail, code=FAILED)
        group.tries = TRIES

    async def _look(
        self, error: ModelUnavailableError, began: float
    ) -> Literal["up", "back", "gone"]:
        """Find out, once for all calls, whether the server is there, and wait for it."""
        async with self._outage:
            if self._stopped is not None:
                return "gone"
            if self._back_at > began:
                return "back"
            gives_up_at = trio.current_time() + self._ctx.patience_s
            pause, seen = FIRST_PAUSE_S, "up"
            while True:
                try:
                    await self._calls.probe(self._caller)
                except ModelUnavailableError as again:
                    seen, error = "back", again
                except OpenAIError as other:
                    if self._always:
                        raise
                    self._stop(other.public_code, other.detail)
                    return "gone"
                else:
                    if seen == "up":
                        return "up"
                    self._back_at = trio.current_time()
                    self._ctx.log("info", "the model is back; going on")
                    return "back"
                if not await self._pause(error, pause, gives_up_at):
                    return "gone"
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _pause(
        self, error: ModelUnavailableError, seconds: float, gives_up_at: float
    ) -> bool:
        """Wait a while for the server, visibly; False where patience is at its end."""
        seconds = max(seconds, self._calls.held_for_s)
        if trio.current_time() + seconds > gives_up_at:
            if not self._always:
                self._stop("model_unavailable", f"{error.detail}; going on without")
            return False
        self._ctx.log("warning", f"waiting for the model: {error.detail}")
        retry_at = self._ctx.now() + timedelta(seconds=seconds)
        with self._ctx.waiting("model_unavailable", retry_at):
            await trio.sleep(seconds)
        return True
