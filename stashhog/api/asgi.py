"""The few words of ASGI that the layers around Quart share.

Rules:
- A layer is a callable that takes the next app; it works for HTTP requests, WebSocket handshakes
  and whatever else comes (the lifespan is answered by the outermost one).
- What the layers know about one request is its `Exchange`, and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from werkzeug.routing import Rule

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

STARTS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})
"""The messages that carry the headers of an answer."""

_EXCHANGE = "stashhog.exchange"


class ASGIApp(Protocol):
    """Anything that answers a scope."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, socket or lifespan."""
        ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking, and by what right: `open`, `cookie`, `token` or `key`.

    `session` names the login behind a cookie or token; a ticket stands for the one who took it.
    """

    user: str
    via: str
    session: str | None = None


@dataclass(slots=True)
class Exchange:
    """What the layers know about one request; each field is set by one layer.

    `client` is the address that counts as the asker's (behind trusted proxies not the peer's).
    `body` is set on routes that stream what they are sent.
    """

    request_id: str = ""
    client: str = ""
    secure: bool = False
    root_path: str = ""
    rule: Rule | None = None
    visitor: Visitor | None = None
    body: AsyncIterator[bytes] | None = None
    status: int | None = None
    code: str | None = None
    extra_headers: Headers = field(default_factory=list)


def exchange_of(scope: Scope) -> Exchange:
    """Return the exchange of a request, making it at first sight."""
    found = scope.get(_EXCHANGE)
    if found is None:
        found = scope[_EXCHANGE] = Exchange()
    return cast("Exchange", found)


def is_web(scope: Scope) -> bool:
    """Whether this is a request or a WebSocket handshake."""
    return scope["type"] in ("http", "websocket")


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that lower-case name, or None."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return cast("bytes", value).decode("latin-1")
    return None


def headers_named(scope: Scope, name: bytes) -> list[str]:
    """All headers of that lower-case name, in order."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def adding_headers(send: Send, make: Callable[[Message], Iterable[tuple[bytes, bytes]]]) -> Send:
    """Wrap `send` so that the start of every answer also carries the headers that `make` makes."""

    async def with_headers(message: Message) -> None:
        if message["type"] in STARTS:
            message = {**message, "headers": [*message.get("headers", ()), *make(message)]}
        await send(message)

    return with_headers


async def answer(
    scope: Scope, send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b""
) -> None:
    """Send a whole plain answer, to a request or in place of a WebSocket handshake."""
    prefix = "http" if scope["type"] == "http" else "websocket.http"
    all_headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": f"{prefix}.response.start", "status": status, "headers": all_headers})
    await send({"type": f"{prefix}.response.body", "body": body, "more_body": False})
