"""Jobs and live events, as every Stash has them: the sample's and a real one."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)

from tests.contracts.speaking import Speaker

MODERN, LEGACY = "graphql-transport-ws", "graphql-ws"
START = {MODERN: "subscribe", LEGACY: "start"}
DATA = {MODERN: "next", LEGACY: "data"}
STOP = {MODERN: "complete", LEGACY: "stop"}
Message = dict[str, Any]


@asynccontextmanager
async def _socket(stash: Speaker, *protocols: str) -> AsyncGenerator[WebSocketConnection]:
    # The stream is ours: trio-websocket leaves it open where the server is the first to close.
    key = stash.api_key
    headers = [(b"ApiKey", key.encode())] if key else []
    url = urlsplit(stash.base_url)
    stream = await trio.open_tcp_stream(str(url.hostname), url.port or 80)
    async with stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(
            nursery,
            stream,
            url.netloc,
            f"{url.path}/graphql",
            subprotocols=protocols,
            extra_headers=headers,
        )
        async with socket:
            yield socket


async def _send(socket: WebSocketConnection, **message: Any) -> None:
    await socket.send_message(json.dumps(message))


async def _read(socket: WebSocketConnection) -> Message:
    with trio.fail_after(10):
        message: Message = json.loads(await socket.get_message())
    return message


async def _until(socket: WebSocketConnection, wanted: Callable[[Message], bool]) -> list[Message]:
    seen: list[Message] = []
    while not seen or not wanted(seen[-1]):
        seen.append(await _read(socket))
    return seen


async def _begin(socket: WebSocketConnection) -> None:
    await _send(socket, type="connection_init")
    assert await _read(socket) == {"type": "connection_ack"}


@pytest.mark.parametrize("protocol", [MODERN, LEGACY])
async def test_a_scan_is_told_live_from_its_queue_to_its_end(stash: Speaker, protocol: str) -> None:
    async with _socket(stash, protocol) as socket:
        assert socket.subprotocol == protocol
        await _begin(socket)
        queries = {
            "jobs": "subscription{jobsSubscribe{type job{id status progress}}}",
            "scans": "subscription{scanCompleteSubscribe}",
        }
        for name, query in queries.items():
            await _send(socket, id=name, type=START[protocol], payload={"query": query})
        await _send(socket, id="v", type=START[protocol], payload={"query": "{version{version}}"})
        await _until(socket, lambda message: message.get("id") == "v")
        job = (await stash.ask("mutation{metadataScan(input:{})}"))["metadataScan"]
        ended: set[str] = set()

        def both_ended(message: Message) -> bool:
            text = json.dumps(message)
            ended.update({message["id"]} if "REMOVE" in text or "Complete" in text else ())
            return ended == {"jobs", "scans"}

        seen = await _until(socket, lambda m: m.get("id") in queries and both_ended(m))
        updates = [m["payload"]["data"]["jobsSubscribe"] for m in seen if m.get("id") == "jobs"]
        assert [u["type"] for u in updates if u["type"] != "UPDATE"] == ["ADD", "REMOVE"]
        assert {u["job"]["id"] for u in updates} == {job}
        assert updates[0]["job"]["status"] == "READY"
        assert "RUNNING" in {u["job"]["status"] for u in updates}
        assert updates[-1]["job"]["status"] == "FINISHED"
        (scan,) = [m for m in seen if m.get("id") == "scans"]
        assert scan["type"] == DATA[protocol]
        assert scan["payload"] == {"data": {"scanCompleteSubscribe": True}}
        await _send(socket, id="jobs", type=STOP[protocol])
        last = await _until(socket, lambda m: m["type"] == "complete" and m["id"] == "jobs")
        assert last[-1] == {"type": "complete", "id": "jobs"}
    found = await stash.ask(f"{{findJob(input:{{id:{job}}}){{id status}} jobQueue{{id}}}}")
    assert found == {"findJob": {"id": job, "status": "FINISHED"}, "jobQueue": None}


async def test_a_job_that_never_was_is_null(stash: Speaker) -> None:
    assert await stash.ask("{findJob(input:{id:987654}){id}}") == {"findJob": None}


async def test_the_older_protocol_keeps_alive_and_the_newer_answers_pings(
    stash: Speaker,
) -> None:
    async with _socket(stash, LEGACY) as socket:
        await _begin(socket)
        assert await _read(socket) == {"type": "ka"}
    async with _socket(stash, MODERN) as socket:
        await _begin(socket)
        await _send(socket, type="ping")
        assert await _read(socket) == {"type": "pong"}


@pytest.mark.parametrize(
    ("offered", "taken"), [((), None), (("nope",), None), ((MODERN, LEGACY), LEGACY)]
)
async def test_the_older_protocol_wins_where_both_are_offered(
    stash: Speaker, offered: tuple[str, ...], taken: str | None
) -> None:
    async with _socket(stash, *offered) as socket:
        assert socket.subprotocol == taken
        await _begin(socket)
        assert await _read(socket) == {"type": "ka"}


@pytest.mark.parametrize("protocol", [MODERN, LEGACY])
async def test_queries_and_errors_come_over_the_socket_too(stash: Speaker, protocol: str) -> None:
    async with _socket(stash, protocol) as socket:
        await _begin(socket)
        await _send(socket, id="1", type=START[protocol], payload={"query": "subscription{nope}"})
        seen = await _until(socket, lambda m: m["type"] == "complete")
        (error,) = [m for m in seen if m["type"] == "error"]
        assert error["payload"][0]["message"] == (
            'Cannot query field "nope" on type "Subscription".'
        )
        await _send(socket, id="2", type=START[protocol], payload={"query": "{version{version}}"})
        seen = await _until(socket, lambda m: m == {"type": "complete", "id": "2"})
        (data,) = [m for m in seen if m["type"] == DATA[protocol]]
        assert data["payload"]["data"]["version"]["version"] == stash.version


async def test_talking_before_the_greeting_ends_the_connection(stash: Speaker) -> None:
    async with _socket(stash, MODERN) as socket:
        await _send(socket, id="1", type="subscribe", payload={"query": "{version{version}}"})
        with pytest.raises(ConnectionClosed) as closed, trio.fail_after(10):
            await socket.get_message()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1002


async def test_nonsense_ends_the_connection(stash: Speaker) -> None:
    async with _socket(stash, MODERN) as socket:
        await _begin(socket)
        await _send(socket, type="nonsense")
        with pytest.raises(ConnectionClosed), trio.fail_after(10):
            await socket.get_message()


async def test_a_wrong_key_is_refused_at_the_handshake(stash: Speaker) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2FtcGxlIHN0YXNoIGtleQ==",
        "ApiKey": "surely-wrong",
    }
    response = await stash.http.get(stash.base_url + "/graphql", headers=headers)
    assert response.status_code == (401 if stash.release >= 26 else 500)
