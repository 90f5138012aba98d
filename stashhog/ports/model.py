"""The language model, and the store of what it was asked and what that cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from stashhog.domain.asking import Caps, Wanted
from stashhog.domain.asking.budget import Refusal


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One structured question; `schema` is a JSON schema that the answer should fit."""

    system: str
    user: str
    schema_name: str
    schema: Mapping[str, Any]
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What a server says of its own limits: how much is left, and for how long that has to do.

    Hints only: many servers say nothing, some say nonsense. `reset_seconds` goes with what is left,
    `wait_seconds` is there where it turned a request away because there were too many.
    """

    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    requests_reset_seconds: float | None = None
    tokens_reset_seconds: float | None = None
    wait_seconds: float | None = None


@dataclass(slots=True)
class Exchange:
    """One request and its response on their way; `limits` is known when the response is here."""

    limits: ModelLimits | None = None


Gate = Callable[[], AbstractAsyncContextManager[Exchange]]
"""Passed by each exchange with the server: entered when the request is ready to be sent, left when
the whole response is here. It may keep a request waiting for as long as it likes."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The answer's text (not yet checked) and what it cost in tokens."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    request_id: str | None = None


class LanguageModel(Protocol):
    """A chat model behind an OpenAI-compatible API; never retries by itself."""

    async def ask(self, request: ModelRequest, gate: Gate = ...) -> ModelReply:
        """Ask once; the text is one JSON object, not checked against the schema.

        Raises the `OpenAIError` family, with `usage` (`input_tokens`, `output_tokens`,
        `cached_tokens`, `model`) in the context where the server did work for it all the same.
        Cancelling closes the connection.
        """
        ...

    async def check(self, gate: Gate = ...) -> str:
        """Prove address, key and model; returns the model's name."""
        ...

    def cost_usd(
        self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """Price tokens of the present model; None where no price is known (never 0 for it)."""
        ...


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What one call used, as it is shown; `counted_*` is what caps are held against.

    `usd` is None where no price is known. `requests` is 0 for a call that was surely not executed.
    """

    model: str
    input_tokens: int
    output_tokens: int
    usd: float | None
    counted_tokens: int
    counted_usd: float
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that is to go out: for which job and plan, its worst case, and the caps that hold."""

    job_id: str
    plan_id: int
    wanted: Wanted
    caps: Caps


@dataclass(frozen=True, slots=True)
class Settlement:
    """A call that ended, and the answers to keep of it (by question key).

    `usage` is None where nobody knows what it used: then the most that was held for it.
    """

    call_id: int
    usage: ModelUsage | None
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class ModelStore(Protocol):
    """What the model was asked, and what that costs."""

    async def kept_answers(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Question key → the answer that was kept, for those that have one."""
        ...

    async def book(
        self, settled: Sequence[Settlement], wanted: Sequence[Reservation], now: datetime
    ) -> Sequence[int | Refusal]:
        """Book calls that ended, then hold what others can cost at the most, in one transaction.

        An ended call is booked for its job, plan and day, and its answers are kept. For each wanted
        one the call's id comes back, or why it may not go out.
        """
        ...

    async def forget_answers(self, now: datetime) -> int:
        """Let go of kept answers that are old or too many, the oldest first; how many.

        There is a limit to how many go at once; the next call goes on.
        """
        ...

    async def settle_lost(self) -> int:
        """Book all calls that a former process left on their way; how many."""
        ...
