"""WebSockets of the server itself: no compression, bounded messages, pings, and an end in time."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
import trio_websocket
from quart import websocket
from quart_trio import QuartTrio

from stashhog.api import server as server_module
from stashhog.api.middleware import LifespanMiddleware
from stashhog.api.server import Edge
from tests.server.conftest import Serving, read_to_end, read_until

HANDSHAKE = (
    "GET /ws HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n"
    "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
)


def echo() -> QuartTrio:
    app = QuartTrio("echo")

    @app.websocket("/ws")
    async def talk() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


async def test_compression_is_not_agreed_to(serving: Serving) -> None:
    async with serving(Edge(echo())) as server:
        head = await read_until(await server.ask(HANDSHAKE), b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"permessage-deflate" not in head


async def test_upstream_still_agrees_to_compression(stock_serving: Serving) -> None:
    async with stock_serving(echo()) as server:
        head = await read_until(await server.ask(HANDSHAKE), b"\r\n\r\n")
    assert b"permessage-deflate" in head


def masked(text: bytes) -> bytes:
    """A text frame as a client sends it, under the mask of zeros."""
    return b"\x81\xff" + len(text).to_bytes(8, "big") + bytes(4) + text


async def test_a_message_over_the_limit_closes_with_1009(serving: Serving) -> None:
    limit = server_module.WS_MESSAGE_BYTES
    async with serving(Edge(echo())) as server:
        stream = await server.ask(HANDSHAKE)
        await read_until(stream, b"\r\n\r\n")
        await stream.send_all(masked(b"x" * (limit - 1) + b"!"))
        await read_until(stream, b"!")
        await stream.send_all(masked(b"x" * (limit + 1)))
        closing = await read_until(stream, (1009).to_bytes(2, "big"))
    assert closing.startswith(b"\x88")


async def test_clients_are_pinged_and_the_silent_ones_dropped(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "WS_PING_SECONDS", 0.05)
    monkeypatch.setattr(server_module, "WS_SILENCE_SECONDS", 0.3)
    async with serving(Edge(echo())) as server:
        url = f"ws://127.0.0.1:{server.port}/ws"
        async with trio_websocket.open_websocket_url(url) as client:
            silent = await server.ask(HANDSHAKE)
            rest = (await read_to_end(silent)).partition(b"\r\n\r\n")[2]
            assert rest.startswith(b"\x89\x00\x89\x00")  # pings
            await client.send_message("still here")
            assert await client.get_message() == "still here"


async def _ends_soon(server: Any, *, seconds: float) -> bool:
    url = f"ws://127.0.0.1:{server.port}/ws"
    async with trio_websocket.open_websocket_url(url):
        pass
    server.stop.set()
    with trio.move_on_after(seconds):
        await server.stopped.wait()
    return bool(server.stopped.is_set())


async def test_a_closed_socket_does_not_hold_up_the_stop(serving: Serving) -> None:
    async with serving(Edge(echo())) as server:
        assert await _ends_soon(server, seconds=server_module.GRACE_SECONDS - 0.5)


async def test_upstream_pings_still_hold_closed_sockets_open(stock_serving: Serving) -> None:
    values = {"websocket_ping_interval": 20.0, "graceful_timeout": 0.8}
    async with stock_serving(echo(), values) as server:
        assert not await _ends_soon(server, seconds=0.4)


def flood() -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "x" * 60_000})

    return LifespanMiddleware(app)


async def test_a_client_that_never_reads_cannot_hold_up_the_stop(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(server_module, "USER_TIMEOUT_SECONDS", 1.0)
    async with serving(flood()) as server:
        await server.ask(HANDSHAKE)
        await trio.testing.wait_all_tasks_blocked(0.3)
        server.stop.set()
        with trio.move_on_after(6):
            await server.stopped.wait()
        assert server.stopped.is_set()


async def test_upstream_still_waits_for_a_client_that_never_reads(
    stock_serving: Serving,
) -> None:
    async with stock_serving(flood(), {"graceful_timeout": 0.3}) as server:
        await server.ask(HANDSHAKE)
        await trio.testing.wait_all_tasks_blocked(0.3)
        server.stop.set()
        with trio.move_on_after(2):
            await server.stopped.wait()
        assert not server.stopped.is_set()
