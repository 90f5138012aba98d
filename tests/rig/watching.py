"""WebSocket clients: one that reads everything in a thread, and one that never reads."""

from __future__ import annotations

import base64
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

import orjson
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, wrap_client_stream

from tests.rig.waiting import PATIENCE_S, until

E = TypeVar("E", bound=Exception)
Frame = dict[str, Any]


class Watch:
    """Reads all frames of a socket; `code` is the close code once it is closed.

    Args:
        url: The service's address (`http://…`).
        path: Below `/api`, with its query.
    """

    def __init__(self, url: str, path: str) -> None:
        self.frames: list[Frame] = []
        self.code: int | None = None
        self.refused: int | None = None
        self._url = url
        self._path = path
        self._opened = threading.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._socket: Any = None
        self._thread = threading.Thread(target=trio.run, args=(self._run,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(PATIENCE_S), f"{self._path} neither opened nor was refused"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread.is_alive() and self._token is not None:
            with suppress(trio.RunFinishedError):
                trio.from_thread.run_sync(self._scope.cancel, trio_token=self._token)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def send(self, message: str) -> None:
        """Say something."""
        trio.from_thread.run(self._socket.send_message, message, trio_token=self._token)

    def until(
        self, wanted: Callable[[list[Frame]], Any], what: str, *, seconds: float = PATIENCE_S
    ) -> Any:
        """Wait until what came so far is what is wanted."""
        return until(lambda: wanted(self.frames), what, seconds=seconds, every_s=0.005)

    def closed(self, *, seconds: float = PATIENCE_S) -> int | None:
        """Wait until the socket is closed; returns the close code, None for a cut connection."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{self._path} is still open after {seconds} s"
        return self.code

    async def _run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        parts = urlsplit(self._url)
        assert parts.hostname is not None
        assert parts.port is not None
        try:
            with self._scope:
                # The stream is ours: trio-websocket leaves it open where the server closes first.
                async with await trio.open_tcp_stream(parts.hostname, parts.port) as stream:
                    await self._read(stream, parts)
        finally:
            self._opened.set()

    async def _read(self, stream: trio.SocketStream, parts: SplitResult) -> None:
        resource = f"/api{self._path}"
        try:
            async with trio.open_nursery() as nursery:
                self._socket = await wrap_client_stream(nursery, stream, parts.netloc, resource)
                self._opened.set()
                while True:
                    self.frames.append(orjson.loads(await self._socket.get_message()))
        except* ConnectionRejected as refusals:
            self.refused = _first(refusals).status_code
        except* ConnectionClosed as closed:
            reason = _first(closed).reason
            self.code = None if reason is None else reason.code


def _first(group: BaseExceptionGroup[E]) -> E:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


class Deaf:
    """A WebSocket client that opens a socket and never reads a byte after the handshake."""

    def __init__(self, url: str, path: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect((parts.hostname, parts.port))
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /api{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        self.answer = self._socket.recv(12)

    def __enter__(self) -> Self:
        assert self.answer == b"HTTP/1.1 101", self.answer
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


def check_frames(frames: list[Frame]) -> None:
    """Check what holds for every stream of one job: a snapshot first, and `seq` rising."""
    assert frames[0]["type"] == "snapshot", frames[:2]
    numbers = [frame["seq"] for frame in frames]
    assert numbers == sorted(set(numbers)), numbers
