"""Settings over HTTP: shown without secrets, changed whole or not at all, in force at once."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
import trio
from structlog.testing import capture_logs

from stashhog.core.exceptions import DiskFullError
from tests.api.conftest import House, OpenHouse, Reply

STASH_KEY = "CANARY-stash-3c9f8a7b61"
MODEL_KEY = "CANARY-model-77d0c2e415"
MASK = "********"


async def put(house: House, values: dict[str, Any], **more: Any) -> Reply:
    return await house.call("PUT", "/api/settings", json={"values": values, **more})


async def shown(house: House) -> dict[str, Any]:
    reply = await house.call("GET", "/api/settings")
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


async def test_all_groups_are_shown_with_sources(house: House) -> None:
    settings = await shown(house)
    assert set(settings) == {"values", "sources", "read_only", "version", "model_notice"}
    assert set(settings["values"]) == {
        "app", "database", "stash", "openai", "analysis", "jobs", "security", "cors", "logging"
    }  # fmt: skip
    assert settings["sources"]["stash.url"] == "default"
    assert settings["sources"]["app.data_dir"] == "env"
    assert {"database.url", "app.port", "app.host", "app.root_path"} <= set(settings["read_only"])


async def test_a_change_holds_at_once_and_over_a_restart(open_house: OpenHouse) -> None:
    async with open_house() as house:
        stash = {"url": "http://stash.home:9999/", "api_key": STASH_KEY}
        reply = await put(house, {"stash": stash, "app": {"name": "Hog"}})
        assert reply.status == 200
        assert reply.json == await shown(house)
        current = house.services.settings.current
        assert current.stash.url == "http://stash.home:9999"
        assert current.app.name == "Hog"
    async with open_house() as house:
        settings = await shown(house)
        assert settings["values"]["stash"]["api_key"] == MASK
        assert settings["sources"]["stash.api_key"] == "database"
        key = house.services.settings.current.stash.api_key
        assert key is not None
        assert key.get_secret_value() == STASH_KEY


async def test_the_mask_leaves_a_secret_as_it_is_and_null_takes_it_away(house: House) -> None:
    await put(house, {"stash": {"url": "http://stash.home", "api_key": STASH_KEY}})
    settings = await shown(house)
    assert (await put(house, {"stash": settings["values"]["stash"]})).status == 200
    key = house.services.settings.current.stash.api_key
    assert key is not None
    assert key.get_secret_value() == STASH_KEY
    reply = await put(house, {"stash": {"api_key": None, "url": None}})
    assert reply.json["values"]["stash"]["api_key"] is None
    assert reply.json["values"]["stash"]["url"] is None


async def test_everything_that_is_shown_can_be_sent_back(house: House) -> None:
    settings = await shown(house)
    reply = await put(house, settings["values"], version=settings["version"])
    assert reply.status == 200
    assert reply.json["values"] == settings["values"]


async def test_a_bad_value_keeps_the_good_ones_out_too(house: House) -> None:
    before = await shown(house)
    reply = await put(house, {"app": {"name": "New"}, "stash": {"timeout": -1}})
    assert (reply.status, reply.json["code"]) == (422, "bad_value")
    assert reply.json["errors"][0]["loc"] == ["stash", "timeout"]
    assert await shown(house) == before


@pytest.mark.parametrize(
    ("values", "more", "status", "code"),
    [
        # Each request has its own fault and all those that are judged later.
        ({"stash": {"timeout": -1}, "app": {"port": 1}}, {"version": 99}, 422, "bad_value"),
        (
            {"app": {"port": 1}, "stash": {"url": "http://b"}},
            {"version": 99},
            409,
            "setting_read_only",
        ),
        ({"stash": {"url": "http://b"}}, {"version": 99}, 409, "settings_changed"),
        ({"stash": {"url": "http://b"}}, {}, 422, "secret_required"),
    ],
)
async def test_a_change_is_judged_in_the_contracts_order(
    house: House, values: dict[str, Any], more: dict[str, Any], status: int, code: str
) -> None:
    await put(house, {"stash": {"url": "http://a", "api_key": STASH_KEY}})
    before = await shown(house)
    reply = await put(house, values, **more)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert await shown(house) == before


async def test_of_two_changes_on_one_version_the_second_is_told(house: House) -> None:
    version = (await shown(house))["version"]
    first = await put(house, {"app": {"name": "One"}}, version=version)
    second = await put(house, {"app": {"name": "Two"}}, version=version)
    assert (first.status, second.status) == (200, 409)
    assert second.json["version"] == first.json["version"]


async def test_changes_at_once_are_both_kept(house: House) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(put, house, {"app": {"name": "One"}})
        nursery.start_soon(put, house, {"stash": {"timeout": 7}})
    values = (await shown(house))["values"]
    assert (values["app"]["name"], values["stash"]["timeout"]) == ("One", 7)


async def test_what_the_environment_fixes_cannot_be_changed(open_house: OpenHouse) -> None:
    async with open_house({"stash": {"url": "http://a", "api_key": STASH_KEY}}) as house:
        for section in ({"url": "http://b"}, {"api_key": "other-key"}, {"url": None}):
            reply = await put(house, {"stash": section})
            assert (reply.status, reply.json["code"]) == (409, "setting_read_only")
        reply = await put(house, {"stash": {"url": "http://a", "api_key": MASK, "timeout": 9}})
        assert reply.status == 200


async def test_what_cannot_be_stored_is_not_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await shown(house)

    async def full(*_: object) -> None:
        raise DiskFullError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(type(house.services.db), "write", full)
        reply = await put(house, {"app": {"name": "New"}, "logging": {"level": "debug"}})
    assert (reply.status, reply.json["code"]) == (507, "disk_full")
    assert await shown(house) == before


@pytest.fixture
def root_logger_kept() -> Any:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(capture=False)


async def test_logging_follows_at_once(house: House, root_logger_kept: None) -> None:
    assert (await put(house, {"logging": {"level": "error", "file": "hog.log"}})).status == 200
    assert logging.getLogger().level == logging.ERROR
    assert (house.services.settings.current.app.data_dir / "hog.log").exists()
    assert (await put(house, {"logging": {"level": None, "file": None}})).status == 200


async def test_a_log_file_that_cannot_be_written_is_refused(
    house: House, root_logger_kept: None
) -> None:
    folder = house.services.settings.current.app.data_dir / "taken.log"
    folder.mkdir()
    reply = await put(house, {"logging": {"file": "taken.log"}})
    assert (reply.status, reply.json["code"]) == (422, "bad_value")
    assert house.services.settings.current.logging.file is None


async def test_a_new_api_key_ends_the_others_sessions(house: House) -> None:
    await put(house, {"security": {"api_key": "first-api-key"}})
    login = {"json": {"api_key": "first-api-key"}}
    mine = (await house.call("POST", "/api/auth/login", **login)).cookie
    other = (await house.call("POST", "/api/auth/login", **login)).cookie
    reply = await house.call(
        "PUT",
        "/api/settings",
        json={"values": {"security": {"api_key": "second-api-key"}}},
        headers={"cookie": mine},
    )
    assert reply.status == 200
    assert (await house.call("GET", "/api/auth/me", headers={"cookie": mine})).status == 200
    assert (await house.call("GET", "/api/auth/me", headers={"cookie": other})).status == 401


# --- a stored key stays at home -----------------------------------------------------------------


@asynccontextmanager
async def stranger() -> AsyncGenerator[tuple[int, bytearray]]:
    """A server of somebody else that keeps what it is sent."""
    heard = bytearray()

    async def listen(stream: trio.SocketStream) -> None:
        async with stream:
            heard.extend(await stream.receive_some())

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, listen, 0)
        yield listeners[0].socket.getsockname()[1], heard
        nursery.cancel_scope.cancel()


def spellings(port: int) -> list[str]:
    host = f"127.0.0.1:{port}"
    return [
        f"http://{host}", f"http://{host}/", f"http://{host}/graphql", f"HTTP://{host}",
        f"http://localhost:{port}", f"http://LOCALHOST:{port}", f"http://localhost.:{port}",
        f"http://[::1]:{port}", f"http://[::ffff:127.0.0.1]:{port}", f"https://{host}",
        f"http://saved.home@{host}", f"http://saved.home:1234@{host}", f"http://:@{host}",
        f"http://{host}#@saved.home:1234", f"http://{host}?@saved.home:1234",
        f"http://{host}\\@saved.home:1234", f"http://{host};@saved.home:1234",
        f" http://{host}", f"http://{host}\t", f"http:\n//{host}", f"//{host}", host,
        f"http:/{host}", f"http:{host}", f"http://127.1:{port}", f"http://2130706433:{port}",
        f"http://0x7f.0.0.1:{port}", f"http://0177.0.0.1:{port}", f"http://0.0.0.0:{port}",
        f"file://{host}", f"gopher://{host}", f"http://１２７.0.0.1:{port}",
        "http://169.254.169.254", "http://[::ffff:169.254.169.254]", "http://metadata.google.internal",
        "http://saved.home:1235", "https://saved.home:1234", "http://xsaved.home:1234",
    ]  # fmt: skip


SECTIONS = [("stash", "url", "test-stash"), ("openai", "base_url", "test-openai")]


@pytest.mark.parametrize(("group", "field", "test"), SECTIONS)
async def test_a_stored_key_goes_to_no_other_host(
    house: House, group: str, field: str, test: str
) -> None:
    saved = {field: "http://saved.home:1234", "api_key": STASH_KEY}
    assert (await put(house, {group: saved})).status == 200
    async with stranger() as (port, heard):
        for url in spellings(port):
            tried = await house.call("POST", f"/api/settings/{test}", json={field: url})
            assert tried.status == 422, url
            masked = {field: url, "api_key": MASK}
            assert (await house.call("POST", f"/api/settings/{test}", json=masked)).status == 422
            changed = await put(house, {group: {field: url}})
            assert changed.status == 422, url
            assert changed.json["code"] in ("secret_required", "bad_value")
        assert not heard
    assert getattr(getattr(house.services.settings.current, group), field) == saved[field]


@pytest.mark.parametrize(("group", "field", "test"), SECTIONS)
async def test_a_key_of_the_environment_goes_to_no_other_host(
    open_house: OpenHouse, group: str, field: str, test: str
) -> None:
    given = {group: {field: "http://saved.home:1234", "api_key": STASH_KEY}}
    async with open_house(given) as house, stranger() as (port, heard):
        reply = await house.call(
            "POST", f"/api/settings/{test}", json={field: f"http://127.0.0.1:{port}"}
        )
        assert not heard
    assert (reply.status, reply.json["code"]) == (422, "secret_required")


async def test_a_try_with_a_key_of_its_own_tells_a_category_only(house: House) -> None:
    async with stranger() as (port, heard):
        body = {"url": f"http://127.0.0.1:{port}", "api_key": "typed-in-just-now", "timeout": 5}
        reply = await house.call("POST", "/api/settings/test-stash", json=body)
        assert heard
    assert reply.status == 200
    assert set(reply.json) == {"ok", "latency_ms", "version", "model", "error"}
    assert reply.json["ok"] is False
    assert reply.json["error"]["code"] in ("stash_unavailable", "not_stash", "stash_error")
    assert "typed-in" not in reply.body.decode()
    assert str(port) not in reply.body.decode()


async def test_a_try_of_nothing_says_so(house: House) -> None:
    reply = await house.call("POST", "/api/settings/test-stash", json={})
    assert (reply.status, reply.json["error"]["code"]) == (200, "stash_not_configured")


async def test_a_try_ends_within_the_sections_timeout(house: House) -> None:
    async def silent(stream: trio.SocketStream) -> None:
        async with stream:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, silent, 0)
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        for test, field in (("test-stash", "url"), ("test-openai", "base_url")):
            body = {field: url, "api_key": None, "timeout": 0.5}
            reply = await house.call("POST", f"/api/settings/{test}", json=body)
            assert reply.json["ok"] is False
            assert reply.json["error"]["code"] in (
                "timeout",
                "stash_unavailable",
                "model_unavailable",
            )
            assert reply.json["latency_ms"] < 10_000  # the usual limit is more
        nursery.cancel_scope.cancel()


# --- canaries -----------------------------------------------------------------------------------


def spelled(secret: str) -> list[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return [secret, quote(secret, safe=""), encoded, repr(secret)[1:-1]]


async def test_planted_secrets_come_out_nowhere(open_house: OpenHouse) -> None:
    planted = {
        "stash": {"url": "http://stash.home", "api_key": STASH_KEY},
        "openai": {"api_key": MODEL_KEY},
        "security": {"api_key": "CANARY-api-c0ffee0001", "hook_secret": "CANARY-hook-c0ffee02"},
    }
    secrets = [STASH_KEY, MODEL_KEY, "CANARY-api-c0ffee0001", "CANARY-hook-c0ffee02"]
    password = "CANARY password 1"
    corpus: list[str] = []
    with capture_logs() as lines:
        async with open_house() as house:
            corpus.append((await put(house, planted)).body.decode())
            house.headers["x-api-key"] = "CANARY-api-c0ffee0001"
            await house.call("POST", "/api/auth/password", json={"old": "", "new": password})
            cookie = (
                await house.call("POST", "/api/auth/login", json={"password": password})
            ).cookie
            token = await house.call("POST", "/api/auth/token", json={"password": password})
            assert cookie is not None
            secrets += [password, cookie.partition("=")[2], token.json["access_token"]]
            for method in ("GET", "POST", "PUT", "DELETE"):
                for rule in house.app.url_map.iter_rules():
                    path = rule.rule.replace("<path:name>", "x")
                    if "<" not in path and not rule.websocket and "auth" not in path:
                        reply = await house.call(
                            method, path, json=planted, headers={"cookie": cookie}
                        )
                        corpus.append(f"{reply.headers} {reply.body.decode(errors='replace')}")
            holder = house.services.settings
            corpus += [
                repr(holder.current),
                str(holder.current),
                repr(holder),
                repr(holder.resolved),
            ]
            corpus += [repr(house.services), repr(house.app.extensions)]
    corpus += [str(line) for line in lines]
    assert len(corpus) > 50
    everything = "\n".join(corpus)
    for secret in secrets:
        for spelling in spelled(secret):
            assert spelling not in everything, spelling
