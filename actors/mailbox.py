"""An actor's inbox and the answers it owes; both outlive the actor's restarts.

Rules:
- A mailbox is a bounded memory channel. What happens when it is full is the sender's choice of
  method, and is counted: `offer` refuses (people), `hint` keeps the latest with the sender
  (progress, log lines), `post` uses a reserve kept for other actors.
- The reserve cannot fill while its actor lives: other actors send a bounded number of messages a
  job. If it does, the sender crashes, and is rebuilt from the store.
- An actor never awaits a peer inside a handler. A handler that runs longer than `HANDLER_LIMIT_S`
  counts as hung; what takes longer is a child task.
- What an actor took and did not answer before it crashed is answered by its supervisor. What was
  still queued is answered by the actor's next life.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar, cast

import trio

from stashhog.core.exceptions import BusyError

T = TypeVar("T")
M = TypeVar("M")

RESERVE = 4096
HANDLER_LIMIT_S = 0.8
_PRUNE_AT = 64


class ActorRestartedError(BusyError):
    """The actor that was asked crashed before it answered; asking again makes sense."""

    code = "actor_restarted"


class MailboxOverrunError(Exception):
    """Even the reserve of a mailbox is full: its actor does not take what its peers send."""


class Reply(Generic[T]):
    """The one answer to a question: set or failed once, awaited by the asker."""

    __slots__ = ("_error", "_event", "_value", "abandoned")

    def __init__(self) -> None:
        self._event = trio.Event()
        self._value: T | None = None
        self._error: Exception | None = None
        self.abandoned = False

    @property
    def done(self) -> bool:
        """Whether it was answered."""
        return self._event.is_set()

    def set(self, value: T) -> None:
        """Answer; a second answer changes nothing."""
        if not self.done:
            self._value = value
            self._event.set()

    def fail(self, error: Exception) -> None:
        """Answer with an error, which `wait` raises; a second answer changes nothing."""
        if not self.done:
            self._error = error
            self._event.set()

    async def wait(self) -> T:
        """Wait for the answer.

        A cancelled wait abandons the question: it is dropped where nobody has taken it up yet.
        """
        try:
            await self._event.wait()
        except trio.Cancelled:
            self.abandoned = True
            raise
        if self._error is not None:
            raise self._error.with_traceback(None)
        return cast("T", self._value)


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A message that wants an answer."""

    reply: Reply[T]


@dataclass(frozen=True, slots=True)
class MailboxCounts:
    """What became of messages so far, and how many wait now."""

    waiting: int
    taken: int
    refused: int
    held: int
    overrun: int


class Mailbox(Generic[M]):
    """One actor's inbox.

    Args:
        name: The actor's, for messages to people.
        room: How many messages may wait before people and jobs are told to wait.
    """

    def __init__(self, name: str, room: int = 1024) -> None:
        self.name = name
        self._room = room
        self._send, self._receive = trio.open_memory_channel[M](room + RESERVE)
        self._owed: list[Reply[Any]] = []
        self._closed: BusyError | None = None
        self._taken = self._refused = self._held = self._overrun = 0

    # --- sending --------------------------------------------------------------------------------

    def offer(self, message: M) -> None:
        """Send on behalf of a person.

        Raises:
            BusyError: the inbox is full, or closed for good.
        """
        if self._closed is not None:
            raise BusyError(self._closed.detail)
        if self._waiting >= self._room:
            self._refused += 1
            raise BusyError(f"the {self.name} has too much to do")
        self._send.send_nowait(message)

    def hint(self, message: M) -> bool:
        """Send what a later message may replace; False where it has to be kept for now."""
        if self._waiting >= self._room:
            self._held += 1
            return False
        self._send.send_nowait(message)
        return True

    def post(self, message: M) -> None:
        """Send on behalf of another actor; never blocks and is never refused.

        Raises:
            MailboxOverrunError: the reserve is full.
        """
        try:
            self._send.send_nowait(message)
        except trio.WouldBlock:
            self._overrun += 1
            raise MailboxOverrunError(self.name) from None

    # --- receiving ------------------------------------------------------------------------------

    async def serve(self, handle: Callable[[M], Awaitable[None]]) -> NoReturn:
        """Hand each message to the actor until it crashes or is cancelled.

        Raises:
            trio.TooSlowError: a handler took longer than `HANDLER_LIMIT_S`.
        """
        while True:
            message = await self._receive.receive()
            self._taken += 1
            if isinstance(message, Ask):
                if message.reply.abandoned:
                    continue
                self._owe(message.reply)
            with trio.fail_after(HANDLER_LIMIT_S):
                await handle(message)

    def _owe(self, reply: Reply[Any]) -> None:
        if len(self._owed) >= _PRUNE_AT:
            self._owed = [owed for owed in self._owed if not owed.done]
        self._owed.append(reply)

    def passed_on(self, reply: Reply[Any]) -> None:
        """Note that another actor owes this answer now."""
        self._owed = [owed for owed in self._owed if owed is not reply]

    # --- the supervisor's -----------------------------------------------------------------------

    def fail_owed(self) -> None:
        """Answer what the crashed actor had taken and not answered."""
        owed, self._owed = self._owed, []
        for reply in owed:
            reply.fail(ActorRestartedError(f"the {self.name} was restarted; try again"))

    def close(self, detail: str) -> None:
        """Refuse people from now on, and answer everything that still waits."""
        self._closed = BusyError(detail)
        self.fail_owed()
        while self._waiting:
            message = self._receive.receive_nowait()
            if isinstance(message, Ask):
                message.reply.fail(BusyError(detail))

    @property
    def _waiting(self) -> int:
        return self._send.statistics().current_buffer_used

    @property
    def counts(self) -> MailboxCounts:
        """How the inbox fared so far."""
        return MailboxCounts(self._waiting, self._taken, self._refused, self._held, self._overrun)
