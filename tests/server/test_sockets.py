"""WebSocket conversations of the real app on a real server, by real clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
import trio.testing
import trio_websocket
from wsproto.utilities import LocalProtocolError

from stashhog.api.security.doors import MAX_SOCKETS
from stashhog.api.sockets import converse
from tests.api.conftest import KEY, House, house_in
from tests.server.conftest import PATIENCE_SECONDS, Running, serving_in

Frames = Callable[[], AsyncIterator[Mapping[str, Any] | str]]


@dataclass
class Room:
    """A house that is served, with one socket route whose frames the test makes."""

    house: House
    server: Running
    heard: list[Any] = field(default_factory=list)
    live: int = 0

    @asynccontextmanager
    async def client(self, **headers: str) -> AsyncGenerator[trio_websocket.WebSocketConnection]:
        # Over a stream of our own: trio-websocket leaves it open where the server closes first.
        stream, host = await self.server.open(), f"127.0.0.1:{self.server.port}"
        extra = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        try:
            async with stream, trio.open_nursery() as nursery:
                with trio.fail_after(PATIENCE_SECONDS):
                    client = await trio_websocket.wrap_client_stream(
                        nursery, stream, host, "/api/talk", extra_headers=extra
                    )
                    async with client:
                        yield client
        except* trio_websocket.HandshakeError as group:
            raise group.exceptions[0] from None
        except* LocalProtocolError:
            pass  # trio-websocket answers a ping although it is closing


@asynccontextmanager
async def room_with(
    folder: Path, frames: Frames, settings: Mapping[str, Any] | None = None
) -> AsyncGenerator[Room]:
    async with house_in(folder / "data", settings) as house:
        rooms: list[Room] = []

        async def hear(said: Mapping[str, Any]) -> bool:
            rooms[0].heard.append(said)
            return said == {"type": "cancel"}

        async def talk() -> None:
            rooms[0].live += 1
            try:
                await converse(frames(), hear)
            finally:
                rooms[0].live -= 1

        house.app.add_websocket("/api/talk", view_func=talk)
        async with serving_in(folder, house.app) as server:
            rooms.append(Room(house, server))
            yield rooms[0]


async def nothing() -> AsyncIterator[str]:
    await trio.sleep_forever()
    yield ""


async def some() -> AsyncIterator[Mapping[str, Any] | str]:
    yield {"type": "snapshot", "seq": 1}
    yield '{"type":"status","seq":2}'


async def failing() -> AsyncIterator[str]:
    yield '{"type":"snapshot","seq":1}'
    raise RuntimeError("a bug of ours")


async def closing_code(client: trio_websocket.WebSocketConnection) -> int:
    while True:
        try:
            await client.get_message()
        except trio_websocket.ConnectionClosed as closed:
            return -1 if closed.reason is None else int(closed.reason.code)


async def gone(room: Room) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        while room.live:
            await trio.testing.wait_all_tasks_blocked(0.01)


async def test_frames_are_sent_and_then_it_closes_normally(tmp_path: Path) -> None:
    async with room_with(tmp_path, some) as room, room.client() as client:
        frames = [orjson.loads(await client.get_message()) for _ in range(2)]
        assert frames == [{"type": "snapshot", "seq": 1}, {"type": "status", "seq": 2}]
        assert await closing_code(client) == 1000


async def test_an_error_of_ours_closes_with_1011(tmp_path: Path) -> None:
    async with room_with(tmp_path, failing) as room, room.client() as client:
        assert await closing_code(client) == 1011
        await gone(room)


async def test_a_stop_closes_with_1012_at_once(tmp_path: Path) -> None:
    async with room_with(tmp_path, nothing) as room:
        async with room.client() as one, room.client() as two:
            room.house.services.closing.set()
            room.server.stop.set()
            assert [await closing_code(client) for client in (one, two)] == [1012, 1012]
        with trio.fail_after(4):
            await room.server.stopped.wait()


async def test_a_client_may_say_what_the_route_knows(tmp_path: Path) -> None:
    async with room_with(tmp_path, nothing) as room, room.client() as client:
        await client.send_message('{"type":"cancel"}')
        await client.send_message('{"type":"what"}')
        answer = orjson.loads(await client.get_message())
        assert room.heard == [{"type": "cancel"}, {"type": "what"}]
        assert (answer["type"], answer["code"]) == ("error", "not_understood")


@pytest.mark.parametrize(
    "message", ["{", "[]", "7", "", "null", b"", b"\xff", '{"type":"what"}', "[" * 9999]
)
async def test_three_messages_that_mean_nothing_close_with_1008(
    tmp_path: Path, message: str | bytes
) -> None:
    async with room_with(tmp_path, nothing) as room, room.client() as client:
        answers = []
        for _ in range(3):
            await client.send_message(message)
            answers.append(orjson.loads(await client.get_message())["type"])
        assert answers == ["error"] * 3
        assert await closing_code(client) == 1008


async def test_a_flood_closes_with_1008_and_leaves_nobody_behind(tmp_path: Path) -> None:
    async with room_with(tmp_path, nothing) as room:
        async with room.client() as client:
            with suppress(trio_websocket.ConnectionClosed):
                for _ in range(1000):
                    await client.send_message('{"type":"cancel"}')
                    await trio.lowlevel.checkpoint()
                await closing_code(client)
            assert client.closed is not None
        await gone(room)
        assert len(room.heard) < 100


async def test_handlers_go_when_their_clients_go_however_many_messages_lie_unread(
    tmp_path: Path,
) -> None:
    async with room_with(tmp_path, nothing) as room:
        for count in (0, 5, 25):
            async with room.client() as client:
                for _ in range(count):
                    await client.send_message('{"type":"cancel"}')
        await gone(room)
        for _ in range(3):
            await abrupt(room)
        await gone(room)
        assert room.live == 0


async def abrupt(room: Room) -> None:
    """Connect and vanish without a close frame."""
    stream = await room.server.ask(
        f"GET /api/talk HTTP/1.1\nHost: 127.0.0.1:{room.server.port}\nConnection: Upgrade\n"
        "Upgrade: websocket\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    assert await stream.receive_some()
    await trio.aclose_forcefully(stream)


async def test_a_new_password_closes_the_sockets_of_all_sessions(tmp_path: Path) -> None:
    settings = {"security": {"api_key": KEY}}
    async with room_with(tmp_path, nothing, settings) as room:
        login = await room.house.call("POST", "/api/auth/login", json={"api_key": KEY})
        cookie = login.cookie
        assert cookie is not None
        async with room.client(cookie=cookie) as mine, room.client(x_api_key=KEY) as other:
            reply = await room.house.call(
                "POST",
                "/api/auth/password",
                json={"old": "", "new": "correct horse"},
                headers={"x-api-key": KEY},
            )
            assert reply.status == 204
            assert [await closing_code(client) for client in (mine, other)] == [4401, 4401]


async def test_a_logout_closes_the_sockets_of_that_session_only(tmp_path: Path) -> None:
    settings = {"security": {"api_key": KEY}}
    async with room_with(tmp_path, nothing, settings) as room:
        login = {"json": {"api_key": KEY}}
        mine = (await room.house.call("POST", "/api/auth/login", **login)).cookie
        other = (await room.house.call("POST", "/api/auth/login", **login)).cookie
        assert mine is not None
        assert other is not None
        async with room.client(cookie=mine) as leaving, room.client(cookie=other) as staying:
            await room.house.call("POST", "/api/auth/logout", headers={"cookie": mine})
            assert await closing_code(leaving) == 4401
            await staying.send_message('{"type":"what"}')
            assert orjson.loads(await staying.get_message())["type"] == "error"


async def test_strangers_get_a_real_status_before_the_handshake(tmp_path: Path) -> None:
    async with room_with(tmp_path, nothing, {"security": {"api_key": KEY}}) as room:
        with pytest.raises(trio_websocket.ConnectionRejected) as caught:
            async with room.client():
                raise AssertionError
        assert caught.value.status_code == 401
        assert orjson.loads(caught.value.body or b"")["code"] == "unauthorized"
        with pytest.raises(trio_websocket.ConnectionRejected) as caught:
            async with room.client(x_api_key=KEY, origin="https://evil.example"):
                raise AssertionError
        assert caught.value.status_code == 403


async def test_there_is_an_end_to_the_number_of_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_SOCKETS > 100
    monkeypatch.setattr("stashhog.api.security.doors.MAX_SOCKETS", 2)
    async with room_with(tmp_path, nothing) as room:
        async with room.client(), room.client():
            with pytest.raises(trio_websocket.ConnectionRejected) as caught:
                async with room.client():
                    raise AssertionError
            assert caught.value.status_code == 429
        await gone(room)
        async with room.client():
            assert room.live == 1


async def test_a_reader_that_stopped_holds_up_neither_the_others_nor_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stashhog.api.server.USER_TIMEOUT_SECONDS", 1.0)

    async def endless() -> AsyncIterator[str]:
        while True:
            yield '{"type":"progress","pad":"' + "x" * 60_000 + '"}'

    async with room_with(tmp_path, endless) as room:
        stalled = await room.server.ask(
            f"GET /api/talk HTTP/1.1\nHost: 127.0.0.1:{room.server.port}\nConnection: Upgrade\n"
            "Upgrade: websocket\nSec-WebSocket-Version: 13\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        )
        async with room.client() as client:
            for _ in range(20):
                assert len(await client.get_message()) > 60_000
            room.house.services.closing.set()
            room.server.stop.set()
            assert await closing_code(client) == 1012
        with trio.fail_after(6):
            await room.server.stopped.wait()
        await trio.aclose_forcefully(stalled)
