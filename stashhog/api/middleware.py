"""The layers around the app that every answer passes: errors, 404s and WebSocket handshakes too.

From the outside in: `RequestIDMiddleware`, `LoggingMiddleware`, `TimingMiddleware`,
`SecurityHeadersMiddleware`, `CORSMiddleware`, and (inside the error boundary) `TargetMiddleware`.
Each adds one thing and knows only ASGI, the `Exchange` and the settings.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable

import structlog
import trio

from stashhog.api.asgi import (
    STARTS,
    ASGIApp,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    adding_headers,
    exchange_of,
    header,
    is_web,
)
from stashhog.api.error_handlers import ProblemError
from stashhog.api.security.gate import CurrentSettings, is_preflight
from stashhog.api.security.origins import is_listed_origin

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_CONTENT_SECURITY_POLICY = (
    b"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
SECURITY_HEADERS: Headers = [
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class RequestIDMiddleware:
    """Gives each request an id: the client's own where it is harmless, else a new one.

    The id is bound to every log line of the request and sent back as `X-Request-ID`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request, then answer it."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        given = header(scope, b"x-request-id") or ""
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        exchange_of(scope).request_id = request_id
        named = adding_headers(send, lambda _: [(b"x-request-id", request_id.encode())])
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, named)


class LoggingMiddleware:
    """Writes one line for each request: method, path (never the query), status, time, client."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and write down what was answered."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        exchange = exchange_of(scope)

        async def noting(message: Message) -> None:
            if message["type"] in STARTS:
                exchange.status = message.get("status", 101)
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, noting)
        finally:
            status = exchange.status
            facts = {
                "method": scope.get("method", "WS"),
                "path": scope["path"],
                "status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                "client": exchange.client or (scope.get("client") or ("unknown",))[0],
            }
            if exchange.code is not None:
                facts["code"] = exchange.code
            level = "warning" if status is not None and status >= 500 else "info"  # noqa: PLR2004 - the server's own errors
            log.log(_LEVELS[level], "request", **facts)


_LEVELS = {"info": 20, "warning": 30}


class TimingMiddleware:
    """Says in `X-Process-Time` how many seconds passed until the answer began."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the time that took."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        def elapsed(_: Message) -> Headers:
            return [(b"x-process-time", f"{time.perf_counter() - started:.6f}".encode())]

        await self.app(scope, receive, adding_headers(send, elapsed))


class SecurityHeadersMiddleware:
    """Sends the browser's rules with every answer, and `no-store` with all that is no static file.

    A static file says by its own `Cache-Control` how long it keeps.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, adding_headers(send, _security_headers))


def _security_headers(message: Message) -> Iterable[tuple[bytes, bytes]]:
    yield from SECURITY_HEADERS
    if not any(name.lower() == b"cache-control" for name, _ in message.get("headers", ())):
        yield b"cache-control", b"no-store"


class CORSMiddleware:
    """Tells pages of the origins in the settings that they may read the answer."""

    def __init__(self, app: ASGIApp, settings: CurrentSettings) -> None:
        self.app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers for a listed page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = self._headers(scope)
        await self.app(scope, receive, adding_headers(send, lambda _: headers))

    def _headers(self, scope: Scope) -> Headers:
        settings = self._settings.current
        cors = settings.cors
        if not cors.origins:
            return []
        headers: Headers = [(b"vary", b"Origin")]
        origin = header(scope, b"origin")
        if origin is None or not is_listed_origin(origin, cors.origins):
            return headers
        everyone = "*" in cors.origins
        allowed = b"*" if everyone else origin.encode("latin-1")
        headers.append((b"access-control-allow-origin", allowed))
        if cors.credentials and not everyone:
            headers.append((b"access-control-allow-credentials", b"true"))
        headers.append((b"access-control-expose-headers", b"X-Request-ID, X-Process-Time, ETag"))
        if is_preflight(scope, settings):
            headers += [
                (b"access-control-allow-methods", ", ".join(cors.methods).encode()),
                (b"access-control-allow-headers", b"Authorization, Content-Type, X-Api-Key"),
                (b"access-control-max-age", str(cors.max_age_seconds).encode()),
            ]
        return headers


class TargetMiddleware:
    """Brings the request's target into one form: a path without the sub-path of a proxy.

    The sub-path is taken off where it is there: some proxies strip it, some do not. Targets that
    are no path (`http://…`, `*`, `host:port`) are refused, so nothing below has to know them.
    """

    def __init__(self, app: ASGIApp, settings: CurrentSettings) -> None:
        self.app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the path below the sub-path."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        path, root = scope["path"], self._settings.current.app.root_path
        if not path.startswith("/"):
            raise ProblemError(400, "bad_target", "the request's target is not a path")
        exchange_of(scope).root_path = root
        if root and (path == root or path.startswith(root + "/")):
            path = path[len(root) :] or "/"
        await self.app({**scope, "path": path, "root_path": ""}, receive, send)


class LifespanMiddleware:
    """Answers the server's start and stop by itself.

    Nothing of ours lives in the framework: the actors' nursery is around the server. Quart-Trio's
    own lifespan would put a deadline on what runs after serving (defect: its shutdown cancels or
    bounds the nursery that the shutdown itself runs in).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a lifespan; hand everything else on."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        while True:
            message = await receive()
            await trio.lowlevel.checkpoint()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
