"""The HTTP server: Hypercorn under Trio, with what it gets wrong put right.

Each workaround names its defect; `tests/server` has a test for each that fails when the defect is
back, and one that fails when it is gone upstream, so that the workaround can go too.

- `Edge`: Quart-Trio cancels a request on `http.disconnect`, which Hypercorn queues while it still
  finishes the answer: connections then never close (hypercorn#330), and handlers are cut between
  two writes.
- `_Connection`: h2c is always on (upgrade and prior knowledge), a way past a proxy's checks; a body
  of two lengths is taken; what is no HTTP gets an empty answer without a request id.
- `_Socket`: permessage-deflate is always taken (147 kB a socket, and bombs); pings never miss
  their answers and hold closed connections open.
- Listening sockets: Hypercorn sends under a shield, so that one client that does not read holds up
  a stop for ever; `TCP_USER_TIMEOUT` ends it (Linux).
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import h11
import hypercorn.protocol
import hypercorn.protocol.h11
import orjson
import trio
from hypercorn.config import Config, Sockets
from hypercorn.events import Closed
from hypercorn.protocol.events import Data, Event, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.trio import serve
from hypercorn.typing import Framework, WebsocketAcceptEvent
from wsproto.events import Ping

from stashhog.api.asgi import ASGIApp, Message, Receive, Scope, Send
from stashhog.api.error_handlers import PROBLEM_JSON, ClientGoneError, Problem
from stashhog.api.middleware import SECURITY_HEADERS
from stashhog.core.config import Settings
from stashhog.core.exceptions import SettingsError

KEEP_ALIVE_SECONDS = 5.0
GRACE_SECONDS = 2.5
"""How long running requests may go on after the stop began; the whole stop has eight seconds."""

USER_TIMEOUT_SECONDS = 4.0
WS_MESSAGE_BYTES = 64 * 1024
WS_PING_SECONDS = 20.0
WS_SILENCE_SECONDS = 120.0
QUIET_SECONDS = 10.0

_BOTH_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
_SEND_BUFFER_BYTES = 128 * 1024
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}


class Edge:
    """The outermost ASGI layer: the client's going away ends no handler.

    While the body still comes in, `http.disconnect` is passed on. Afterwards it is kept back, and
    a streamed answer ends at its next piece with `ClientGoneError`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; sockets and lifespans pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body_complete = gone = False

        async def edge_receive() -> Message:
            nonlocal body_complete, gone
            message = await receive()
            if message["type"] == "http.disconnect":
                gone = True
                if body_complete:
                    await trio.sleep_forever()
            elif not message.get("more_body", False):
                body_complete = True
            return message

        async def edge_send(message: Message) -> None:
            if gone:
                raise ClientGoneError
            await send(message)

        await self.app(scope, edge_receive, edge_send)


class _Connection(H11Protocol):
    """HTTP/1.1 and nothing else."""

    async def _check_protocol(self, event: Any) -> None:
        """Never change to HTTP/2: an `Upgrade: h2c` is ignored, as RFC 9110 allows."""

    async def _create_stream(self, request: h11.Request) -> None:
        names = {name for name, _ in request.headers}
        if names >= _BOTH_LENGTHS or not request.http_version.startswith(b"1."):
            await self._send_error_response(HTTPStatus.BAD_REQUEST)
            await self.send(Closed())
            return
        await super()._create_stream(request)

    async def _send_error_response(self, status_code: int) -> None:
        """Say that something is no HTTP in the form of every other error."""
        request_id = secrets.token_hex(16)
        detail = "this is not HTTP/1.1, or its head is too large or ambiguous"
        body = orjson.dumps(Problem(status_code, "bad_request", detail).document(request_id))
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode()),
            (b"x-process-time", b"0"),
            *SECURITY_HEADERS,
            (b"cache-control", b"no-store"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


class _Socket(WSStream):
    """A WebSocket without compression, with pings that expect an answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heard_at = trio.current_time()
        self._over = trio.Event()

    async def handle(self, event: Event) -> None:
        if isinstance(event, Data):
            self._heard_at = trio.current_time()
        elif isinstance(event, StreamClosed):
            self._over.set()
        await super().handle(event)

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        self.handshake.extensions = None
        await super()._accept(message)

    async def _send_pings(self) -> None:
        interval = self.config.websocket_ping_interval or WS_PING_SECONDS
        while not self.closed and self.state is ASGIWebsocketState.CONNECTED:
            if trio.current_time() - self._heard_at > WS_SILENCE_SECONDS:
                await self.send(StreamClosed(stream_id=self.stream_id))
                return
            await self._send_wsproto_event(Ping())
            with trio.move_on_after(interval):
                await self._over.wait()
                return


def harden() -> None:
    """Put our connection and socket in Hypercorn's place, which has no setting for them."""
    hypercorn.protocol.H11Protocol = _Connection  # type: ignore[attr-defined]  # not meant to be replaced
    hypercorn.protocol.h11.WSStream = _Socket  # type: ignore[attr-defined]  # not meant to be replaced
    logging.getLogger("trio.serve_listeners").addFilter(_accepting_fails)


class _AcceptingFails(logging.Filter):
    """Trio says ten times a second, with a traceback, that no descriptor is left: say it rarely."""

    def __init__(self) -> None:
        super().__init__()
        self._again = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let one in some seconds through, as one line."""
        if record.created < self._again:
            return False
        self._again = record.created + QUIET_SECONDS
        record.exc_info = None
        return True


_accepting_fails = _AcceptingFails()


class ServerConfig(Config):
    """Hypercorn's settings, with the listening sockets that were bound beforehand."""

    sockets: Sockets

    def create_sockets(self) -> Sockets:
        """Hand out the sockets that are bound already."""
        return self.sockets


def guard_connections(listener: socket.socket) -> None:
    """End connections whose client does not take what is sent, or is not there any more.

    The small send buffer makes a slow reader felt early, where frames can still be left out.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_USER_TIMEOUT": int(USER_TIMEOUT_SECONDS * 1000), **_KEEPALIVE}
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def server_config(hypercorn_values: Mapping[str, Any]) -> ServerConfig:
    """Build the server's configuration from ours and the options of `hypercorn.toml`."""
    config = ServerConfig()
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    for name, value in hypercorn_values.items():
        setattr(config, name, value)
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.alpn_protocols = ["http/1.1"]
    config.graceful_timeout = GRACE_SECONDS
    config.include_server_header = False
    config.websocket_max_message_size = WS_MESSAGE_BYTES
    config.websocket_ping_interval = WS_PING_SECONDS
    return config


async def serve_http(
    app: ASGIApp,
    settings: Settings,
    hypercorn_values: Mapping[str, Any],
    shutdown: trio.Event,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `shutdown` is set and running requests ended or were given up.

    Reports the bound address (`http://127.0.0.1:9998`) once it listens, also for port 0. Open
    WebSockets are not closed by this: their handlers do that when `Services.closing` is set.

    Args:
        app: The ASGI app, `Edge` and all around it.
        settings: Where to listen.
        hypercorn_values: What `stashhog.core.hypercorn_file` read.
        shutdown: Set to begin the stop.
        task_status: Gets the bound address.

    Raises:
        SettingsError: the address cannot be listened on, or the certificate cannot be read.
    """
    config = server_config(hypercorn_values)
    config.sockets = bind_sockets(config, settings)
    harden()
    await serve(
        cast("Framework", app),
        config,
        shutdown_trigger=shutdown.wait,
        task_status=cast("trio.TaskStatus[list[str]]", _FirstAddress(task_status)),
        mode="asgi",
    )


class _FirstAddress:
    """Tells the first of the addresses that Hypercorn reports."""

    def __init__(self, outer: trio.TaskStatus[str]) -> None:
        self._outer = outer

    def started(self, value: list[str]) -> None:
        """Hypercorn listens."""
        self._outer.started(value[0])


def bind_sockets(config: ServerConfig, settings: Settings) -> Sockets:
    """Bind and listen, so that what is wrong is one line and no group of errors.

    Raises:
        SettingsError: the address cannot be listened on, or the certificate cannot be read.
    """
    where = f"{settings.app.host}:{settings.app.port}"
    try:
        config.create_ssl_context()
    except OSError as error:
        raise SettingsError(f"hypercorn.toml: certificate or key: {error.strerror}") from None
    try:
        listener = _listener(settings.app.host.strip("[]"), settings.app.port, config.backlog)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "another program does; choose another app.port"
        elif error.errno is not None and error.errno < 0:  # of the resolver
            reason = "no machine has that name"
        else:
            reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"cannot listen on {where}: {reason}") from None
    guard_connections(listener)
    return Sockets([listener], [], []) if config.ssl_enabled else Sockets([], [listener], [])


def _listener(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        (host, port), family=family, backlog=backlog, dualstack_ipv6=both
    )
    listener.setblocking(False)
    return listener
