"""Request bodies: how large, how slow and of what kind they may be.

Rules:
- Nothing of a body is read before the gate has let the request in.
- A body is read whole here, up to the limit, and only then does the route run; routes that stream
  get it piece by piece in `Exchange.body`, no faster than they take it.
- What comes with a state-changing request is the media type that its route declares (415): a form
  of another site can send none of those.
- A body has ten seconds plus one for each 64 KiB that came (408).
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, BinaryIO, NoReturn, cast

import trio
from quart_trio import QuartTrio

from stashhog.api.asgi import ASGIApp, Message, Receive, Scope, Send, exchange_of, header
from stashhog.api.contract import JSON, SAFE_METHODS, Operation, operation_of
from stashhog.api.error_handlers import ClientGoneError, ProblemError
from stashhog.api.security.gate import CurrentSettings
from stashhog.core.exceptions import DiskFullError

GRACE_SECONDS = 10.0
SLOWEST_BYTES_A_SECOND = 64 * 1024

# So long what a refused client still sends is thrown away, for it to see the answer: closing
# with unread bytes would reset the connection under its feet.
_DRAIN_SECONDS = 1.0
_IN_MEMORY_BYTES = 1 << 20
_CLOSE = {"Connection": "close"}


class BodyMiddleware:
    """The ASGI layer that reads request bodies."""

    def __init__(self, app: ASGIApp, quart: QuartTrio, settings: CurrentSettings) -> None:
        self.app = app
        self._quart = quart
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, or raise why it cannot be taken."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        operation = self._operation(scope)
        streams = operation is not None and operation.streams
        body = _Body(receive, self._limit(operation))
        try:
            first = await body.first(header(scope, b"content-length"))
            if first and scope["method"] not in SAFE_METHODS:
                _check_media_type(scope, operation)
            if streams:
                exchange_of(scope).body = body.pieces(first)
                await self.app(scope, _whole(b"", trio.sleep_forever), send)
                return
            whole = b"".join([piece async for piece in body.pieces(first)])
        except ProblemError as error:
            if error.problem.status in (408, 413, 415):
                await body.drain()
            raise
        await self.app(scope, _whole(whole, receive), send)

    def _limit(self, operation: Operation | None) -> int:
        settings = self._settings.current.app
        if operation is None:
            return settings.body_limit_bytes
        own = settings.import_limit_bytes if operation.streams else settings.body_limit_bytes
        return operation.body_limit_bytes or own

    def _operation(self, scope: Scope) -> Operation | None:
        rule = exchange_of(scope).rule
        if rule is None:
            return None
        operation = operation_of(self._quart.view_functions[rule.endpoint])
        return operation if isinstance(operation, Operation) else None


class _Body:
    """A body on its way in."""

    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive = receive
        self._limit = limit_bytes
        self._received = 0
        self._more = True
        self._began = trio.current_time()

    async def first(self, content_length: str | None) -> bytes:
        """The first piece, empty where there is no body; a length over the limit is 413 at once."""
        if content_length and content_length.isdecimal() and int(content_length) > self._limit:
            raise self._too_large()
        while self._more:
            piece = await self._next()
            if piece:
                return piece
        return b""

    async def pieces(self, first: bytes) -> AsyncIterator[bytes]:
        """The whole body, from the first piece on."""
        if first:
            yield first
        while self._more:
            piece = await self._next()
            if piece:
                yield piece

    async def drain(self) -> None:
        """Throw away what still comes, for a moment."""
        with trio.move_on_after(_DRAIN_SECONDS):
            while self._more:
                message = await self._receive()
                self._more = bool(message.get("more_body", False))

    async def _next(self) -> bytes:
        deadline = self._began + GRACE_SECONDS + self._received / SLOWEST_BYTES_A_SECOND
        with trio.move_on_at(deadline):
            message = await self._receive()
            return self._take(message)
        raise ProblemError(408, "request_timeout", "the body came too slowly", headers=_CLOSE)

    def _take(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            self._more = False
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        self._more = bool(message.get("more_body", False))
        self._received += len(piece)
        if self._received > self._limit:
            raise self._too_large()
        return piece

    def _too_large(self) -> ProblemError:
        return ProblemError(
            413,
            "body_too_large",
            f"the body may have {self._limit} bytes at most",
            headers=_CLOSE,
        )


@asynccontextmanager
async def spooled(pieces: AsyncIterator[bytes], folder: Path) -> AsyncGenerator[BinaryIO]:
    """A body that is too large for memory, in a file without a name, read from its beginning.

    Raises:
        DiskFullError: there is no room for it.
    """
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 - closed in a thread below
    try:
        async for piece in pieces:
            await trio.to_thread.run_sync(_write, file, piece)
        file.seek(0)
        yield cast("BinaryIO", file)
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(file.close)


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError("no space is left for what was sent") from None
        raise


def _check_media_type(scope: Scope, operation: Operation | None) -> None:
    taken = operation.media_types if operation is not None else (JSON,)
    media_type, _, parameters = (header(scope, b"content-type") or "").partition(";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() not in taken or charset not in ("", "charset=utf-8"):
        raise ProblemError(
            415, "unsupported_media_type", f"the body has to be {taken[0]}", headers=_CLOSE
        )
    if (header(scope, b"content-encoding") or "identity").strip().lower() != "identity":
        raise ProblemError(
            415, "unsupported_media_type", "the body has to be uncompressed", headers=_CLOSE
        )


def _whole(body: bytes, then: Receive | Callable[[], Awaitable[NoReturn]]) -> Receive:
    """Make a `receive` that hands out a body that has arrived, and then what `then` brings."""
    handed_out = False

    async def receive() -> Message:
        nonlocal handed_out
        if handed_out:
            return await then()
        handed_out = True
        await trio.lowlevel.checkpoint()
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
