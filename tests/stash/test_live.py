"""Stash's live events by the real adapter: on sample Stashes, and on servers that misbehave."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from stashhog.core.config import StashSettings
from stashhog.core.exceptions import (
    StashAuthError,
    StashConnectionError,
    StashError,
    StashNotConfiguredError,
    StashProtocolError,
)
from stashhog.demo.faults import html
from stashhog.domain.events import ScanCompleted, StashEvent, StashJob
from stashhog.stash import StashSubscription, StashSwitch, live, open_stash
from tests.contracts.speaking import Speaker
from tests.fakes.certificates import certificate
from tests.fakes.stash import running_stash
from tests.stash.conftest import Real

MODERN, LEGACY = live.MODERN.name, live.LEGACY.name
PATIENCE_S = 10


class Ear:
    """What was heard, and what the listening ended with."""

    def __init__(self) -> None:
        self.switch = StashSwitch()
        self.subscription = StashSubscription(self.switch)
        self.connected = trio.Event()
        self.failure: StashError | StashNotConfiguredError | None = None
        self._send, self.heard = trio.open_memory_channel[StashEvent](1000)

    async def listen(self) -> None:
        try:
            await self.subscription.listen(self._send.send_nowait, self.connected.set)
        except (StashError, StashNotConfiguredError) as failure:
            self.failure = failure

    async def next(self) -> StashEvent:
        with trio.fail_after(PATIENCE_S):
            return await self.heard.receive()


@asynccontextmanager
async def listening(**settings: Any) -> AsyncGenerator[Ear]:
    """Listen while the block runs; leaving must be immediate."""
    ear = Ear()
    await ear.switch.configure(StashSettings(**settings))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.listen)
        with trio.fail_after(PATIENCE_S):
            await ear.connected.wait()
        yield ear
        before = trio.current_time()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - before < live.DROP_S
    await ear.switch.aclose()


async def ends_with(**settings: Any) -> StashError | StashNotConfiguredError:
    ear = Ear()
    await ear.switch.configure(StashSettings(**settings))
    with trio.fail_after(PATIENCE_S):
        await ear.listen()
    await ear.switch.aclose()
    assert ear.failure is not None
    return ear.failure


# --- a sample Stash -----------------------------------------------------------------------------


async def test_a_scan_is_heard_to_its_end(real: Real) -> None:
    async with listening(url=real.other.base_url, api_key=real.other.api_key) as ear:
        heard = await _scan_that_is_heard(real.other, ear)
    jobs = [event for event in heard if isinstance(event, StashJob)]
    assert {job.description for job in jobs} == {"Scanning..."}
    assert [job.change for job in jobs if job.change != "UPDATE"] == ["ADD", "REMOVE"]
    assert (jobs[0].status, jobs[-1].status) == ("READY", "FINISHED")
    assert "RUNNING" in {job.status for job in jobs}
    assert heard.count(ScanCompleted()) == 1


async def _scan_that_is_heard(stash: Speaker, ear: Ear) -> list[StashEvent]:
    """Scan until it is heard from its beginning: at first Stash may not have begun to tell."""
    heard: list[StashEvent] = []
    for _ in range(PATIENCE_S):
        await stash.ask("mutation{metadataScan(input:{})}")
        with trio.move_on_after(PATIENCE_S):
            heard = [await ear.next()]
            while not _over(heard):
                heard.append(await ear.next())
        if heard and isinstance(heard[0], StashJob) and heard[0].change == "ADD":
            break
    return heard


def _over(heard: list[StashEvent]) -> bool:
    """Whether both a job's end and a scan's were told."""
    ended = [event for event in heard if isinstance(event, StashJob) and event.change == "REMOVE"]
    return bool(ended) and ScanCompleted() in heard


async def test_the_newer_protocol_is_asked_for_alone() -> None:
    async with running_stash() as (stash, url), listening(url=url):
        (asked,) = [one for one in stash.asked if one.method == "WEBSOCKET"]
        assert asked.headers["sec-websocket-protocol"] == MODERN


@pytest.mark.parametrize("version", ["v0.30.1", "v0.25.1"])
async def test_a_wrong_key_is_told_from_a_stash_that_is_away(version: str) -> None:
    async with running_stash(api_key="right", version=version) as (_, url):
        for key in ("wrong", None):
            failure = await ends_with(url=url, api_key=key)
            assert isinstance(failure, StashAuthError)
    assert isinstance(await ends_with(url=url, api_key="right"), StashConnectionError)


async def test_what_the_connection_shows_counts_as_how_stash_is() -> None:
    async with running_stash(api_key="right") as (_, url):
        async with listening(url=url, api_key="right") as ear:
            assert ear.switch.state.status == "ok"
        wrong = Ear()
        await wrong.switch.configure(StashSettings(url=url, api_key="wrong"))
        await wrong.listen()
        state = wrong.switch.state
        assert (state.status, state.detail_code) == ("down", "stash_unauthorized")
        await wrong.switch.aclose()

    async def talk(socket: WebSocketConnection) -> None:
        await socket.send_message("no json")
        await trio.sleep_forever()

    async with running_stash() as (stash, url), listening(url=url) as ear:
        stash.faults.add(html(), "graphql", times=None)
        with pytest.raises(StashProtocolError):
            await ear.switch.count_scenes()
        present = ear.switch.settings
        assert present is not None
        ear.switch.heard(present, anew=True)
        assert ear.switch.state.detail_code == "not_stash"
    async with talking(talk) as url:
        odd = Ear()
        await odd.switch.configure(StashSettings(url=url))
        await odd.listen()
        assert isinstance(odd.failure, StashProtocolError)
        assert odd.switch.state.status == "unknown"
        await odd.switch.aclose()


async def test_without_an_address_or_turned_off_there_is_nothing_to_listen_to() -> None:
    assert isinstance(await ends_with(), StashNotConfiguredError)
    off = await ends_with(url="http://127.0.0.1:9", live=False)
    assert isinstance(off, StashNotConfiguredError)


async def test_new_settings_are_noticed() -> None:
    switch = StashSwitch()
    await switch.configure(StashSettings(url="http://127.0.0.1:9"))
    subscription = StashSubscription(switch)
    same: list[bool] = []

    async def wait() -> None:
        same.append(await subscription.changed())

    for settings in ({"timeout": 5}, {"url": "http://127.0.0.1:8"}, {"url": None}):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await switch.configure(StashSettings(**{"url": "http://127.0.0.1:9", **settings}))
        await switch.configure(StashSettings(url="http://127.0.0.1:9"))
    assert same == [True, False, False]
    await switch.aclose()


class Elsewhere(trio.abc.HostnameResolver):
    """Every name leads to where no request may go."""

    async def getaddrinfo(self, host: Any, port: Any, *_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    async def getnameinfo(self, *_: Any) -> Any:
        raise OSError


async def test_an_address_that_may_not_be_asked_is_not() -> None:
    trio.socket.set_custom_hostname_resolver(Elsewhere())
    failure = await ends_with(url="http://stash.example", connect_timeout=5)
    assert isinstance(failure, StashConnectionError)
    assert failure.detail == "no address that may be connected to"


async def test_what_stash_is_at_work_on_can_be_asked() -> None:
    async with (
        running_stash(scan_seconds=600, api_key="k-1") as (stash, url),
        open_stash(StashSettings(url=url, api_key="k-1")) as client,
    ):
        assert await client.hindrance() is None
        stash.jobs.add_scan()
        with trio.fail_after(PATIENCE_S):
            while stash.jobs.queue[1].status == "READY":
                await trio.lowlevel.checkpoint()
        assert await client.hindrance() == "stash_scanning"


# --- servers of our own -------------------------------------------------------------------------

Talk = Callable[[WebSocketConnection], Awaitable[None]]


async def say(socket: WebSocketConnection, **message: Any) -> None:
    await socket.send_message(json.dumps(message))


async def greet(socket: WebSocketConnection) -> None:
    """Take the greeting and both subscriptions."""
    for number in range(3):
        message = json.loads(await socket.get_message())
        if not number:
            assert message["type"] == "connection_init"
            await say(socket, type="connection_ack")


@asynccontextmanager
async def talking(
    talk: Talk, protocol: str | None = MODERN, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str]:
    """A WebSocket server that speaks one sub-protocol; yields its base address."""

    async def handle(request: WebSocketRequest) -> None:
        wanted = protocol if protocol in request.proposed_subprotocols else None
        socket = await request.accept(subprotocol=wanted)
        try:
            await talk(socket)
        except ConnectionClosed:
            return

    async with trio.open_nursery() as nursery:
        server = await nursery.start(
            partial(serve_websocket, handle, "127.0.0.1", 0, tls, disconnect_timeout=0.1)
        )
        yield f"{'https' if tls else 'http'}://localhost:{server.port}"
        nursery.cancel_scope.cancel()


def update(kind: str, what: str, status: str) -> dict[str, Any]:
    job = {"id": "1", "description": what, "status": status}
    return {"data": {"jobsSubscribe": {"type": kind, "job": job}}}


async def test_the_older_protocol_is_spoken_where_the_newer_is_not_known() -> None:
    async def talk(socket: WebSocketConnection) -> None:
        if socket.subprotocol is None:
            return
        await greet(socket)
        await say(socket, type="ka")
        payload = update("REMOVE", "Cleaning...", "FINISHED")
        await say(socket, id="jobsSubscribe", type="data", payload=payload)
        await trio.sleep_forever()

    async with talking(talk, LEGACY) as url, listening(url=url) as ear:
        assert await ear.next() == StashJob("REMOVE", "Cleaning...", "FINISHED")


async def test_what_is_not_known_is_left_aside_and_pings_are_answered() -> None:
    async def talk(socket: WebSocketConnection) -> None:
        await greet(socket)
        await say(socket, type="next", payload=None)
        await say(socket, type="next", payload={"data": None, "errors": [{"message": "x"}]})
        await say(socket, type="next", payload={"data": {"jobsSubscribe": None}})
        await say(socket, type="next", payload={"data": {"jobsSubscribe": {"type": 5, "job": 3}}})
        await say(socket, type="something", new=True)
        await say(socket, type="ping")
        assert json.loads(await socket.get_message()) == {"type": "pong"}
        big = update("REMOVE", "x" * 3_000_000, "FINISHED")
        await say(socket, id="jobsSubscribe", type="next", payload=big)
        await trio.sleep_forever()

    async with talking(talk) as url, listening(url=url) as ear:
        heard = await ear.next()
        assert isinstance(heard, StashJob)
        assert len(heard.description) == 3_000_000


@pytest.mark.parametrize("protocol", [MODERN, LEGACY])
async def test_a_connection_that_says_nothing_any_more_is_given_up(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUIET_S", 0.1)
    monkeypatch.setattr(live, "ANSWER_S", 0.3)
    asked: list[str] = []

    async def talk(socket: WebSocketConnection) -> None:
        if socket.subprotocol is None:
            return
        await greet(socket)
        asked.append(json.loads(await socket.get_message())["type"])
        await trio.sleep_forever()

    async with talking(talk, protocol) as url:
        failure = await ends_with(url=url)
    assert isinstance(failure, StashConnectionError)
    assert asked == (["ping"] if protocol == MODERN else [])


async def test_a_connection_that_answers_our_pings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "QUIET_S", 0.05)
    monkeypatch.setattr(live, "ANSWER_S", 5)

    async def talk(socket: WebSocketConnection) -> None:
        await greet(socket)
        for _ in range(5):
            assert json.loads(await socket.get_message()) == {"type": "ping"}
            await say(socket, type="pong")
        await say(socket, type="next", payload={"data": {"scanCompleteSubscribe": True}})
        await trio.sleep_forever()

    async with talking(talk) as url, listening(url=url) as ear:
        assert await ear.next() == ScanCompleted()


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("no json", StashProtocolError),
        ("[]", StashProtocolError),
        ("[" * 100_000, StashProtocolError),
        ('{"type":"error","payload":[{"message":"no"}]}', StashProtocolError),
        ('{"type":"complete","id":"jobsSubscribe"}', StashConnectionError),
        (b"\xff\xfe", StashProtocolError),
        ("x" * (live.LARGEST_BYTES + 1), StashConnectionError),
        (None, StashConnectionError),
    ],
    ids=["text", "list", "deep", "error", "complete", "bytes", "huge", "closed"],
)
async def test_what_a_server_may_say_ends_as_an_error_of_ours(
    message: str | bytes | None, wanted: type[StashError]
) -> None:
    async def talk(socket: WebSocketConnection) -> None:
        await greet(socket)
        if message is None:
            await socket.aclose(1011, "bye")
            return
        await socket.send_message(message)
        await trio.sleep_forever()

    async with talking(talk) as url:
        assert type(await ends_with(url=url)) is wanted


HEAD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 \xff\xff\r\n\r\n",
        f"{HEAD}Sec-WebSocket-Accept: wrong\r\n\r\n".encode(),
        f"{HEAD}\r\n\x81\xff".encode("latin-1"),
        b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 20_000,
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=range(12),
)
async def test_whatever_else_answers_at_the_address_ends_as_an_error_of_ours(
    answer: bytes,
) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            if answer:
                await stream.send_all(answer)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        failure = await ends_with(url=f"http://127.0.0.1:{port}", connect_timeout=0.5)
        assert isinstance(failure, StashError)
        nursery.cancel_scope.cancel()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        failure = await ends_with(url=f"http://127.0.0.1:{port}", connect_timeout=0.2)
        assert isinstance(failure, StashConnectionError)
        nursery.cancel_scope.cancel()


# --- TLS ----------------------------------------------------------------------------------------


async def test_certificates_are_checked_as_for_every_other_request(tmp_path: Path) -> None:
    pem, tls = certificate(tmp_path)

    async def talk(socket: WebSocketConnection) -> None:
        await greet(socket)
        await say(socket, type="next", payload={"data": {"scanCompleteSubscribe": True}})
        await trio.sleep_forever()

    async with talking(talk, tls=tls) as url:
        assert isinstance(await ends_with(url=url), StashConnectionError)
        for settings in ({"ca_file": pem}, {"verify_tls": False}):
            async with listening(url=url, **settings) as ear:
                assert await ear.next() == ScanCompleted()
