"""Every route, by every method, with every kind of credential: generated from the URL map."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import trio
from quart_trio import QuartTrio
from structlog.testing import capture_logs

from stashhog.api import announce_setup
from stashhog.api.contract import Operation, operation_of
from stashhog.api.security import tokens
from stashhog.core.exceptions import StorageError
from tests.api.conftest import KEY, House, OpenHouse, Reply

OPEN_PATHS = {
    "/",
    "/jobs",
    "/jobs/<part>",
    "/plans",
    "/plans/<part>",
    "/scenes",
    "/scenes/<part>",
    "/settings",
    "/settings/<part>",
    "/api/auth/login",
    "/api/auth/setup",
    "/api/auth/token",
    "/api/health",
    "/api/hooks/stash",
    "/api/ready",
    "/api/version",
    "/health",
    "/ready",
    "/ui/<path:name>",
    "/version",
}
OPEN_IN_SETUP = OPEN_PATHS - {"/api/auth/login", "/api/auth/token", "/api/hooks/stash"}

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
SAMPLES = {
    "id": "1",
    "job": "019f0000-0000-7000-8000-000000000000",
    "stash": "1",
    "path": "a/b.js",
}


def example(rule: str) -> str:
    return re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda match: SAMPLES.get(match[1] or "", "x"), rule
    )


def rules(app: QuartTrio, *, websocket: bool = False) -> list[str]:
    return sorted({rule.rule for rule in app.url_map.iter_rules() if rule.websocket == websocket})


def declared_open(app: QuartTrio) -> set[str]:
    found = set()
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        if isinstance(operation, Operation) and operation.open:
            found.add(rule.rule)
    return found


async def test_exactly_the_listed_routes_are_open(house: House) -> None:
    assert declared_open(house.app) <= OPEN_PATHS
    assert OPEN_PATHS - {"/api/hooks/stash"} <= declared_open(house.app)


async def test_every_route_below_api_is_declared(house: House) -> None:
    undeclared = [
        rule.rule
        for rule in house.app.url_map.iter_rules()
        if operation_of(house.app.view_functions[rule.endpoint]) is None
    ]
    assert undeclared == []


def bad_credentials(house: House) -> dict[str, dict[str, str]]:
    signing_key = tokens.derive_key(house.services.db.secrets.signing_key)
    now = datetime.now(UTC)
    claims = {
        "iss": "stashhog",
        "aud": "stashhog-api",
        "sub": "owner",
        "sid": "x",
        "iat": now,
        "exp": now + timedelta(hours=1),
    }

    def bearer(key: Any = signing_key, algorithm: str = "HS256", **changed: Any) -> dict[str, str]:
        token = jwt.encode(claims | changed, key, algorithm=algorithm)
        return {"authorization": f"Bearer {token}"}

    return {
        "nothing": {},
        "empty key": {"x-api-key": ""},
        "wrong key": {"x-api-key": KEY + "x"},
        "shorter key": {"x-api-key": KEY[:-1]},
        "key as basic": {"authorization": f"Basic {KEY}"},
        "wrong bearer": {"authorization": "Bearer nonsense"},
        "empty bearer": {"authorization": "Bearer "},
        "unsigned": bearer("", "none"),
        "foreign key": bearer("k" * 64),
        "default key": bearer(b"change-this-in-production-to-a-random-string"),
        "other algorithm": bearer(algorithm="HS512"),
        "no session": bearer(),
        "expired": bearer(exp=now - timedelta(minutes=1)),
        "not yet": bearer(nbf=now + timedelta(hours=1)),
        "other audience": bearer(aud="elsewhere"),
        "other issuer": bearer(iss="elsewhere"),
        "odd session": bearer(sid=7),
        "unknown cookie": {"cookie": "stashhog_session=nonsense"},
        "empty cookie": {"cookie": "stashhog_session="},
        "odd cookie": {"cookie": "stashhog_session; =; \x7f"},
    }


async def test_no_route_lets_a_stranger_in_by_any_method(locked: House) -> None:
    seen = 0
    for rule in rules(locked.app):
        if rule in OPEN_PATHS:
            continue
        for method in METHODS:
            reply = await locked.call(method, example(rule))
            assert (reply.status, reply.json["code"]) == (401, "unauthorized"), (method, rule)
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("name", [*range(20)])
async def test_no_route_takes_bad_credentials(locked: House, name: int) -> None:
    kind, headers = list(bad_credentials(locked).items())[name]
    for rule in rules(locked.app):
        if rule in OPEN_PATHS:
            continue
        reply = await locked.call("GET", example(rule), headers=headers)
        assert reply.status == 401, (kind, rule)
        assert reply.header("www-authenticate") == 'Bearer realm="stashhog"'


async def test_open_routes_answer_without_credentials(locked: House) -> None:
    for rule in declared_open(locked.app) - {"/api/hooks/stash"}:
        reply = await locked.call("GET", example(rule))
        assert reply.status != 401, rule


async def test_what_matches_no_route_is_closed_too(locked: House) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/nothing", "/.env", "/api//health", "/API/jobs"):
        assert (await locked.call("GET", path)).status == 401
        assert (await locked.call("GET", path, headers={"x-api-key": KEY})).status == 404


async def test_a_route_that_nobody_declared_is_closed(locked: House) -> None:
    async def forgotten() -> str:
        return "inside"

    locked.app.add_url_rule("/api/forgotten", "forgotten", forgotten)
    assert (await locked.call("GET", "/api/forgotten")).status == 401


async def test_sockets_are_closed_before_the_handshake(locked: House) -> None:
    paths = [example(rule) for rule in rules(locked.app, websocket=True)]
    for path in [*paths, "/api/nothing/ws"]:
        for headers in bad_credentials(locked).values():
            reply = await locked.call("GET", path, websocket=True, headers=headers)
            assert (reply.status, reply.json["code"]) == (401, "unauthorized")


async def test_a_socket_is_judged_by_right_then_origin_then_place(locked: House) -> None:
    evil = {"origin": "https://evil.example"}
    key = {"x-api-key": KEY}
    path = "/api/nothing/ws"
    answers = [
        (await locked.call("GET", path, websocket=True, headers=headers)).status
        for headers in (evil, evil | key, key)
    ]
    assert answers == [401, 403, 404]


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}],
)
async def test_the_key_opens_every_route(locked: House, headers: dict[str, str]) -> None:
    reply = await locked.call("GET", "/api/auth/me", headers=headers)
    assert reply.json == {"user": "owner", "via": "key"}


async def test_a_wrong_key_is_not_saved_by_a_good_cookie(locked: House) -> None:
    cookie = (await locked.call("POST", "/api/auth/login", json={"api_key": KEY})).cookie
    assert cookie is not None
    good = await locked.call("GET", "/api/auth/me", headers={"cookie": cookie})
    bad = await locked.call("GET", "/api/auth/me", headers={"cookie": cookie, "x-api-key": "no"})
    assert (good.status, bad.status) == (200, 401)


# --- without credentials ------------------------------------------------------------------------


async def test_this_machine_is_trusted_while_nothing_is_set(house: House) -> None:
    reply = await house.call("GET", "/api/auth/me")
    assert reply.json == {"user": "owner", "via": "open"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "[::1]:9998", "127.8.8.8", "a.localhost"]
)
async def test_loopback_has_many_names(house: House, host: str) -> None:
    assert (await house.call("GET", "/api/auth/me", host=host)).status == 200


@pytest.mark.parametrize("peer", ["::1", "127.0.0.9", "::ffff:127.0.0.1"])
async def test_loopback_has_many_addresses(house: House, peer: str) -> None:
    assert (await house.call("GET", "/api/auth/me", peer=peer)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"x-forwarded-for": "203.0.113.5"},
        {"X-Forwarded-Host": "127.0.0.1"},
        {"x-forwarded-proto": "http"},
        {"x-forwarded-anything": ""},
        {"forwarded": "for=127.0.0.1"},
        {"x-real-ip": "127.0.0.1"},
    ],
)
async def test_what_came_through_a_proxy_is_not_from_this_machine(
    house: House, headers: dict[str, str]
) -> None:
    reply = await house.call("GET", "/api/auth/me", headers=headers)
    assert (reply.status, reply.json["code"]) == (401, "setup_required")


@pytest.mark.parametrize(
    "call", [{"peer": "192.168.1.4"}, {"peer": "::ffff:10.0.0.1"}, {"host": "192.168.1.2:9998"}]
)
async def test_other_machines_and_other_names_are_not_trusted(
    house: House, call: dict[str, str]
) -> None:
    reply = await house.call("GET", "/api/auth/me", **call)  # type: ignore[arg-type]  # one of two
    assert (reply.status, reply.json["code"]) == (401, "setup_required")


async def test_setup_mode_shuts_everything_but_health_the_page_and_setup(
    open_house: OpenHouse,
) -> None:
    async with open_house({"app": {"host": "0.0.0.0"}}) as house:  # noqa: S104 - the case at hand
        for rule in rules(house.app):
            reply = await house.call("POST" if "auth" in rule else "GET", example(rule), json={})
            if rule in OPEN_IN_SETUP:
                assert reply.status != 401, rule
            else:
                assert (reply.status, reply.json["code"]) == (401, "setup_required"), rule


async def test_login_says_that_setup_comes_first(open_house: OpenHouse) -> None:
    async with open_house({"app": {"host": "0.0.0.0"}}) as house:  # noqa: S104 - the case at hand
        reply = await house.call("POST", "/api/auth/login", json={"password": "whatever"})
    assert (reply.status, reply.json["code"]) == (401, "setup_required")


async def test_mode_none_opens_it_knowingly(open_house: OpenHouse) -> None:
    settings = {"app": {"host": "0.0.0.0"}, "security": {"mode": "none"}}  # noqa: S104 - the case at hand
    async with open_house(settings) as house:
        reply = await house.call("GET", "/api/auth/me", peer="203.0.113.9")
    assert reply.json["via"] == "open"


async def test_the_setup_token_is_logged_once_and_works_once(open_house: OpenHouse) -> None:
    async with open_house({"app": {"host": "0.0.0.0"}}) as house:  # noqa: S104 - the case at hand
        with capture_logs() as lines:
            await house.call("GET", "/api/jobs")
            await house.call("GET", "/api/jobs")
        (line,) = [line for line in lines if line["event"] == "setup_required"]
        token = line["how"].rsplit(" ", 1)[1]
        body = {"token": token, "password": "correct horse"}
        wrong = await house.call("POST", "/api/auth/setup", json=body | {"token": token[:-1]})
        right = await house.call("POST", "/api/auth/setup", json=body, peer="192.0.2.1")
        again = await house.call("POST", "/api/auth/setup", json=body)
        cookie = right.cookie
        assert cookie is not None
        inside = await house.call("GET", "/api/auth/me", headers={"cookie": cookie})
    assert (wrong.status, wrong.json["code"]) == (401, "bad_credentials")
    assert (right.status, right.json) == (200, {"user": "owner"})
    assert (again.status, again.json["code"]) == (409, "already_set_up")
    assert inside.json == {"user": "owner", "via": "cookie"}


async def test_the_token_of_setup_stands_in_the_log_from_the_start(open_house: OpenHouse) -> None:
    everywhere = {"app": {"host": "0.0.0.0"}}  # noqa: S104 - the case at hand
    for settings, needed in (
        (everywhere, True),
        ({}, False),
        (everywhere | {"security": {"mode": "none"}}, False),
        (everywhere | {"security": {"api_key": KEY}}, False),
    ):
        async with open_house(settings) as house:
            with capture_logs() as lines:
                await announce_setup(house.app, house.services.settings.current)
        assert [line["event"] for line in lines] == ["setup_required"] * needed


async def test_only_one_of_many_at_once_sets_the_first_password(open_house: OpenHouse) -> None:
    async with open_house({"app": {"host": "0.0.0.0"}}) as house:  # noqa: S104 - the case at hand
        with capture_logs() as lines:
            await announce_setup(house.app, house.services.settings.current)
        token = lines[0]["how"].rsplit(" ", 1)[1]
        replies: dict[str, Reply] = {}

        async def set_up(password: str, peer: str) -> None:
            body = {"token": token, "password": password}
            replies[password] = await house.call("POST", "/api/auth/setup", json=body, peer=peer)

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(set_up, f"password {number}", f"192.0.2.{number}")
        (chosen,) = [name for name, reply in replies.items() if reply.status == 200]
        assert sorted(reply.status for reply in replies.values()) == [200, 409, 409, 409]
        login = await house.call("POST", "/api/auth/login", json={"password": chosen})
    assert login.status == 200


async def test_commands_of_this_machine_have_a_key_of_their_own(open_house: OpenHouse) -> None:
    headers = {"authorization": "Bearer command-token"}
    async with open_house({"security": {"api_key": KEY}}, command_token="command-token") as house:
        here = await house.call("GET", "/api/auth/me", headers=headers)
        there = await house.call("GET", "/api/auth/me", headers=headers, peer="192.0.2.1")
        proxied = await house.call(
            "GET", "/api/auth/me", headers=headers | {"x-forwarded-for": "1.2.3.4"}
        )
    assert (here.status, there.status, proxied.status) == (200, 401, 401)


async def test_an_unreadable_database_lets_nobody_in(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise StorageError("the database cannot be read")

    async with open_house() as house:
        monkeypatch.setattr(type(house.services.db), "read", broken)
        reply = await house.call("GET", "/api/auth/me")
    assert (reply.status, reply.json["code"]) == (503, "busy")
    assert reply.header("retry-after") is not None
