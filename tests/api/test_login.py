"""Signing in and out, and guessing."""

from __future__ import annotations

import pytest
import trio
from quart_trio import QuartTrio

from stashhog.api.asgi import Visitor
from stashhog.api.error_handlers import ProblemError
from stashhog.api.security.attempts import FREE_ATTEMPTS, LONGEST_WAIT_SECONDS, LoginBrake
from stashhog.api.security.doors import Doors
from stashhog.api.security.passwords import PasswordHashing
from tests.api.conftest import KEY, House, OpenHouse, Reply

PASSWORD = "CANARY correct horse"


async def with_password(house: House, password: str = PASSWORD) -> None:
    reply = await house.call("POST", "/api/auth/password", json={"old": "", "new": password})
    assert reply.status == 204


async def sign_in(house: House, password: str = PASSWORD, **call: str) -> Reply:
    return await house.call("POST", "/api/auth/login", json={"password": password}, **call)  # type: ignore[arg-type]  # peer, host


async def me(house: House, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.call("GET", "/api/auth/me", headers=named)


async def test_a_first_password_closes_the_door(house: House) -> None:
    await with_password(house)
    assert (await me(house)).status == 401
    reply = await sign_in(house)
    assert reply.cookie is not None
    assert (await me(house, cookie=reply.cookie)).json == {"user": "owner", "via": "cookie"}


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    await with_password(house)
    text = str((await sign_in(house)).header("set-cookie"))
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in text.split(";")}
    assert "Secure" not in text


async def test_over_tls_the_cookie_is_for_tls_only(open_house: OpenHouse) -> None:
    settings = {
        "security": {"api_key": KEY, "trusted_proxies": "127.0.0.1/32"},
        "app": {"root_path": "/hog"},
    }
    async with open_house(settings) as house:
        reply = await house.call(
            "POST",
            "/hog/api/auth/login",
            json={"api_key": KEY},
            headers={"x-forwarded-proto": "https"},
        )
    text = str(reply.header("set-cookie"))
    assert "Secure" in text
    assert "Path=/hog" in text


async def test_only_the_hash_of_a_session_is_stored(house: House) -> None:
    await with_password(house)
    cookie = (await sign_in(house)).cookie
    assert cookie is not None
    secret = cookie.partition("=")[2].encode()
    folder = house.services.settings.current.app.data_dir
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not any(secret in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "body",
    [{}, {"password": "a", "api_key": "b"}, {"password": ""}, {"password": 1}, {"user": "x"}, []],
)
async def test_a_login_takes_exactly_one_secret(locked: House, body: object) -> None:
    reply = await locked.call("POST", "/api/auth/login", json=body)
    assert (reply.status, reply.json["code"]) == (422, "invalid")


async def test_wrong_secrets_all_look_alike(locked: House) -> None:
    bodies = [
        {"password": "wrong"},
        {"api_key": "wrong"},
        {"password": KEY},
        {"password": "x" * 1024},
    ]
    replies = [await locked.call("POST", "/api/auth/login", json=body) for body in bodies]
    assert {(reply.status, reply.json["code"], reply.json["detail"]) for reply in replies} == {
        (401, "bad_credentials", "wrong password or key")
    }


async def test_passwords_are_taken_whole(house: House) -> None:
    await with_password(house, "é" + "x" * 100)
    assert (await sign_in(house, "é" + "x" * 72)).status == 401
    assert (await sign_in(house, "e\u0301" + "x" * 100)).status == 200


async def test_an_overlong_password_is_refused_before_it_is_hashed(locked: House) -> None:
    reply = await locked.call("POST", "/api/auth/login", json={"password": "x" * 500_000})
    assert reply.status == 422
    assert "xxx" not in reply.body.decode()


async def test_guessing_is_slowed_down_for_the_guesser_only(house: House) -> None:
    await with_password(house)
    answers = [(await sign_in(house, f"wrong {n}")).status for n in range(FREE_ATTEMPTS + 1)]
    assert answers == [401] * FREE_ATTEMPTS + [429]
    held = await sign_in(house)
    assert (held.status, held.json["code"]) == (429, "too_many_attempts")
    assert int(str(held.header("retry-after"))) >= 1
    assert (await sign_in(house, peer="192.0.2.7")).status == 200


async def test_many_guesses_at_once_are_no_way_around(house: House) -> None:
    await with_password(house)
    answers: list[int] = []

    async def guess(number: int) -> None:
        answers.append((await sign_in(house, f"wrong {number}")).status)

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(guess, number)
    assert answers.count(401) == FREE_ATTEMPTS
    assert answers.count(429) == 30 - FREE_ATTEMPTS


def test_waiting_grows_and_is_bounded() -> None:
    brake, now, waits = LoginBrake(), 0.0, []
    for _ in range(FREE_ATTEMPTS + 12):
        try:
            brake.begin("a", now)
        except ProblemError as error:
            waits.append(int(error.problem.headers["Retry-After"]))
            now += waits[-1]
            brake.begin("a", now)
    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_refused_attempts_do_not_prolong_the_waiting() -> None:
    brake = LoginBrake()
    for _ in range(FREE_ATTEMPTS):
        brake.begin("a", 0.0)
    for _ in range(50):
        with pytest.raises(ProblemError):
            brake.begin("a", 0.5)
    brake.begin("a", 1.0)


def test_an_ipv6_client_is_its_network_and_success_forgets() -> None:
    brake = LoginBrake()
    for number in range(FREE_ATTEMPTS):
        brake.begin(f"2001:db8::{number}", 0.0)
    with pytest.raises(ProblemError):
        brake.begin("2001:db8::ffff", 0.0)
    brake.begin("2001:db8:1::1", 0.0)
    brake.succeeded("2001:db8::1")
    brake.begin("2001:db8::ffff", 0.0)


def test_the_brake_forgets_the_oldest_clients() -> None:
    brake = LoginBrake()
    for number in range(10_100):
        brake.begin(f"10.0.{number // 256}.{number % 256}", 0.0)
    assert len(brake._records) == 10_000


async def test_at_most_two_hashes_run_at_once() -> None:
    hashing = PasswordHashing()
    stored = await hashing.hash(PASSWORD)
    busiest = 0

    async def verify() -> None:
        nonlocal busiest
        assert await hashing.verify(PASSWORD, stored)

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(verify)
        while hashing._limiter.statistics().tasks_waiting or not busiest:
            busiest = max(busiest, hashing._limiter.borrowed_tokens)
            await trio.lowlevel.checkpoint()
    assert busiest == 2
    assert stored.startswith("$argon2id$")


async def test_a_damaged_hash_lets_nobody_in() -> None:
    assert not await PasswordHashing().verify(PASSWORD, "not a hash")


# --- tokens, tickets, ends ----------------------------------------------------------------------


async def bearer(house: House) -> str:
    reply = await house.call("POST", "/api/auth/token", json={"password": PASSWORD})
    assert reply.json["token_type"] == "bearer"
    assert reply.json["expires_in"] == 3600
    return f"Bearer {reply.json['access_token']}"


async def test_a_token_comes_in_until_its_logout(house: House) -> None:
    await with_password(house)
    token, other = await bearer(house), await bearer(house)
    assert (await me(house, authorization=token)).json == {"user": "owner", "via": "token"}
    left = await house.call("POST", "/api/auth/logout", headers={"authorization": token})
    assert left.status == 204
    assert (await me(house, authorization=token)).status == 401
    assert (await me(house, authorization=other)).status == 200


async def test_sessions_and_tokens_survive_a_restart_and_logouts_too(
    open_house: OpenHouse,
) -> None:
    async with open_house() as house:
        await with_password(house)
        cookie = (await sign_in(house)).cookie
        token, gone = await bearer(house), await bearer(house)
        await house.call("POST", "/api/auth/logout", headers={"authorization": gone})
    async with open_house() as house:
        assert cookie is not None
        assert (await me(house, cookie=cookie)).status == 200
        assert (await me(house, authorization=token)).status == 200
        assert (await me(house, authorization=gone)).status == 401


async def test_logout_forgets_the_cookie(house: House) -> None:
    await with_password(house)
    cookie = (await sign_in(house)).cookie
    assert cookie is not None
    reply = await house.call("POST", "/api/auth/logout", headers={"cookie": cookie})
    assert reply.status == 204
    assert "Max-Age=0" in str(reply.header("set-cookie"))
    assert reply.header("content-type") is None
    assert (await me(house, cookie=cookie)).status == 401


async def test_a_new_password_ends_every_session_and_token(house: House) -> None:
    await with_password(house)
    cookie, token = (await sign_in(house)).cookie, await bearer(house)
    assert cookie is not None
    wrong = await house.call(
        "POST",
        "/api/auth/password",
        json={"old": "wrong", "new": "another horse"},
        headers={"cookie": cookie},
    )
    assert (wrong.status, wrong.json["code"]) == (401, "bad_credentials")
    right = await house.call(
        "POST",
        "/api/auth/password",
        json={"old": PASSWORD, "new": "another horse"},
        headers={"cookie": cookie},
    )
    assert right.status == 204
    assert (await me(house, cookie=cookie)).status == 401
    assert (await me(house, authorization=token)).status == 401
    assert (await sign_in(house)).status == 401
    assert (await sign_in(house, "another horse")).status == 200


async def test_a_short_password_is_refused(house: House) -> None:
    reply = await house.call("POST", "/api/auth/password", json={"old": "", "new": "1234567"})
    assert reply.status == 422
    assert "1234567" not in reply.body.decode()


async def test_a_session_ends_by_itself(open_house: OpenHouse) -> None:
    async with open_house({"security": {"api_key": KEY}}) as house:
        doors = doors_of(house.app)
        assert await doors.visitor_with_session(await doors.begin_session(0.0), "cookie") is None
        assert await doors.visitor_with_session(await doors.begin_session(60.0), "cookie")


def doors_of(app: QuartTrio) -> Doors:
    doors: Doors = app.extensions["stashhog.doors"]
    return doors


async def test_a_ticket_lets_one_socket_in_once(locked: House) -> None:
    reply = await locked.call("POST", "/api/auth/ws-ticket", headers={"x-api-key": KEY})
    assert reply.json["expires_in"] == 30
    path = f"/api/nothing/ws?ticket={reply.json['ticket']}"
    assert (await locked.call("GET", path)).status == 401
    answers = [(await locked.call("GET", path, websocket=True)).status for _ in range(2)]
    assert answers == [404, 401]


async def test_a_key_or_token_in_an_address_is_no_credential(locked: House) -> None:
    token = (await locked.call("POST", "/api/auth/token", json={"api_key": KEY})).json
    for secret in (KEY, token["access_token"]):
        for name in ("ticket", "token", "api_key", "apikey", "access_token"):
            reply = await locked.call("GET", f"/api/x/ws?{name}={secret}", websocket=True)
            assert reply.status == 401


async def test_a_ticket_grows_old(locked: House) -> None:
    doors = doors_of(locked.app)
    assert doors.take_ticket(doors.issue_ticket(Visitor("owner", "key"), 30.0)) is not None
    assert doors.take_ticket(doors.issue_ticket(Visitor("owner", "key"), -1.0)) is None


async def test_unused_tickets_are_bounded_and_old_ones_make_room(locked: House) -> None:
    doors = doors_of(locked.app)
    for _ in range(1000):
        doors.issue_ticket(Visitor("owner", "key"), 30.0)
    reply = await locked.call("POST", "/api/auth/ws-ticket", headers={"x-api-key": KEY})
    assert (reply.status, reply.json["code"]) == (429, "too_many_tickets")
    for ticket in doors._tickets.values():
        ticket.until = 0.0
    reply = await locked.call("POST", "/api/auth/ws-ticket", headers={"x-api-key": KEY})
    assert reply.status == 200
