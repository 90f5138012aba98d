"""GraphQL over WebSocket: subscriptions of the sample Stash, in both sub-protocols.

Rules:
- `graphql-transport-ws` gets no pings from the server, the older `graphql-ws` gets `ka`; of the two
  the older is taken where a client offers both, as a real Stash does.
- Who may come in is decided at the handshake, never by `connection_init`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import trio

from stashhog.demo.backend import Asked, Backend, Reply, encode, invalid_variable
from stashhog.demo.execution import InvalidDocumentError, Operation
from stashhog.demo.inputs import BadVariableError

_MODERN, _LEGACY = "graphql-transport-ws", "graphql-ws"
_KEEP_ALIVE_SECONDS = 10
_PROTOCOL_ERROR = 1002

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Words:
    start: str
    data: str
    stop: str


_VOCABULARY = {
    _MODERN: _Words("subscribe", "next", "complete"),
    _LEGACY: _Words("start", "data", "stop"),
}


class _ClosingError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(slots=True)
class _Socket:
    backend: Backend
    base_url: str
    protocol: str
    receive: Receive
    send: Send
    nursery: trio.Nursery
    running: dict[str, trio.CancelScope] = field(default_factory=dict)

    async def say(self, **message: Any) -> None:
        text = encode(message).decode()
        await self.send({"type": "websocket.send", "text": text})

    async def read(self) -> dict[str, Any] | None:
        """The next message; None after the client went.

        Raises:
            _ClosingError: it is no message.
        """
        event = await self.receive()
        if event["type"] == "websocket.disconnect":
            return None
        try:
            message = json.loads(event.get("text") or "")
        except ValueError:
            raise _ClosingError(_PROTOCOL_ERROR, "decoding error") from None
        if not isinstance(message, dict):
            raise _ClosingError(_PROTOCOL_ERROR, "decoding error")
        return message


async def serve_websocket(
    backend: Backend, scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    """Serve one WebSocket until the client goes."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    await receive()
    query = parse_qs(scope["query_string"].decode("latin-1"))
    key = headers.get("apikey", query.get("apikey", [None])[0])
    backend.asked.append(Asked("WEBSOCKET", scope["path"], headers))
    refused = backend.gate(headers, scope["path"], key)
    fault = backend.faults.choose({"websocket"})
    status = fault.status if fault else None
    if refused is not None or status is not None or scope["path"] != "/graphql":
        await _reject(send, refused or Reply(status or 404))
        return
    if fault is not None and not await backend.pause(fault.wait_seconds):
        return
    offered = scope.get("subprotocols", ())
    chosen = next((each for each in (_LEGACY, _MODERN) if each in offered), None)
    await send({"type": "websocket.accept", "subprotocol": chosen})
    async with trio.open_nursery() as nursery:
        base_url = backend.base_url(headers, scope["scheme"])
        socket = _Socket(backend, base_url, chosen or _LEGACY, receive, send, nursery)
        try:
            await _talk(socket)
        except _ClosingError as closing:
            await send({"type": "websocket.close", "code": closing.code, "reason": str(closing)})
        nursery.cancel_scope.cancel()


async def _reject(send: Send, reply: Reply) -> None:
    headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send(
        {"type": "websocket.http.response.start", "status": reply.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": reply.body, "more_body": False})


async def _talk(socket: _Socket) -> None:
    message = await socket.read()
    if message is None:
        return
    if message.get("type") != "connection_init":
        raise _ClosingError(_PROTOCOL_ERROR, "unexpected message")
    await socket.say(type="connection_ack")
    if socket.protocol == _LEGACY:
        await socket.say(type="ka")
        socket.nursery.start_soon(_keep_alive, socket)
    while True:
        message = await socket.read()
        if message is None or message.get("type") == "connection_terminate":
            return
        await _obey(socket, _VOCABULARY[socket.protocol], message)


async def _obey(socket: _Socket, words: _Words, message: dict[str, Any]) -> None:
    kind, name = message.get("type"), str(message.get("id", ""))
    if kind == words.start:
        await _start(socket, words, name, message.get("payload") or {})
    elif kind == words.stop:
        if name in socket.running:
            socket.running.pop(name).cancel()
    elif kind == "ping" and socket.protocol == _MODERN:
        await socket.say(type="pong")
    elif kind != "pong":
        raise _ClosingError(1000, "terminated")


async def _keep_alive(socket: _Socket) -> None:
    while True:
        await trio.sleep(_KEEP_ALIVE_SECONDS)
        await socket.say(type="ka")


async def _start(socket: _Socket, words: _Words, name: str, payload: dict[str, Any]) -> None:
    try:
        operation = socket.backend.plan(
            str(payload.get("query") or ""), payload.get("operationName")
        )
        variables = operation.read_variables(payload.get("variables") or {})
    except InvalidDocumentError as error:
        await socket.say(payload=list(error.errors), id=name, type="error")
        await socket.say(id=name, type="complete")
    except BadVariableError as error:
        await socket.say(payload=invalid_variable(error)["errors"], id=name, type="error")
        await socket.say(id=name, type="complete")
    else:
        if operation.kind == "subscription":
            await socket.nursery.start(_subscription, socket, words, name, operation, variables)
            return
        answer = operation.run(socket.backend.context(socket.base_url), variables)
        await socket.say(payload=answer, id=name, type=words.data)
        await socket.say(id=name, type="complete")


async def _subscription(
    socket: _Socket,
    words: _Words,
    name: str,
    operation: Operation,
    variables: dict[str, Any],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Pass events on until the client stops it, and say so then."""
    with socket.backend.jobs.watch() as events:
        with trio.CancelScope() as scope:
            socket.running[name] = scope
            task_status.started()
            async for event in events:
                if event.subscription in operation.root_fields:
                    context = socket.backend.context(socket.base_url, event.value)
                    answer = operation.run(context, variables)
                    await socket.say(payload=answer, id=name, type=words.data)
        await socket.say(id=name, type="complete")
