"""A real server on a free port, and a client that sees bytes and connection ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from stashhog.api.server import serve_http
from stashhog.core.config import AppSettings, Settings

PATIENCE_SECONDS = 15


@dataclass
class Running:
    """A server that serves until `stop`."""

    port: int
    stop: trio.Event
    stopped: trio.Event
    streams: list[trio.SocketStream] = field(default_factory=list)

    async def open(self) -> trio.SocketStream:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.streams.append(stream)
        return stream

    async def end(self) -> None:
        self.stop.set()
        for stream in self.streams:
            await trio.aclose_forcefully(stream)

    async def ask(self, head: str, body: bytes = b"") -> trio.SocketStream:
        """Send a request; lines are joined the HTTP way."""
        stream = await self.open()
        await stream.send_all(head.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return stream


async def read_to_end(stream: trio.SocketStream) -> bytes:
    """Everything until the server closes; a connection that stays open fails the test."""
    data = bytearray()
    with trio.fail_after(PATIENCE_SECONDS), contextlib.suppress(trio.BrokenResourceError):
        while piece := await stream.receive_some():
            data += piece
    return bytes(data)


async def read_until(stream: trio.SocketStream, mark: bytes) -> bytes:
    data = bytearray()
    with trio.fail_after(PATIENCE_SECONDS):
        while mark not in data:
            piece = await stream.receive_some()
            assert piece, f"closed before {mark!r}: {bytes(data)!r}"
            data += piece
    return bytes(data)


async def stays_open(stream: trio.SocketStream, seconds: float) -> bool:
    """Whether nothing ends the connection for so long; used on stock Hypercorn only."""
    with trio.move_on_after(seconds):
        while await stream.receive_some():
            pass
        return False
    return True


Serving = Callable[..., AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def serving_in(
    folder: Path, app: Any, values: Mapping[str, Any] | None = None
) -> AsyncGenerator[Running]:
    """Serve by our own `serve_http`, on a free port."""
    settings = Settings(app=AppSettings(port=0, data_dir=folder))
    stop, stopped = trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:

        async def run(task_status: trio.TaskStatus[str]) -> None:
            await serve_http(app, settings, values or {}, stop, task_status=task_status)
            stopped.set()

        url: str = await nursery.start(run)
        server = Running(int(url.rsplit(":", 1)[1]), stop, stopped)
        try:
            yield server
        finally:
            await server.end()


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """`async with serving(app) as server`."""
    return partial(serving_in, tmp_path)


@pytest.fixture
def stock_serving(monkeypatch: pytest.MonkeyPatch) -> Serving:
    """The same by Hypercorn as it is, to see whether its defects are still there."""
    restore_stock_hypercorn(monkeypatch)

    @asynccontextmanager
    async def opened(app: Any, values: Mapping[str, Any] | None = None) -> AsyncGenerator[Running]:
        config = Config.from_mapping({"bind": ["127.0.0.1:0"], "errorlog": None, **(values or {})})
        stop, stopped = trio.Event(), trio.Event()
        async with trio.open_nursery() as nursery:

            async def run(task_status: trio.TaskStatus[list[str]]) -> None:
                await serve(app, config, shutdown_trigger=stop.wait, task_status=task_status)
                stopped.set()

            urls: list[str] = await nursery.start(run)
            server = Running(int(urls[0].rsplit(":", 1)[1]), stop, stopped)
            try:
                yield server
            finally:
                await server.end()

    return opened


def restore_stock_hypercorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypercorn.protocol, "H11Protocol", hypercorn.protocol.h11.H11Protocol)
    monkeypatch.setattr(hypercorn.protocol.h11, "WSStream", hypercorn.protocol.ws_stream.WSStream)
