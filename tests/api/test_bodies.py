"""How large, how deep, how slow and how odd a body may be."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from quart import Response, request
from quart_trio import QuartTrio

from stashhog.api.asgi import exchange_of
from stashhog.api.bodies import GRACE_SECONDS, SLOWEST_BYTES_A_SECOND, BodyMiddleware
from stashhog.api.contract import NDJSON, operation
from stashhog.api.dependencies import get_exchange
from stashhog.api.error_handlers import ErrorBoundary
from stashhog.api.security.gate import match_rule
from stashhog.core.config import AppSettings, Settings
from tests.api.conftest import KEY, House

LIMIT = 1 << 20


def body_of(size: int) -> bytes:
    return b'{"values":{}' + b" " * (size - 13) + b"}"


async def test_a_body_up_to_the_limit_is_taken(house: House) -> None:
    headers = {"content-type": "application/json"}
    reply = await house.call("PUT", "/api/settings", body=body_of(LIMIT), headers=headers)
    assert reply.status == 200


@pytest.mark.parametrize(
    "call",
    [
        {"body": body_of(LIMIT + 1)},
        {"chunks": [body_of(LIMIT), b" "]},
        {"chunks": [b" " * 65536] * 40},
        {"body": b"", "headers": {"content-length": "99999999999999999999"}},
    ],
    ids=["by length", "by a byte", "in pieces", "by a claim"],
)
async def test_a_body_over_the_limit_is_413(house: House, call: dict[str, Any]) -> None:
    headers = {"content-type": "application/json", **call.pop("headers", {})}
    reply = await house.call("PUT", "/api/settings", headers=headers, **call)
    assert (reply.status, reply.json["code"]) == (413, "body_too_large")
    assert reply.header("connection") == "close"


async def test_a_stranger_is_turned_away_before_the_body_is_read(locked: House) -> None:
    reply = await locked.call(
        "PUT", "/api/settings", headers={"content-length": "999999999"}, chunks=[b"x"] * 3
    )
    assert reply.status == 401


BROKEN = {
    "nothing readable": b"{",
    "two values": b"{} {}",
    "deep": b'{"values":{"app":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "not UTF-8": b'{"values":{"app":{"name":"\xff\xfe"}}}',
    "lone surrogate": b'{"values":{"app":{"name":"\\ud800"}}}',
    "UTF-16": '{"values":{}}'.encode("utf-16"),
    "control characters": b'{"values":\x01{}}',
    "number without end": b'{"values":{},"version":' + b"9" * 900_000 + b"}",
    "single quotes": b"{'values':{}}",
}
ODD = {
    "another shape": b"[]",
    "null": b"null",
    "a number": b"1",
    "nothing": b"",
    "unknown field": b'{"values":{},"is_admin":true}',
    "unknown group": b'{"values":{"secrets":{}}}',
    "unknown setting": b'{"values":{"app":{"nmae":"x"}}}',
    "NaN": b'{"values":{"stash":{"timeout":NaN}}}',
    "infinity": b'{"values":{"stash":{"timeout":-Infinity}}}',
    "NaN for a version": b'{"values":{},"version":NaN}',
    "huge number": b'{"values":{"stash":{"page_size":' + b"9" * 400 + b"}}}",
    "huge float": b'{"values":{"stash":{"timeout":1e999}}}',
    "huge version": b'{"values":{},"version":' + b"9" * 400 + b"}",
    "text for a number": b'{"values":{},"version":"1"}',
    "section is a list": b'{"values":{"app":[1]}}',
    "a list for a tree": b'{"values":[]}',
    "NUL": b'{"values":{"app":{"name":"a\\u0000b"}}}',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_json_is_400(house: House, name: str) -> None:
    headers = {"content-type": "application/json"}
    reply = await house.call("PUT", "/api/settings", body=BROKEN[name], headers=headers)
    assert (reply.status, reply.json["code"]) == (400, "bad_json")


@pytest.mark.parametrize("name", ODD)
async def test_json_that_does_not_fit_is_422_and_changes_nothing(house: House, name: str) -> None:
    before = house.services.settings.current
    headers = {"content-type": "application/json; charset=UTF-8"}
    reply = await house.call("PUT", "/api/settings", body=ODD[name], headers=headers)
    assert reply.status == 422, reply.body
    assert all({"loc", "msg", "type"} <= set(error) for error in reply.json["errors"])
    assert house.services.settings.current is before


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("Identity", 200)])
async def test_a_packed_body_is_not_unpacked(house: House, coding: str, status: int) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}
    body = b'{"values": {}}'
    reply = await house.call("PUT", "/api/settings", body=body, headers=headers)
    assert reply.status == status


async def test_errors_do_not_repeat_what_was_sent(house: House) -> None:
    planted = "CANARY-5e0a"
    for body in (
        {"values": {"stash": {"timeout": planted, "url": planted, "api_key": planted + "\n"}}},
        {"values": {"app": {"env": planted, "name": [planted]}}},
        {"values": {}, "version": planted},
        {"password": [planted], "api_key": {"x": planted}},
    ):
        for path in ("/api/settings", "/api/auth/login"):
            reply = await house.call("PUT" if "set" in path else "POST", path, json=body)
            assert reply.status == 422
            assert planted not in reply.body.decode()


# --- pieces and time ----------------------------------------------------------------------------


class Fixed:
    def __init__(self) -> None:
        app = AppSettings(body_limit_bytes=4096, import_limit_bytes=65_536)
        self.current = Settings(app=app)


class Sender:
    """A client that sends pieces with pauses; remembers how many were taken."""

    def __init__(self, pieces: list[bytes], pause_seconds: float = 0.0, *, leaves: bool = False):
        self.pieces, self.pause, self.leaves = pieces, pause_seconds, leaves
        self.taken = 0
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        await trio.sleep(self.pause)
        if self.taken == len(self.pieces):
            if self.leaves:
                return {"type": "http.disconnect"}
            await trio.sleep_forever()
        piece = self.pieces[self.taken]
        self.taken += 1
        last = self.taken == len(self.pieces) and not self.leaves
        return {"type": "http.request", "body": piece, "more_body": not last}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


def app_with(view: Any, **declared: Any) -> tuple[Any, QuartTrio]:
    quart = QuartTrio("bodies")
    quart.config.update(PROPAGATE_EXCEPTIONS=True, TRAP_HTTP_EXCEPTIONS=True)
    quart.add_url_rule(
        "/", "view", operation("A view", {200: "text/plain"}, **declared)(view), methods=["POST"]
    )

    async def match_first(scope: Any, receive: Any, send: Any) -> None:
        exchange_of(scope).rule = match_rule(quart, scope)
        await BodyMiddleware(quart.asgi_app, quart, Fixed())(scope, receive, send)  # type: ignore[arg-type]  # Quart's own types

    return ErrorBoundary(match_first), quart


def post(content_type: str = "application/json") -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"x"), (b"content-type", content_type.encode())],
        "client": ("127.0.0.1", 1),
    }


async def whole() -> Any:
    return Response(str(len(await request.get_data())))


async def test_a_slow_body_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    app, _ = app_with(whole)
    sender = Sender([b"x"] * 100, pause_seconds=1.0)
    began = trio.current_time()
    await app(post(), sender.receive, sender.send)
    assert sender.status == 408
    assert GRACE_SECONDS <= trio.current_time() - began <= GRACE_SECONDS + 2


async def test_a_body_that_never_comes_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    app, _ = app_with(whole)
    sender = Sender([])
    await app(post(), sender.receive, sender.send)
    assert sender.status == 408


async def test_a_large_stream_may_take_its_time(autojump_clock: trio.testing.MockClock) -> None:
    async def view() -> Any:
        body = get_exchange().body
        assert body is not None
        return Response(str(sum([len(piece) async for piece in body])))

    app, _ = app_with(view, streams=True, consumes=NDJSON)
    sender = Sender([b"x" * 4096] * 16, pause_seconds=4096 / SLOWEST_BYTES_A_SECOND)
    await app(post(NDJSON), sender.receive, sender.send)
    assert sender.status == 200
    assert b"".join(m.get("body", b"") for m in sender.sent) == b"65536"


async def test_a_stream_is_taken_no_faster_than_the_route_takes_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    sender = Sender([b"x"] * 10)
    ahead: list[int] = []

    async def view() -> Any:
        body, taken = get_exchange().body, 0
        assert body is not None
        async for _ in body:
            taken += 1
            await trio.sleep(0.1)
            ahead.append(sender.taken - taken)
        return Response("done")

    app, _ = app_with(view, streams=True, consumes=NDJSON)
    await app(post(NDJSON), sender.receive, sender.send)
    assert len(ahead) == 10
    assert max(ahead) == 0


async def test_a_stream_over_its_limit_is_413(autojump_clock: trio.testing.MockClock) -> None:
    async def view() -> Any:
        body = get_exchange().body
        assert body is not None
        async for _ in body:
            pass

    app, _ = app_with(view, streams=True, consumes=NDJSON)
    sender = Sender([b"x" * 4096] * 17)
    await app(post(NDJSON), sender.receive, sender.send)
    assert sender.status == 413


async def test_a_client_that_leaves_in_its_body_gets_no_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    app, _ = app_with(whole)
    sender = Sender([b"x", b"y"], leaves=True)
    await app(post(), sender.receive, sender.send)
    assert sender.sent == []


async def test_what_a_refused_client_still_sends_is_thrown_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    app, _ = app_with(whole)
    sender = Sender([b"x" * 4096] * 10)
    await app(post(), sender.receive, sender.send)
    assert sender.status == 413
    assert sender.taken == 10


async def test_keys_open_the_way_to_the_body(locked: House) -> None:
    reply = await locked.call(
        "PUT", "/api/settings", json={"values": {}}, headers={"x-api-key": KEY}
    )
    assert reply.status == 200
