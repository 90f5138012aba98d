"""A whole app over a real database in a temporary folder; only the actors are stand-ins."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import orjson
import pytest
import structlog
import trio
from quart_trio import QuartTrio

from actors.live import LiveState
from actors.news import NewsCounts
from stashhog.api import create_app
from stashhog.api.contract import HOLD_TO_CONTRACT
from stashhog.api.dependencies import Services
from stashhog.api.settings_holder import SettingsHolder
from stashhog.core.config import SettingsLayers, resolve
from stashhog.core.config.layers import Source
from stashhog.db import open_database
from stashhog.db.settings import load_settings
from stashhog.domain.events import Hook
from stashhog.llm import ModelSwitch
from stashhog.stash import StashSwitch
from tests.rig.fresh import fresh_data


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Errors in one line each: with the frames' variables, hundreds of them take seconds."""
    usual = structlog.get_config()["processors"][:-1]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=_briefly)
    structlog.configure(processors=[*usual, renderer])


def _briefly(out: TextIO, error: Any) -> None:
    out.write(f" {error[1]!r}\n")


class QuietRegistry:
    boot = "boot"

    def live(self) -> Mapping[str, Any]:
        return {}


class QuietSchedules:
    def __init__(self) -> None:
        self.told = 0

    def changed(self) -> None:
        self.told += 1


class QuietSyncManager:
    live = LiveState()
    connections = 0
    news = NewsCounts()

    def __init__(self) -> None:
        self.hooks: list[Hook] = []

    def hook(self, hook: Hook) -> None:
        self.hooks.append(hook)


class QuietCalls:
    counts: Mapping[str, int] = {}
    used: Mapping[str, float] = {"input_tokens": 0.0, "output_tokens": 0.0, "usd": 0.0}


class QuietPlanner:
    model_calls = QuietCalls()


class QuietActors:
    def __init__(self) -> None:
        self.failed = trio.Event()
        self.registry = QuietRegistry()
        self.schedules = QuietSchedules()
        self.sync_manager = QuietSyncManager()
        self.planner = QuietPlanner()

    def mailboxes(self) -> dict[str, Any]:
        return {}

    def status(self) -> dict[str, Any]:
        return {}


OUR_NAME = "the house's own name"


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k == name.lower()), None)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def cookie(self) -> str | None:
        text = self.header("set-cookie")
        return None if text is None else text.split(";")[0]


@dataclass
class House:
    """An app and a way to call it as any client, from any address, by any name."""

    app: QuartTrio
    services: Services
    peer: str = "127.0.0.1"
    host: str | None = "127.0.0.1:9998"
    headers: dict[str, str] = field(default_factory=dict)

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        peer: str | None = None,
        host: str | None = OUR_NAME,
        websocket: bool = False,
        chunks: list[bytes] | None = None,
    ) -> Reply:
        sent: dict[str, str | None] = {
            "host": self.host if host is OUR_NAME else host,
            **self.headers,
        }
        if json is not None:
            body = orjson.dumps(json)
            sent["content-type"] = "application/json"
        if body:
            sent["content-length"] = str(len(body))
        for name, value in (headers or {}).items():
            sent[name.lower()] = value
        path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "websocket" if websocket else "http",
            "http_version": "1.1",
            "asgi": {"spec_version": "2.3", "version": "3.0"},
            "method": method,
            "scheme": "ws" if websocket else "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (k.encode("latin-1"), v.encode("latin-1")) for k, v in sent.items() if v is not None
            ],
            "client": (peer or self.peer, 50000),
            "server": ("127.0.0.1", 9998),
            "extensions": {"websocket.http.response": {}} if websocket else {},
            "subprotocols": [],
        }
        return await _run(self.app, scope, body or b"", chunks)


async def _run(
    app: QuartTrio, scope: dict[str, Any], body: bytes, chunks: list[bytes] | None
) -> Reply:
    pieces = chunks if chunks is not None else [body]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]
    if scope["type"] == "websocket":
        messages = [{"type": "websocket.connect"}]
        del scope["method"]
    reply = Reply(0, [], b"")
    finished = trio.Event()

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        await finished.wait()
        kind = "http" if scope["type"] == "http" else "websocket"
        return {"type": f"{kind}.disconnect", "code": 1006}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.accept":
            reply.status = 101
            finished.set()
        if message["type"].endswith("response.start"):
            reply.status = message["status"]
            reply.headers = [(k.decode().lower(), v.decode()) for k, v in message["headers"]]
        elif message["type"].endswith("response.body"):
            reply.body += message.get("body", b"")
            if not message.get("more_body", False):
                finished.set()

    with trio.fail_after(20):
        await app(scope, receive, send)  # type: ignore[arg-type]  # plain ASGI
    return reply


OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@asynccontextmanager
async def house_in(
    folder: Path,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    command_token: str = "",
) -> AsyncGenerator[House]:
    """Open a house over a data folder; `settings` count as from the environment."""
    given: dict[str, dict[str, Any]] = {k: dict(v) for k, v in (settings or {}).items()}
    given.setdefault("app", {})["data_dir"] = str(folder)
    layers = SettingsLayers(trees={Source.ENVIRONMENT: given})
    stash, model = StashSwitch(), ModelSwitch()
    async with open_database(fresh_data(folder), resolve(layers).settings.database) as db:
        tree, version = await db.read(load_settings, db.secrets)
        holder = SettingsHolder(
            layers=layers.with_database(tree), version=version, db=db, stash=stash, model=model
        )
        await stash.configure(holder.current.stash)
        await model.configure(holder.current.openai)
        services = Services(
            db=db,
            actors=QuietActors(),  # type: ignore[arg-type]  # as much of them as the shell asks
            stash=stash,
            model=model,
            settings=holder,
            started_at=datetime.now(UTC),
            version="0.0-test",
            command_token=command_token,
        )
        app = create_app(services)
        app.config[HOLD_TO_CONTRACT] = True
        yield House(app, services)
        await stash.aclose()
        await model.aclose()


@pytest.fixture
def open_house(tmp_path: Path) -> OpenHouse:
    """`async with open_house({"security": {…}}) as house`; again over the same folder."""
    return partial(house_in, tmp_path / "data")


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncGenerator[House]:
    """An open house: loopback, no credentials."""
    async with open_house() as opened:
        yield opened


KEY = "CANARY-key-5dd1b0e7c9"


@pytest.fixture
async def locked(open_house: OpenHouse) -> AsyncGenerator[House]:
    """A house with an API key."""
    async with open_house({"security": {"api_key": KEY}}) as opened:
        yield opened
