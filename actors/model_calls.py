"""Calls to the language model: seats, waits and money, for all jobs of the process.

Rules:
- It belongs to the analysis planner and outlives its lives, as the calls on their way do.
- A seat is held while a request and its response are on their way, and no longer: what goes before
  and after is done beside, so that the next call is ready when a seat becomes free.
- What a call can cost at the most is held in the database before it takes a seat, and what it did
  cost is booked after it left it. While calls on their way hold the rest of a budget, the next one
  waits for them; only where none does is the budget reached.
- A server is believed what it says it used up to what was held, and not below half of what was
  sent: caps hold with one that lies.
- What one call learns of the server's limits holds back all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

import structlog
import trio

from actors.booking import NOT_EXECUTED, Bookings
from stashhog.core.config import Settings
from stashhog.core.exceptions import (
    BudgetReachedError,
    ConflictError,
    DiskFullError,
    ModelAnswerError,
    ModelUnavailableError,
    OpenAIError,
    ValidationError,
)
from stashhog.domain.asking import Caps, Prompt, Wanted
from stashhog.domain.asking.budget import Refusal, least
from stashhog.domain.asking.prompts import SCHEMA_NAME
from stashhog.domain.asking.tokens import usual
from stashhog.ports.model import (
    Exchange,
    Gate,
    LanguageModel,
    ModelLimits,
    ModelReply,
    ModelRequest,
    ModelStore,
    ModelUsage,
    Reservation,
    Settlement,
)

_log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

SETTLE_S = 3.0
LONGEST_HOLD_S = 60.0
MOST_EXCESS = 4.0
PROBE = Wanted(64, 16, None)
QUICK_S = 0.2
MOST_APART_S = 0.006
AFTERWARDS_S = 0.01
_NEWS = 0.2
"""How much the latest answer counts for how long one takes."""
_REFUSALS: Mapping[Refusal, str] = {
    "budget": "the next request might cost more than what is left of the budget",
    "price_unknown": "no price is known for the model, so a cap in money cannot be held",
}


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """An answer as it was read: what the caller wants of it, and what to keep by question key."""

    value: T
    kept: Mapping[str, Mapping[str, Any]]


class Patiently(Protocol):
    """Calls a store, and waits for it where it has no room."""

    async def __call__(
        self, ask: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call it."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The job that a call is for: whom it is booked for, and the caps of its own options."""

    job_id: str
    plan_id: int
    options: Mapping[str, Any]
    patiently: Patiently


@dataclass(slots=True)
class _Call:
    """A call that is worked at: what is held for it, what it used, how long its answer took."""

    wanted: Wanted
    usage: ModelUsage | None = NOT_EXECUTED
    took_s: float = 0.0


def caps_of(options: Mapping[str, Any], settings: Settings) -> Caps:
    """The caps that hold for a job with such options."""
    usual = settings.analysis
    tokens = least(options.get("max_tokens"), usual.max_tokens_per_job)
    return Caps(
        None if tokens is None else int(tokens),
        least(options.get("max_cost_usd"), usual.max_cost_usd_per_job),
        usual.max_cost_usd_per_day,
        usual.max_cost_usd_per_month,
    )


def check_wanted(options: Mapping[str, Any], settings: Settings, model: LanguageModel) -> None:
    """Check that the model can be asked as it is wanted, within caps that can be held.

    Raises:
        ConflictError: `model_not_configured`, it is to be asked always and none is set.
        ValidationError: `price_unknown`: a cap in money needs a price; an unknown one is not 0.
    """
    if options.get("use_llm", settings.analysis.use_llm) == "never":
        return
    if not settings.openai.on:
        if options.get("use_llm") == "always":
            raise ConflictError(
                "no language model is set; set one, or leave use_llm out",
                code="model_not_configured",
            )
        return
    price = model.cost_usd(input_tokens=1000, output_tokens=1000)
    if price is None and caps_of(options, settings).in_money:
        raise ValidationError(
            f"no price is known for {settings.openai.model}, so a cap in money cannot be held: set "
            "openai.input_usd_per_million and openai.output_usd_per_million, or cap tokens",
            code="price_unknown",
        )


class ModelCalls:
    """All calls to the model of this process.

    Attributes:
        counts: How many calls ended how, since the process started.
        used: What they used: `input_tokens`, `output_tokens`, and `usd` as far as it is known.
        usual_s: How long an answer takes of late, in seconds; a quick one, where there was none.
    """

    def __init__(
        self,
        model: LanguageModel,
        store: ModelStore,
        settings: Callable[[], Settings],
        now: Callable[[], datetime],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.used = {"input_tokens": 0.0, "output_tokens": 0.0, "usd": 0.0}
        self.usual_s = QUICK_S
        self._model = model
        self._store = store
        self._bookings = Bookings(store, now)
        self._settings = settings
        self._now = now
        self._seats = trio.CapacityLimiter(1)
        self._fair_share = float(settings().openai.concurrency)
        self._open = 0
        self._ended = trio.Event()
        self._hold_until = float("-inf")
        self._last_at = float("-inf")
        self._excess = 1.0
        self._starting = trio.Lock()
        self._started = False

    async def start(self, caller: Caller) -> None:
        """Book, once, the calls that a former process left on their way; forget old answers."""
        async with self._starting:
            if not self._started:
                lost = await caller.patiently(self._store.settle_lost)
                if lost:
                    _log.warning("model_calls_lost", calls=lost)
                self._started = True
        await caller.patiently(self._store.forget_answers, self._now())

    async def ask(self, caller: Caller, prompt: Prompt, read: Callable[[ModelReply], Read[T]]) -> T:
        """Ask once, booked for the job; what `read` keeps of the answer is kept.

        Raises:
            BudgetReachedError: it was not sent; the code says why.
            OpenAIError: of the family, as the model raises it.
        """
        request = ModelRequest(
            prompt.system, prompt.user, SCHEMA_NAME, prompt.schema, prompt.most_output
        )
        wanted = self._wanted(prompt.most_input, prompt.most_output)

        def used(reply: ModelReply) -> ModelUsage:
            return self._usage(reply, wanted, prompt.input_tokens, usual(reply.text))

        async def send(gate: Gate) -> ModelReply:
            return await self._model.ask(request, gate)

        return await self._call(caller, wanted, send, used, read)

    async def probe(self, caller: Caller) -> None:
        """Find out whether the model's server is there, with a request of one word.

        Raises:
            BudgetReachedError: it was not sent.
            OpenAIError: of the family, as the model raises it.
        """

        async def send(gate: Gate) -> ModelReply:
            model = await self._model.check(gate)
            return ModelReply("ok", model, PROBE.input_tokens, PROBE.output_tokens)

        wanted = self._wanted(PROBE.input_tokens, PROBE.output_tokens)

        def used(reply: ModelReply) -> ModelUsage:
            return self._usage(reply, wanted, 0, 0)

        await self._call(caller, wanted, send, used, lambda _reply: Read(None, {}))

    async def _call(
        self,
        caller: Caller,
        wanted: Wanted,
        send: Callable[[Gate], Awaitable[ModelReply]],
        used: Callable[[ModelReply], ModelUsage],
        read: Callable[[ModelReply], Read[T]],
    ) -> T:
        call_id = await self._reserve(caller, wanted)
        call = _Call(wanted)
        kept: Mapping[str, Mapping[str, Any]] = {}
        outcome = "cancelled"
        try:
            try:
                reply = await send(lambda: self._seated(call))
            except OpenAIError as error:
                outcome = error.public_code
                call.usage = self._failed(error, wanted)
                raise
            self._learn(reply, call)
            call.usage, outcome = used(reply), "answered"
            answer = read(reply)
            kept = answer.kept
            return answer.value
        finally:
            self.counts[outcome] += 1
            await self._settle(caller, call_id, call.usage, kept)

    def check(self, options: Mapping[str, Any]) -> None:
        """Check what a job wants of the model now; see `check_wanted`."""
        check_wanted(options, self._settings(), self._model)

    # --- money ----------------------------------------------------------------------------------

    def _wanted(self, most_input: int, most_output: int) -> Wanted:
        inputs = int(most_input * self._excess)
        outputs = min(most_output, self._settings().openai.max_tokens)
        usd = self._model.cost_usd(input_tokens=inputs, output_tokens=outputs)
        return Wanted(inputs, outputs, usd)

    async def _reserve(self, caller: Caller, wanted: Wanted) -> int:
        while True:
            ended = self._ended
            call = Reservation(
                caller.job_id, caller.plan_id, wanted, caps_of(caller.options, self._settings())
            )
            outcome = await caller.patiently(self._bookings.reserve, call)
            if isinstance(outcome, int):
                self._open += 1
                return outcome
            if outcome == "price_unknown" or not self._open:
                raise BudgetReachedError(_REFUSALS[outcome], code=outcome)
            await ended.wait()

    async def _settle(
        self,
        caller: Caller,
        call_id: int,
        usage: ModelUsage | None,
        kept: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Book a call even when its job is cancelled: it was paid for."""
        if usage is not None:
            self.used["input_tokens"] += usage.input_tokens
            self.used["output_tokens"] += usage.output_tokens
            self.used["usd"] += usage.usd or 0.0
        ended = Settlement(call_id, usage, kept)
        try:
            with trio.move_on_after(SETTLE_S, shield=True) as hurried:
                await self._bookings.settle(ended)
            if hurried.cancelled_caught:
                await caller.patiently(self._bookings.settle, ended)
        except DiskFullError:
            await caller.patiently(self._bookings.settle, ended)
        finally:
            self._open -= 1
            self._ended.set()
            self._ended = trio.Event()

    def _usage(
        self, reply: ModelReply, wanted: Wanted, usual_input: int, usual_output: int
    ) -> ModelUsage:
        """What a call used: as the server says, within what can be."""
        inputs = min(reply.input_tokens or usual_input, wanted.input_tokens)
        outputs = min(reply.output_tokens or usual_output, wanted.output_tokens)
        cached = min(reply.cached_tokens, inputs)
        usd = self._model.cost_usd(input_tokens=inputs, output_tokens=outputs, cached_tokens=cached)
        least_input = max(inputs, usual_input // 2)
        least_output = min(max(outputs, usual_output // 2), wanted.output_tokens)
        counted = self._model.cost_usd(
            input_tokens=least_input, output_tokens=least_output, cached_tokens=cached
        )
        return ModelUsage(
            reply.model, inputs, outputs, usd, least_input + least_output, counted or 0.0
        )

    def _failed(self, error: OpenAIError, wanted: Wanted) -> ModelUsage | None:
        """What a call used that brought nothing; None where it may have been anything."""
        used = error.context.get("usage")
        if isinstance(used, Mapping):
            reply = ModelReply("", **used)
            return self._usage(reply, wanted, 0, 0)
        if isinstance(error, ModelUnavailableError):
            return None if error.unknown_cost else NOT_EXECUTED
        return None if isinstance(error, ModelAnswerError) else NOT_EXECUTED

    # --- waits ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _seated(self, call: _Call) -> AsyncIterator[Exchange]:
        """Hold a seat for an exchange; from its begin on nobody knows what the call used.

        Whoever leaves the seat waits a moment before reading the answer, which takes the event loop
        longer than sending the next request: a seat would stay empty meanwhile.
        """
        most = self._settings().openai.concurrency
        self._fair_share = min(self._fair_share, float(most))
        self._seats.total_tokens = max(1, min(most, int(self._fair_share)))
        async with self._seats:
            if self.held_for_s:
                await self._until_free()
            await self._apart()
            call.usage, began, exchange = None, trio.current_time(), Exchange()
            yield exchange
            call.took_s = trio.current_time() - began
            if exchange.limits is not None:
                self._heed(exchange.limits, call.wanted)
        with trio.CancelScope(shield=True):  # the answer is paid for: it will be read and kept
            await trio.sleep(AFTERWARDS_S)

    async def _until_free(self) -> None:
        until = self._hold_until
        await trio.sleep_until(until)
        if self._hold_until > until:
            await self._until_free()

    async def _apart(self) -> None:
        """Wait a moment after the last request.

        What is sent at once is answered at once, again and again, and then each seat stays empty
        while the requests of all others are sent.
        """
        apart = min(MOST_APART_S, self.usual_s / (4 * self._seats.total_tokens))
        self._last_at = max(trio.current_time(), self._last_at + apart)
        await trio.sleep_until(self._last_at)

    @property
    def held_for_s(self) -> float:
        """For how many seconds the server wants to hear nothing."""
        return max(0.0, self._hold_until - trio.current_time())

    def _hold(self, seconds: float, *, throttled: bool) -> None:
        """Send nothing for a while, and fewer at a time where the server asked for that."""
        until = trio.current_time() + min(seconds, LONGEST_HOLD_S)
        if throttled and self.held_for_s == 0:
            self._fair_share = max(1.0, self._fair_share / 2)
        self._hold_until = max(self._hold_until, until)

    def _heed(self, limits: ModelLimits, wanted: Wanted) -> None:
        """Hold back the next calls as the server says, before another takes the seat."""
        if limits.wait_seconds is not None:
            self._hold(limits.wait_seconds, throttled=True)
        if limits.remaining_requests == 0 and limits.requests_reset_seconds:
            self._hold(limits.requests_reset_seconds, throttled=False)
        left = limits.remaining_tokens
        if left is not None and left < wanted.tokens and limits.tokens_reset_seconds:
            self._hold(limits.tokens_reset_seconds, throttled=False)

    def _learn(self, reply: ModelReply, call: _Call) -> None:
        """What an answer says of the server: its pace, its way to count."""
        self.usual_s += _NEWS * (call.took_s - self.usual_s)
        self._fair_share += 0.5
        held = call.wanted.input_tokens
        if reply.input_tokens > held and self._excess < MOST_EXCESS:
            self._excess = min(MOST_EXCESS, self._excess * reply.input_tokens / held)
            _log.warning("model_counts_more", claimed=reply.input_tokens, held=held)
