"""Stash's live events: GraphQL subscriptions over a WebSocket, one connection at a time.

Rules:
- `graphql-transport-ws` is asked for alone, because Stash takes the older `graphql-ws` where both
  are offered; the older one is the second try.
- A connection that says nothing for `QUIET_S` is asked (the newer protocol) and given up
  `ANSWER_S` later: neither end of a dead connection is told that it is.
- Everything that comes in is read at once: Stash stalls where a subscriber does not.
- The key goes with the handshake only, over the same checked addresses as every other request.
- Leaving is immediate: the connection is dropped, not closed politely.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

import h11
import httpcore
import orjson
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import ProtocolError

from stashhog.core.config import StashSettings
from stashhog.core.exceptions import (
    StashConnectionError,
    StashError,
    StashNotConfiguredError,
    StashProtocolError,
)
from stashhog.domain.events import ScanCompleted, StashEvent, StashJob
from stashhog.stash.answers import Reply, check_status
from stashhog.stash.documents import SUBSCRIPTIONS
from stashhog.stash.switch import StashSwitch
from stashhog.stash.transport import base_address, checked_addresses, tls_context

QUIET_S = 20.0
ANSWER_S = 10.0
LARGEST_BYTES = 1 << 24
DROP_S = 1.0
NOT_SPOKEN = "what answers there speaks no GraphQL over WebSocket"


_Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]


@dataclass(frozen=True, slots=True)
class _Protocol:
    """A sub-protocol's name and its words."""

    name: str
    start: str
    data: str
    asks: bool


MODERN = _Protocol("graphql-transport-ws", "subscribe", "next", asks=True)
LEGACY = _Protocol("graphql-ws", "start", "data", asks=False)

_BROKEN = (
    ConnectionClosed,
    HandshakeError,
    ProtocolError,
    h11.ProtocolError,
    OSError,
    ValueError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    trio.TooSlowError,
    httpcore.ConnectError,
)
"""All that a connection, and what answers at its other end, is known to end with."""


class StashSubscription:
    """Implements `stashhog.ports.events.StashEvents` for whichever Stash is set now."""

    def __init__(self, switch: StashSwitch) -> None:
        self._switch = switch

    async def changed(self) -> bool:
        """Wait until other settings of Stash hold than now; whether the address is the same."""
        before = self._switch.settings
        await self._switch.changed()
        now = self._switch.settings
        return before is not None and now is not None and before.url == now.url

    async def listen(
        self, tell: Callable[[StashEvent], None], connected: Callable[[], None]
    ) -> NoReturn:
        """Hold one connection, in the newer protocol or else in the older one.

        Raises:
            StashNotConfiguredError: no address is set, or live events are turned off.
            StashError: it could not be made, or it broke.
        """
        settings = self._switch.settings
        if settings is None or settings.url is None or not settings.live:
            raise StashNotConfiguredError("there is no Stash to listen to")
        alive = partial(self._switch.heard, settings)
        failure = await _Listening(settings, MODERN, tell, connected, alive).run()
        if failure is None or isinstance(failure, StashProtocolError):
            failure = await _Listening(settings, LEGACY, tell, connected, alive).run()
        failure = failure or StashProtocolError(NOT_SPOKEN)
        self._switch.lost(settings, failure)
        raise failure


class _Listening:
    """One connection from its first byte to its last."""

    def __init__(
        self,
        settings: StashSettings,
        protocol: _Protocol,
        tell: Callable[[StashEvent], None],
        connected: Callable[[], None],
        alive: Callable[..., None],
    ) -> None:
        self._settings = settings
        self._protocol = protocol
        self._tell = tell
        self._connected = connected
        self._alive = alive

    async def run(self) -> StashError | None:
        """What the connection ended with; None where Stash does not speak this protocol."""
        failure: StashError | None = None
        try:
            await self._connect()
        except* StashError as group:
            failure = _first(group)
        except* _BROKEN as group:
            failure = _as_ours(_first(group))
        return failure

    async def _connect(self) -> None:
        """Returns where Stash does not speak this protocol; all other ends raise."""
        url = urlsplit(base_address(self._settings))
        key = self._settings.api_key
        headers = [(b"User-Agent", b"stashhog")]
        if key is not None:
            headers.append((b"ApiKey", key.get_secret_value().encode()))
        with trio.fail_after(self._settings.connect_timeout):
            stream = await _dial(url, self._settings)
        try:
            async with trio.open_nursery() as nursery:
                with trio.fail_after(self._settings.connect_timeout):
                    socket = await wrap_client_stream(
                        nursery,
                        stream,
                        url.netloc,
                        f"{url.path}/graphql",
                        subprotocols=[self._protocol.name],
                        extra_headers=headers,
                        max_message_size=LARGEST_BYTES,
                    )
                    speaks = socket.subprotocol == self._protocol.name
                    if speaks:
                        await self._greet(socket)
                if speaks:
                    self._alive(anew=True)
                    self._connected()
                    await self._keep_reading(socket)
                nursery.cancel_scope.cancel()
        finally:
            with trio.move_on_after(DROP_S, shield=True):
                await trio.aclose_forcefully(stream)

    async def _greet(self, socket: WebSocketConnection) -> None:
        await _say(socket, type="connection_init", payload={})
        while (message := await _read(socket)).get("type") != "connection_ack":
            if message.get("type") in ("connection_error", "error"):
                raise StashProtocolError("Stash refused to tell its events")
        for operation in SUBSCRIPTIONS:
            payload = {"query": operation.text, "operationName": operation.name}
            await _say(socket, id=operation.root, type=self._protocol.start, payload=payload)

    async def _keep_reading(self, socket: WebSocketConnection) -> NoReturn:
        asked = False
        while True:
            message = None
            with trio.move_on_after(ANSWER_S if asked else QUIET_S):
                message = await _read(socket)
            if message is not None:
                asked = False
                self._alive()
                await self._obey(socket, message)
            elif asked:
                raise StashConnectionError("Stash says nothing any more")
            else:
                asked = True
                if self._protocol.asks:
                    with trio.fail_after(ANSWER_S):
                        await _say(socket, type="ping")

    async def _obey(self, socket: WebSocketConnection, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "ping":
            with trio.fail_after(ANSWER_S):
                await _say(socket, type="pong")
        elif kind == self._protocol.data:
            event = _event(message.get("payload"))
            if event is not None:
                self._tell(event)
        elif kind in ("error", "connection_error"):
            raise StashProtocolError("Stash refused to tell its events")
        elif kind == "complete":
            raise StashConnectionError("Stash ended its events")


async def _dial(url: SplitResult, settings: StashSettings) -> _Stream:
    """Connect to the first checked address that answers, by TLS where the address says so."""
    host = url.hostname or ""
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    failure: Exception = StashConnectionError("no address that may be connected to")
    for address in await checked_addresses(host, port):
        try:
            stream = await trio.open_tcp_stream(address, port)
        except OSError as error:
            failure = error
            continue
        if not secure:
            return stream
        context = await tls_context(settings)
        wrapped = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
        try:
            await wrapped.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return wrapped
    raise failure


async def _say(socket: WebSocketConnection, **message: Any) -> None:
    await socket.send_message(orjson.dumps(message).decode())


async def _read(socket: WebSocketConnection) -> dict[str, Any]:
    """The next message.

    Raises:
        StashProtocolError: it is none.
    """
    message = orjson.loads(await socket.get_message())
    if not isinstance(message, dict):
        raise StashProtocolError("Stash sent what is no message")
    return message


def _event(payload: Any) -> StashEvent | None:
    """What a message tells; None where it tells nothing that is known."""
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, dict):
        return None
    if data.get("scanCompleteSubscribe"):
        return ScanCompleted()
    update = data.get("jobsSubscribe")
    if not isinstance(update, dict):
        return None
    job = update.get("job")
    if not isinstance(job, dict):
        return None
    return StashJob(
        str(update.get("type")), str(job.get("description") or ""), str(job.get("status"))
    )


def _first(group: BaseExceptionGroup[Any]) -> Any:
    """The first error of a group, however deep."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _as_ours(error: Exception) -> StashError:
    if isinstance(error, ConnectionRejected):
        try:
            check_status(Reply(error.status_code, error.body or b""), mutates=False)
        except StashError as told:
            return told
        return StashProtocolError(NOT_SPOKEN)
    if isinstance(error, ssl.SSLCertVerificationError):
        return StashConnectionError("the server's certificate is not trusted")
    if isinstance(error, ValueError | ProtocolError | h11.ProtocolError):
        return StashProtocolError("Stash sent what cannot be read")
    if isinstance(error, trio.TooSlowError):
        return StashConnectionError("Stash did not answer in time")
    return StashConnectionError("the connection to Stash's events broke")
