"""What every answer carries, and what one request leaves in the log."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.api.conftest import KEY, House, OpenHouse, Reply

# One of each kind: found, missing, refused, wrong, crashed, a file, a document.
KINDS = [
    ("GET", "/api/health", {}),
    ("HEAD", "/api/health", {}),
    ("OPTIONS", "/api/health", {}),
    ("GET", "/api/nothing", {"x-api-key": KEY}),
    ("POST", "/api/health", {}),
    ("GET", "/api/settings", {}),
    ("PUT", "/api/settings", {"x-api-key": KEY}),
    ("GET", "/api/health", {"host": "evil.example"}),
    ("PUT", "/api/settings", {"x-api-key": KEY, "origin": "https://evil.example"}),
    ("GET", "/api/crash", {"x-api-key": KEY}),
    ("GET", "/", {}),
    ("GET", "/ui/nothing", {}),
    ("GET", "/docs", {"x-api-key": KEY}),
    ("GET", "/metrics", {"x-api-key": KEY}),
    ("GET", "*", {}),
]


async def answers(house: House, **headers: str) -> list[Reply]:
    async def crash() -> None:
        raise RuntimeError

    house.app.add_url_rule("/api/crash", "crash", crash)
    found = [
        await house.call(method, path, headers={**own, **headers}) for method, path, own in KINDS
    ]
    found.append(await house.call("GET", "/api/x/ws", websocket=True))
    return found


async def test_every_answer_has_the_browsers_rules(locked: House) -> None:
    replies = await answers(locked)
    assert {reply.status for reply in replies} >= {200, 400, 401, 403, 404, 405, 421, 422, 500}
    for reply in replies:
        policy = dict(
            part.split(" ", 1) for part in str(reply.header("content-security-policy")).split("; ")
        )
        assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert reply.header("x-content-type-options") == "nosniff"
        assert reply.header("referrer-policy") == "no-referrer"
        assert reply.header("cross-origin-opener-policy") == "same-origin"
        assert reply.header("server") is None
        assert reply.header("x-powered-by") is None
        names = [name for name, _ in reply.headers]
        assert len(names) == len(set(names)), names


async def test_nothing_of_the_api_is_kept_by_a_cache(locked: House) -> None:
    for (_, path, _), reply in zip(KINDS, await answers(locked), strict=False):
        if path.startswith("/api"):
            assert reply.header("cache-control") == "no-store"


async def test_every_answer_has_an_id_and_its_time(locked: House) -> None:
    replies = await answers(locked)
    ids = [str(reply.header("x-request-id")) for reply in replies]
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in ids)
    assert len(set(ids)) == len(ids)
    assert all(float(str(reply.header("x-process-time"))) >= 0 for reply in replies)


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 128])
async def test_a_harmless_id_is_kept(house: House, given: str) -> None:
    reply = await house.call("GET", "/api/nothing", headers={"x-request-id": given})
    assert reply.header("x-request-id") == reply.json["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "a b", "a\x1b[31m", 'a"b', "a\r\nb", "ä", "a\n", "{}", "a;b"]
)
async def test_any_other_id_is_replaced(house: House, given: str) -> None:
    reply = await house.call("GET", "/api/health", headers={"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{32}", str(reply.header("x-request-id")))


async def test_one_request_is_one_line_without_its_query(house: House) -> None:
    with capture_logs() as lines:
        await house.call("GET", "/api/nothing?ticket=CANARY", headers={"x-request-id": "me"})
    (line,) = lines
    assert {k: line[k] for k in ("event", "method", "path", "status", "client", "code")} == {
        "event": "request",
        "method": "GET",
        "path": "/api/nothing",
        "status": 404,
        "client": "127.0.0.1",
        "code": "not_found",
    }
    assert "CANARY" not in str(line)


async def test_the_log_names_the_client_behind_a_trusted_proxy(open_house: OpenHouse) -> None:
    settings = {"security": {"trusted_proxies": "127.0.0.0/8", "api_key": KEY}}
    async with open_house(settings) as house:
        with capture_logs() as lines:
            await house.call("GET", "/health", headers={"x-forwarded-for": "203.0.113.9"})
    assert lines[0]["client"] == "203.0.113.9"


async def test_everything_a_request_logs_bears_its_id(house: House) -> None:
    seen: list[Any] = []

    async def route() -> str:
        seen.append(structlog.contextvars.get_contextvars())
        return ""

    house.app.add_url_rule("/api/context", "context", route)
    await house.call("GET", "/api/context", headers={"x-request-id": "me"})
    assert seen == [{"request_id": "me"}]
    assert structlog.contextvars.get_contextvars() == {}


# --- below a sub-path ---------------------------------------------------------------------------


async def test_proxies_may_strip_the_sub_path_or_not(open_house: OpenHouse) -> None:
    async with open_house({"app": {"root_path": "/stash/hog"}}) as house:
        for path in ("/stash/hog/api/health", "/api/health", "/stash/hog/health"):
            assert (await house.call("GET", path)).status == 200, path
        for path in ("/stash/hog", "/stash/hog/"):
            assert (await house.call("GET", path)).header(
                "content-type"
            ) == "text/html; charset=utf-8"
        assert (await house.call("GET", "/stash/hogapi/health")).status == 404
        assert (await house.call("GET", "/stash/hog/stash/hog/api/health")).status == 404
        reply = await house.call("GET", "/stash/hog/openapi.json")
        assert reply.json["servers"] == [{"url": "/stash/hog"}]


async def test_the_gate_knows_both_spellings(open_house: OpenHouse) -> None:
    settings = {"app": {"root_path": "/hog"}, "security": {"api_key": KEY}}
    async with open_house(settings) as house:
        for path in ("/hog/api/settings", "/api/settings"):
            assert (await house.call("GET", path)).status == 401
        for path in ("/hog/api/x/ws", "/api/x/ws"):
            assert (await house.call("GET", path, websocket=True)).status == 401
