"""Connections end when they should, and only HTTP/1.1 is spoken.

A test called `…_upstream_still…` fails when the defect is gone: then the workaround can go too.
"""

from __future__ import annotations

import socket
from typing import Any

import orjson
import pytest
import trio
import trio.testing
from quart import request
from quart_trio import QuartTrio

from stashhog.api.server import Edge, bind_sockets, serve_http, server_config
from stashhog.core.config import AppSettings, Settings
from stashhog.core.exceptions import SettingsError
from tests.server.conftest import Serving, read_to_end, read_until, stays_open

CLOSING_REQUESTS = [
    "GET / HTTP/1.1\nHost: x\nConnection: close",
    "GET / HTTP/1.0",
]


def hello() -> QuartTrio:
    app = QuartTrio("hello")

    @app.get("/")
    async def index() -> str:
        return "hello"

    return app


@pytest.mark.parametrize("head", CLOSING_REQUESTS)
async def test_a_connection_closes_when_the_client_asked_for_it(
    serving: Serving, head: str
) -> None:
    async with serving(Edge(hello())) as server:
        answer = await read_to_end(await server.ask(head))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"hello")


async def test_an_idle_connection_closes_after_the_keep_alive_time(serving: Serving) -> None:
    async with serving(Edge(hello()), {"keep_alive_timeout": 0.1}) as server:
        stream = await server.ask("GET / HTTP/1.1\nHost: x")
        answer = await read_to_end(stream)
    assert answer.endswith(b"hello")


async def test_a_connection_is_used_again_while_it_is_kept(serving: Serving) -> None:
    async with serving(Edge(hello())) as server:
        stream = await server.ask("GET / HTTP/1.1\nHost: x")
        await read_until(stream, b"hello")
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await read_to_end(stream)).endswith(b"hello")


@pytest.mark.parametrize("head", CLOSING_REQUESTS)
async def test_upstream_still_leaves_such_connections_open(
    stock_serving: Serving, head: str
) -> None:
    async with stock_serving(hello()) as server:
        stream = await server.ask(head)
        await read_until(stream, b"hello")
        assert await stays_open(stream, 0.4)
        await stream.aclose()


async def test_a_stop_closes_idle_connections_at_once(serving: Serving) -> None:
    async with serving(Edge(hello())) as server:
        stream = await server.ask("GET / HTTP/1.1\nHost: x")
        await read_until(stream, b"hello")
        server.stop.set()
        assert await read_to_end(stream) == b""
        with trio.fail_after(4):
            await server.stopped.wait()


AMBIGUOUS = "POST / HTTP/1.1\nHost: x\nContent-Length: 3\nTransfer-Encoding: chunked"
NO_HTTP = {
    "no host": ("GET / HTTP/1.1", 400),
    "two hosts": ("GET / HTTP/1.1\nHost: x\nHost: y", 400),
    "two lengths": ("POST / HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 2", 400),
    "length and chunks": (AMBIGUOUS, 400),
    "an endless head": (f"GET / HTTP/1.1\nHost: x\nX-A: {'a' * 70_000}", 431),
    "prior knowledge of HTTP/2": ("PRI * HTTP/2.0\nHost: x", 400),
    "a newer HTTP": ("GET / HTTP/3.0\nHost: x", 400),
    "TLS": ("\x16\x03\x01\x02", 400),
}


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http_is_refused_like_everything_else(serving: Serving, name: str) -> None:
    head, status = NO_HTTP[name]
    async with serving(Edge(hello())) as server:
        answer = await read_to_end(await server.ask(head))
    first, body = answer.split(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in first.split(b"\r\n")[1:])
    problem = orjson.loads(body)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
    assert (problem["status"], problem["code"]) == (status, "bad_request")
    assert {b"x-process-time", b"x-content-type-options", b"cache-control"} <= headers.keys()


async def test_upstream_still_takes_a_body_of_two_lengths(stock_serving: Serving) -> None:
    async with stock_serving(hello()) as server:
        stream = await server.ask(AMBIGUOUS, b"3\r\nabc\r\n0\r\n\r\n")
        assert await read_until(stream, b"HTTP/1.1 405")
        await stream.aclose()


class TwoSteps:
    """A handler that writes twice, with a wait between."""

    def __init__(self) -> None:
        self.began, self.go_on, self.ended = trio.Event(), trio.Event(), trio.Event()
        self.app = QuartTrio("two steps")

        @self.app.post("/")
        async def change() -> str:
            await request.get_data()
            self.began.set()
            await self.go_on.wait()
            self.ended.set()
            return "done"


POST = "POST / HTTP/1.1\nHost: x\nContent-Length: 1"


async def test_a_client_that_goes_away_does_not_cut_a_handler(serving: Serving) -> None:
    steps = TwoSteps()
    async with serving(Edge(steps.app)) as server:
        stream = await server.ask(POST, b"x")
        await steps.began.wait()
        await stream.aclose()
        await trio.testing.wait_all_tasks_blocked(0.05)
        steps.go_on.set()
        with trio.move_on_after(5):
            await steps.ended.wait()
        assert steps.ended.is_set()


async def test_upstream_still_cuts_a_handler_whose_client_went_away(
    stock_serving: Serving,
) -> None:
    steps = TwoSteps()
    async with stock_serving(steps.app) as server:
        stream = await server.ask(POST, b"x")
        await steps.began.wait()
        await stream.aclose()
        await trio.testing.wait_all_tasks_blocked(0.05)
        steps.go_on.set()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not steps.ended.is_set()


async def test_a_stream_ends_when_its_reader_is_gone(serving: Serving) -> None:
    ended = trio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            async with trio.open_nursery() as nursery:
                nursery.start_soon(drain, receive)
                while True:
                    await send(
                        {"type": "http.response.body", "body": b"x" * 1024, "more_body": True}
                    )
                    await trio.sleep(0.001)
        finally:
            ended.set()

    async def drain(receive: Any) -> None:
        while True:
            await receive()

    async with serving(Edge(endless)) as server:
        stream = await server.ask("GET / HTTP/1.1\nHost: x")
        await read_until(stream, b"xxx")
        await stream.aclose()
        with trio.move_on_after(5):
            await ended.wait()
        assert ended.is_set()


# --- protocols ----------------------------------------------------------------------------------

H2C = "GET / HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: "
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


async def test_an_upgrade_to_cleartext_http2_is_ignored(serving: Serving) -> None:
    async with serving(Edge(hello())) as server:
        answer = await read_until(await server.ask(H2C), b"hello")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_the_http2_preface_is_no_http2(serving: Serving) -> None:
    async with serving(Edge(hello()), {"keep_alive_timeout": 0.5}) as server:
        stream = await server.open()
        await stream.send_all(PREFACE)
        answer = await read_to_end(stream)
    assert b"\x00\x04" not in answer
    assert answer.count(b"HTTP/1.1 2") == 0


async def test_upstream_still_changes_to_cleartext_http2(stock_serving: Serving) -> None:
    async with stock_serving(hello()) as server:
        upgraded = await server.ask(H2C)
        assert (await read_until(upgraded, b"\r\n")).startswith(b"HTTP/1.1 101")
        assumed = await server.open()
        await assumed.send_all(PREFACE)
        # A SETTINGS frame: three bytes of length, then its type.
        assert (await read_until(assumed, b"\x00"))[3:4] == b"\x04"
        await upgraded.aclose()
        await assumed.aclose()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, x\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["no-host", "two-hosts", "two-lengths", "length-and-coding", "nul", "tls"],
)
async def test_malformed_requests_are_refused_and_closed(
    serving: Serving, request_bytes: bytes
) -> None:
    async with serving(Edge(hello()), {"keep_alive_timeout": 0.5}) as server:
        stream = await server.open()
        await stream.send_all(request_bytes)
        answer = await read_to_end(stream)
    assert not answer or answer.split(b" ")[1] in (b"400", b"501")
    assert b"hello" not in answer


async def test_answers_do_not_name_the_server(serving: Serving) -> None:
    async with serving(Edge(hello())) as server:
        answer = await read_to_end(await server.ask(CLOSING_REQUESTS[0]))
    assert b"server:" not in answer.lower()


# --- listening ----------------------------------------------------------------------------------


async def test_a_taken_port_is_one_line(tmp_path: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(app=AppSettings(port=port, data_dir=tmp_path))
        with pytest.raises(SettingsError) as caught:
            await serve_http(hello(), settings, {}, trio.Event())  # type: ignore[arg-type]  # Quart
    assert caught.value.detail == (
        f"cannot listen on 127.0.0.1:{port}: another program does; choose another app.port"
    )


async def test_an_address_that_is_not_ours_is_one_line(tmp_path: Any) -> None:
    settings = Settings(app=AppSettings(host="203.0.113.7", port=0, data_dir=tmp_path))
    with pytest.raises(SettingsError, match=r"cannot listen on 203\.0\.113\.7:0: Cannot assign"):
        await serve_http(hello(), settings, {}, trio.Event())  # type: ignore[arg-type]  # Quart


async def test_a_host_name_that_nobody_has_is_one_line(tmp_path: Any) -> None:
    settings = Settings(app=AppSettings(host="nobody.invalid", port=0, data_dir=tmp_path))
    with pytest.raises(SettingsError, match="no machine has that name"):
        await serve_http(hello(), settings, {}, trio.Event())  # type: ignore[arg-type]  # Quart


async def test_a_missing_certificate_is_one_line(tmp_path: Any) -> None:
    settings = Settings(app=AppSettings(port=0, data_dir=tmp_path))
    missing = str(tmp_path / "none.pem")
    with pytest.raises(SettingsError, match="certificate or key"):
        await serve_http(
            hello(),  # type: ignore[arg-type]  # Quart
            settings,
            {"certfile": missing, "keyfile": missing},
            trio.Event(),
        )


@pytest.mark.parametrize(("host", "family"), [("::1", socket.AF_INET6), ("[::1]", socket.AF_INET6)])
def test_both_spellings_of_an_ipv6_address_are_listened_on(
    host: str, family: int, tmp_path: Any
) -> None:
    settings = Settings(app=AppSettings(host=host, port=0, data_dir=tmp_path))
    sockets = bind_sockets(server_config({}), settings)
    (listener,) = sockets.insecure_sockets
    with listener:
        assert listener.family == family


def test_listening_sockets_hand_their_guards_on(tmp_path: Any) -> None:
    settings = Settings(app=AppSettings(port=0, data_dir=tmp_path))
    (listener,) = bind_sockets(server_config({}), settings).insecure_sockets
    listener.setblocking(True)
    with listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4000
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
