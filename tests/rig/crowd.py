"""Many WebSocket clients on one thread: quick, slow and deaf ones, talkers, and those that return.

They speak the protocol by hand, so that a hundred of them cost little beside what they measure.
"""

from __future__ import annotations

import base64
import os
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
import trio

Frame = dict[str, Any]
OPEN_S = 20.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SLOW_S = 0.1
RETURNS = 100
FLOOD = 1000


@dataclass(eq=False)
class Client:
    """One client: what it got, when, and how it ended."""

    kind: str
    path: str
    frames: list[Frame] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    code: int | None = None
    returns: int = 0
    cut: str | None = None

    def took(self, payload: bytes) -> None:
        self.arrivals.append(time.perf_counter())
        self.frames.append(orjson.loads(payload))

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if "seq" in frame]


class Connection:
    """A WebSocket connection, seen from the client."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._data = bytearray()
        self._sending = trio.Lock()

    @classmethod
    async def open(cls, url: str, path: str) -> Connection:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        stream = await trio.open_tcp_stream(parts.hostname, parts.port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /api{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await stream.send_all(head.encode())
        connection = cls(stream)
        while b"\r\n\r\n" not in connection._data:
            await connection._more()
        answer, _, rest = bytes(connection._data).partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        connection._data = bytearray(rest)
        return connection

    async def _more(self) -> None:
        piece = await self.stream.receive_some(65536)
        if not piece:
            raise EOFError
        self._data += piece

    async def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            await self._more()
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    async def receive(self) -> tuple[int, bytes]:
        """The next message: its kind and what it holds."""
        first, length = await self._take(2)
        if length == 126:
            (length,) = struct.unpack("!H", await self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self._take(8))
        return first & 15, await self._take(length)

    async def send(self, kind: int, payload: bytes = b"") -> None:
        """Send a short message, masked with zeros."""
        assert len(payload) < 126
        message = bytes([128 | kind, 128 | len(payload)]) + bytes(4) + payload
        async with self._sending:
            await self.stream.send_all(message)


class Crowd:
    """Clients of these kinds, from now until the block is left.

    Args:
        url: The service's address.
        clients: Who comes; `kind` names a method of `Crowd`.
    """

    def __init__(self, url: str, clients: list[Client]) -> None:
        self.clients = clients
        self._url = url
        self._open = threading.Semaphore(0)
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._thread = threading.Thread(target=trio.run, args=(self._run,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        for client in self.clients:
            assert self._open.acquire(timeout=OPEN_S), f"{client.path} did not open"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                trio.from_thread.run_sync(self._scope.cancel, trio_token=self._token)
        self._thread.join(OPEN_S)

    async def _run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with trio.open_nursery() as nursery:
                for client in self.clients:
                    nursery.start_soon(self._live, client)

    async def _live(self, client: Client) -> None:
        act: Callable[[Client, Connection], Awaitable[None]] = getattr(self, client.kind)
        connection = await Connection.open(self._url, client.path)
        self._open.release()
        async with connection.stream:
            try:
                await act(client, connection)
            except* (EOFError, trio.BrokenResourceError, trio.ClosedResourceError) as cut:
                client.cut = repr(cut)

    async def quick(self, client: Client, connection: Connection) -> None:
        """Read everything until the server closes."""
        while True:
            kind, payload = await connection.receive()
            if kind == TEXT:
                client.took(payload)
            elif kind == PING:
                await connection.send(PONG, payload)
            elif kind == CLOSE:
                client.code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                await connection.send(CLOSE, payload[:2])
                return

    async def slow(self, client: Client, connection: Connection) -> None:
        """Read a message now and then."""
        while client.code is None:
            kind, payload = await connection.receive()
            if kind == TEXT:
                client.took(payload)
            elif kind == CLOSE:
                client.code = struct.unpack("!H", payload[:2])[0]
                await connection.send(CLOSE, payload[:2])
            await trio.sleep(SLOW_S)

    async def deaf(self, _: Client, __: Connection) -> None:
        """Never read."""
        await trio.sleep_forever()

    async def dead(self, _: Client, connection: Connection) -> None:
        """Go away without a word."""
        await trio.aclose_forcefully(connection.stream)
        await trio.sleep_forever()

    async def flooding(self, client: Client, connection: Connection) -> None:
        """Talk without end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.quick, client, connection)
            for _ in range(FLOOD):
                await connection.send(TEXT, b'{"type":"hello"}')

    async def returning(self, client: Client, connection: Connection) -> None:
        """Read a little, go away, and come back for what was missed."""
        while client.code is None and client.returns < RETURNS:
            client.starts.append(len(client.frames))
            async with connection.stream:
                await self._visit(client, connection)
            if client.code is None:
                client.returns += 1
                after = f"?after={client.seqs[-1]}" if client.seqs else ""
                connection = await Connection.open(self._url, client.path + after)
        client.starts.append(len(client.frames))
        async with connection.stream:
            if client.code is None:
                await self.quick(client, connection)

    async def _visit(self, client: Client, connection: Connection) -> None:
        with trio.move_on_after(0.03):
            while True:
                kind, payload = await connection.receive()
                if kind == TEXT:
                    client.took(payload)
                elif kind == CLOSE:
                    client.code = struct.unpack("!H", payload[:2])[0]
                    return
