"""The model as the rest of the service sees it, whichever server it is at present.

Rules:
- Settings change while requests are on their way: those end at the server that they began at, and
  its connections are closed after the last of them. What still waits at its gate goes to the new
  server.
- What is known of the server is what the last request showed; nothing is asked just to know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import trio

from stashhog.core import interpreter
from stashhog.core.config import OpenAISettings
from stashhog.core.exceptions import ModelRefusedError, OpenAIError
from stashhog.llm.answers import usage_of
from stashhog.llm.prices import cost_usd, load_table
from stashhog.ports import DependencyState
from stashhog.ports.model import Exchange, Gate, ModelReply, ModelRequest

if TYPE_CHECKING:
    from stashhog.llm.chat import Chat

T = TypeVar("T")

_CLOSE_SECONDS = 1.0


@dataclass(slots=True)
class _Line:
    """A client and how many requests are on it; `chat` is None until the first one."""

    settings: OpenAISettings
    chat: Chat | None = None
    users: int = 0
    retired: bool = False


class _RetiredError(Exception):
    """Settings changed while a request waited to be sent."""


@asynccontextmanager
async def _open_gate() -> AsyncIterator[Exchange]:
    """Let everything pass at once."""
    yield Exchange()


class ModelSwitch:
    """Implements `ports.LanguageModel`; off until it is configured with a model that is on."""

    def __init__(self) -> None:
        self._line: _Line | None = None
        self._settings = OpenAISettings()
        self._opening = trio.Lock()
        self.state = DependencyState("unset")

    async def configure(self, settings: OpenAISettings) -> None:
        """Ask as these settings say from now on; what is on its way ends undisturbed."""
        if settings.on:
            await trio.to_thread.run_sync(load_table)
        old = self._line
        self._settings = settings
        self._line = _Line(settings) if settings.on else None
        self.state = DependencyState("unknown" if settings.on else "unset")
        await self._retire(old)

    async def aclose(self) -> None:
        """Turn the model off; connections close when their requests have ended."""
        await self.configure(OpenAISettings(enabled=False))

    async def ask(self, request: ModelRequest, gate: Gate = _open_gate) -> ModelReply:
        """Ask once; the answer's text is one JSON object, not checked against the schema.

        Cancelling closes the connection.

        Raises:
            OpenAIError: Of the family; `model_off` where no model is set. `usage` in the context
                tells what a useless answer cost.
        """
        return await self._on_line(gate, lambda chat, gate: chat.ask(request, gate))

    async def check(self, gate: Gate = _open_gate) -> str:
        """Prove address, key and model with a request of one word; returns the model's name.

        Raises:
            OpenAIError: Of the family.
        """
        return await self._on_line(gate, lambda chat, gate: chat.check(gate))

    def cost_usd(
        self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """Price tokens of the present model; None where no price is known."""
        return cost_usd(
            self._settings,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_tokens=cached_tokens,
        )

    async def _on_line(self, gate: Gate, story: Callable[[Chat, Gate], Awaitable[T]]) -> T:
        while True:
            async with self._connected() as (line, chat):
                try:
                    answer = await story(chat, _gate_of(line, gate))
                except _RetiredError:
                    continue
                except OpenAIError as error:
                    self._note(line, error)
                    raise
                self._note(line, None)
                return answer

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[_Line, Chat]]:
        line = self._line
        if line is None:
            raise OpenAIError("no language model is set, or it is turned off", code="model_off")
        line.users += 1
        try:
            async with self._opening:
                if line.chat is None:
                    line.chat = await trio.to_thread.run_sync(_open, line.settings)
            yield line, line.chat
        finally:
            line.users -= 1
            if line.retired:
                await self._retire(line)

    async def _retire(self, line: _Line | None) -> None:
        if line is None:
            return
        line.retired = True
        if line.users == 0 and line.chat is not None:
            chat, line.chat = line.chat, None
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await chat.aclose()

    def _note(self, line: _Line, error: OpenAIError | None) -> None:
        if line is not self._line:
            return
        answered = (
            error is None
            or usage_of(error) is not None
            or isinstance(error, ModelRefusedError)
            or error.public_code == "prompt_too_long"
        )
        code = None if error is None or answered else error.public_code
        self.state = DependencyState("ok" if answered else "down", datetime.now(UTC), code)


def _gate_of(line: _Line, gate: Gate) -> Gate:
    """A gate that turns back what would go to a server that is not asked any more."""

    @asynccontextmanager
    async def checked() -> AsyncIterator[Exchange]:
        async with gate() as exchange:
            if line.retired:
                raise _RetiredError
            yield exchange

    return checked


def _open(settings: OpenAISettings) -> Chat:
    from stashhog.llm.chat import Chat  # noqa: PLC0415 - loads openai, which is heavy

    interpreter.keep_for_good()
    return Chat(settings)
