"""Names that are not ours, pages that are not ours, and clients that are not who they say."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from stashhog.api.security.origins import (
    is_allowed,
    is_loopback,
    is_own_origin,
    machine_names,
    read_authority,
)
from stashhog.api.security.peers import read_peer
from tests.api.conftest import KEY, House, OpenHouse

FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:9998",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example.",
    "127.0.0.1@evil.example",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1:99999999",
    "127.0.0.1:x",
    "[::1",
    "[::1]x",
    "[127.0.0.1]evil",
    "[evil]",
    "",
    " ",
    "a b",
    "localhost/evil",
    "localhost#",
    "-",
]


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_foreign_host_is_refused_before_anything_else(
    locked: House, websocket: bool
) -> None:
    for host in FOREIGN_HOSTS:
        for path in ("/api/health", "/api/settings", "/", "/nothing"):
            reply = await locked.call("GET", path, host=host, websocket=websocket)
            assert (reply.status, reply.json["code"]) == (421, "host_not_allowed"), (host, path)
            assert host.strip() not in reply.body.decode() or len(host) < 4, host


async def test_our_own_names_are_answered_to(open_house: OpenHouse) -> None:
    short = socket.gethostname().partition(".")[0]
    async with open_house({"security": {"allowed_hosts": "stash.home,Only.Port:81"}}) as house:
        allowed = [
            "127.0.0.1",
            "[::1]:1",
            "192.168.4.4:80",
            f"{short}.local",
            "STASH.home:5",
            "only.port:81",
        ]
        for host in allowed:
            assert (await house.call("GET", "/health", host=host)).status == 200, host
        assert (await house.call("GET", "/health", host="only.port:82")).status == 421


async def test_a_request_without_host_is_not_local(house: House) -> None:
    reply = await house.call("GET", "/api/auth/me", host=None)
    assert reply.status == 421


EVIL_ORIGINS = [
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1:9999",
    "https://127.0.0.1:9998",
    "http://127.0.0.1",
    "http://127.0.0.1.evil.example:9998",
    "http://127.0.0.1:9998.evil.example",
    "http://evil.example#127.0.0.1:9998",
    "http://user@127.0.0.1:9998",
    "file://",
    "",
    "127.0.0.1:9998",
    "chrome-extension://127.0.0.1:9998",
]


async def test_pages_of_other_sites_change_nothing(house: House) -> None:
    for origin in EVIL_ORIGINS:
        headers = {"origin": origin}
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            reply = await house.call(method, "/api/settings", json={}, headers=headers)
            assert (reply.status, reply.json["code"]) == (403, "cross_site"), (origin, method)
        reply = await house.call("GET", "/api/events", websocket=True, headers=headers)
        assert (reply.status, reply.json["code"]) == (403, "cross_site"), origin
        assert (await house.call("GET", "/api/settings", headers=headers)).status == 200, origin


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_browser_that_names_no_origin_tells_it_by_fetch_metadata(
    house: House, site: str
) -> None:
    reply = await house.call(
        "PUT", "/api/settings", json={"values": {}}, headers={"sec-fetch-site": site}
    )
    assert reply.status == 403


async def test_our_own_page_and_programs_may_write(house: House) -> None:
    for headers in (
        {"origin": "http://127.0.0.1:9998"},
        {"origin": "HTTP://127.0.0.1:9998", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {},
    ):
        reply = await house.call("PUT", "/api/settings", json={"values": {}}, headers=headers)
        assert reply.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        None,
        "application/json-patch+json",
        "application/json; charset=utf-16",
        "text/plain; application/json",
    ],
)
async def test_what_a_form_can_send_is_no_body(house: House, content_type: str | None) -> None:
    reply = await house.call(
        "PUT", "/api/settings", body=b'{"values":{}}', headers={"content-type": content_type}
    )
    assert (reply.status, reply.json["code"]) == (415, "unsupported_media_type")


async def test_behind_a_tls_proxy_the_page_is_our_own(locked: House) -> None:
    headers = {"x-api-key": KEY, "origin": "https://127.0.0.1:9998", "x-forwarded-proto": "https"}
    reply = await locked.call("PUT", "/api/settings", json={"values": {}}, headers=headers)
    assert reply.status == 200


async def test_cors_answers_listed_pages_only(open_house: OpenHouse) -> None:
    cors = {"origins": "https://ui.example", "credentials": True}
    async with open_house({"cors": cors, "security": {"api_key": KEY}}) as house:
        good = await house.call("GET", "/api/nothing", headers={"origin": "https://ui.example"})
        evil = [
            await house.call("GET", "/api/health", headers={"origin": origin})
            for origin in (
                "https://evil.example",
                "null",
                "https://ui.example.evil.example",
                "https://xui.example",
                "https://ui.example:444",
                "http://ui.example",
            )
        ]
        preflight = {
            "origin": "https://ui.example",
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type",
        }
        asked = await house.call("OPTIONS", "/api/settings", headers=preflight)
        refused = await house.call(
            "OPTIONS", "/api/settings", headers=preflight | {"origin": "https://evil.example"}
        )
        written = await house.call(
            "PUT",
            "/api/settings",
            json={"values": {}},
            headers={"origin": "https://ui.example", "x-api-key": KEY},
        )
    assert good.header("access-control-allow-origin") == "https://ui.example"
    assert good.header("access-control-allow-credentials") == "true"
    assert all(reply.header("access-control-allow-origin") is None for reply in evil)
    assert all(reply.header("vary") == "Origin" for reply in [good, *evil])
    assert asked.status == 204
    assert "PUT" in str(asked.header("access-control-allow-methods"))
    assert refused.status == 401
    assert refused.header("access-control-allow-methods") is None
    assert written.status == 200


async def test_everybody_never_comes_with_credentials(open_house: OpenHouse) -> None:
    async with open_house({"cors": {"origins": "*"}}) as house:
        reply = await house.call("GET", "/api/health", headers={"origin": "https://any.example"})
    assert reply.header("access-control-allow-origin") == "*"
    assert reply.header("access-control-allow-credentials") is None


# --- the pure parts -----------------------------------------------------------------------------


def scope(peer: str, *headers: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.1"),
        ("192.0.2.1", ["127.0.0.1"], "192.0.2.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_the_client_is_the_rightmost_untrusted_address(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = [("x-forwarded-for", value) for value in forwarded]
    assert read_peer(scope(peer, *headers), ["10.0.0.0/8"]).client == client


def test_only_a_trusted_proxy_names_host_and_scheme() -> None:
    headers = (("host", "a"), ("x-forwarded-host", "b"), ("x-forwarded-proto", "https"))
    trusted = read_peer(scope("10.0.0.1", *headers), ["10.0.0.0/8"])
    stranger = read_peer(scope("192.0.2.1", *headers), ["10.0.0.0/8"])
    assert (trusted.authority, trusted.scheme) == (("b", None), "https")
    assert (stranger.authority, stranger.scheme) == (("a", None), "http")
    assert not trusted.local


def test_a_connection_without_an_address_is_nobody_special() -> None:
    peer = read_peer({**scope("x"), "client": None}, [])
    assert (peer.client, peer.local) == ("unknown", False)


def test_default_ports_are_the_same_as_none() -> None:
    named = read_authority("stash.home")
    assert named is not None
    assert is_own_origin("https://stash.home:443", "https", named)
    assert not is_own_origin("https://stash.home:80", "https", named)


def test_the_machines_name_is_ours_and_loopback_is_not_everything() -> None:
    assert all(is_allowed(read_authority(name), ()) for name in machine_names())  # type: ignore[arg-type]  # they are names
    assert not is_loopback("0.0.0.0")  # noqa: S104 - the case at hand
    assert not is_loopback("128.0.0.1")
    assert is_loopback("::ffff:127.0.0.1")
