"""The sample Stash as an ASGI application: GraphQL over HTTP, pictures, health, a login page.

Rules:
- Status codes, content types and envelopes are a real Stash's, quirks included.
- A request runs to its end on the event loop: the state needs no locks, and a page takes
  milliseconds. A big library that is asked for everything at once belongs in its own process.
- Faults come in between: they are asked once a request has a name.
"""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from stashhog.demo.backend import (
    Asked,
    Backend,
    Headers,
    Reply,
    encode,
    invalid_variable,
)
from stashhog.demo.execution import InvalidDocumentError, Operation
from stashhog.demo.faults import Fault
from stashhog.demo.inputs import BadVariableError
from stashhog.demo.pictures import screenshot
from stashhog.demo.sockets import serve_websocket

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = "application/json"
_GRAPHQL_JSON = "application/graphql-response+json"
_NEGOTIATES = 29
_COMPRESSION = 4
_SMALLEST_COMPRESSED = 200
_TEXT = {"content-type": "text/plain; charset=utf-8"}
_PAGE = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class _Request:
    backend: Backend
    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    base_url: str
    client_port: int

    @property
    def key(self) -> str | None:
        return self.headers.get("apikey", self.query.get("apikey"))


@dataclass(frozen=True, slots=True)
class _Answer:
    """A reply not yet made, the fault that strikes it, and how it is made."""

    make: Callable[[], Reply]
    fault: Fault | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


def build_app(backend: Backend) -> App:
    """The ASGI application of one sample Stash."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await serve_websocket(backend, scope, receive, send)
        else:
            request = await _read(backend, scope, receive)
            await _respond(request, _route(request), receive, send)

    return app


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(backend: Backend, scope: Scope, receive: Receive) -> _Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return _Request(
        backend,
        scope["method"],
        scope["path"],
        {name: values[0] for name, values in query.items()},
        headers,
        body,
        backend.base_url(headers, scope["scheme"]),
        scope["client"][1] if scope.get("client") else 0,
    )


# --- routes -------------------------------------------------------------------------------------


def _route(request: _Request) -> _Answer:
    backend, path = request.backend, request.path
    if path == "/healthz":
        return _Answer(lambda: Reply(200, b".", {"content-type": "text/plain"}))
    refused = backend.gate(request.headers, path, request.key)
    if refused is not None:
        _note(request)
        return _Answer(lambda: refused)
    if path == "/graphql":
        return _graphql(request)
    _note(request)
    if path.startswith("/scene/"):
        return _Answer(lambda: _media(request), backend.faults.choose({"screenshot"}))
    return _Answer(lambda: _page(request))


def _note(request: _Request, **said: Any) -> None:
    request.backend.asked.append(Asked(request.method, request.path, request.headers, **said))


def _media(request: _Request) -> Reply:
    _, _, scene_id, *rest = request.path.split("/")
    if not scene_id.isdecimal():
        return Reply(400, b"Bad Request\n", dict(_TEXT))
    if rest != ["screenshot"] or int(scene_id) not in request.backend.state.scenes:
        return Reply(404, b"Not Found\n", dict(_TEXT))
    if request.method != "GET":
        return Reply(405, headers={"allow": "GET"})
    tag = f'"sample-{scene_id}"'
    lasting = "private, max-age=31536000, immutable" if "t" in request.query else "no-cache"
    headers = {"etag": tag, "cache-control": lasting}
    if request.headers.get("if-none-match") == tag:
        return Reply(304, headers=headers)
    return Reply(200, screenshot(int(scene_id)), {**headers, "content-type": "image/png"})


def _page(request: _Request) -> Reply:
    if request.path == "/login" and request.method == "POST":
        return Reply(401, b"Username or password is invalid\n", dict(_TEXT))
    if request.path in {"/", "/login"}:
        title = b"Login" if request.path == "/login" else b"Sample Stash"
        page = b"<!doctype html><title>%b</title><p>A sample Stash; it speaks GraphQL.</p>"
        return Reply(200, page % title, dict(_PAGE))
    return Reply(404, b"Not Found\n", dict(_TEXT))


# --- GraphQL ------------------------------------------------------------------------------------


def _graphql(request: _Request) -> _Answer:
    try:
        asked = _decode(request)
    except _UnreadableError as error:
        _note(request)
        reply = error.reply
        return _Answer(lambda: reply, request.backend.faults.choose({"graphql"}))
    text, name = str(asked.get("query") or ""), asked.get("operationName")
    given = asked.get("variables") or {}
    try:
        operation = request.backend.plan(text, name)
    except InvalidDocumentError as error:
        _note(request, query=text, operation=name, variables=given)
        answer = {"errors": error.errors, "data": None}
        fault = request.backend.faults.choose({"graphql"})
        return _Answer(lambda: _envelope(request, answer, 422), fault)
    _note(
        request,
        query=text,
        operation=operation.name,
        variables=given,
        root_fields=operation.root_fields,
    )
    names = {"graphql", operation.kind, operation.name or "", *operation.root_fields}
    fault = request.backend.faults.choose(names)
    return _Answer(lambda: _execute(request, operation, given, fault), fault, given)


class _UnreadableError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def _decode(request: _Request) -> Mapping[str, Any]:
    """Read what was asked out of the request.

    Raises:
        _UnreadableError: nothing was asked in a way that a Stash understands.
    """
    if request.method == "GET":
        variables = _parsed(request, request.query.get("variables", "{}").encode())
        return {**request.query, "variables": variables}
    content_type = request.headers.get("content-type", "").split(";")[0].strip()
    if request.method != "POST" or content_type != _JSON:
        reply = Reply(400, encode(_error("transport not supported")), dict(_TEXT))
        raise _UnreadableError(reply)
    asked = _parsed(request, request.body)
    if not isinstance(asked.get("variables") or {}, dict):
        raise _unreadable(request, "variables are no object")
    return asked


def _parsed(request: _Request, text: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(text)
    except ValueError as error:
        raise _unreadable(request, str(error)) from None
    if not isinstance(parsed, dict):
        raise _unreadable(request, "not an object")
    return parsed


def _unreadable(request: _Request, problem: str) -> _UnreadableError:
    text = f"json request body could not be decoded: {problem}"
    return _UnreadableError(_envelope(request, _error(text), 400))


def _execute(
    request: _Request, operation: Operation, given: Mapping[str, Any], fault: Fault | None
) -> Reply:
    if operation.kind == "mutation" and request.method == "GET":
        return _envelope(request, _error("GET requests only allow query operations"), 406)
    try:
        answer = request.backend.run(operation, given, request.base_url)
    except BadVariableError as error:
        return _envelope(request, invalid_variable(error), 422)
    if fault is not None and fault.edit is not None:
        answer = fault.edit(answer) or answer
    return _envelope(request, answer, 200)


def _error(message: str) -> dict[str, Any]:
    return {"errors": [{"message": message}], "data": None}


def _envelope(request: _Request, answer: Any, status: int) -> Reply:
    """Write an answer as the client's `Accept` makes a real Stash write it."""
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    kinds = [kind for kind in accepted if kind in _KINDS]
    kind = _JSON
    if request.backend.options.release >= _NEGOTIATES and any(accepted):
        kind = _KINDS[kinds[0]] if kinds else _GRAPHQL_JSON
    if kind == _GRAPHQL_JSON and status == 422:  # noqa: PLR2004 - what the other type turns into 400
        status = 400
    return Reply(status, encode(answer), {"content-type": kind, "cache-control": "no-store"})


_KINDS = {
    _JSON: _JSON,
    _GRAPHQL_JSON: _GRAPHQL_JSON,
    "*/*": _GRAPHQL_JSON,
    "application/*": _GRAPHQL_JSON,
}


# --- answering ----------------------------------------------------------------------------------


async def _respond(request: _Request, answer: _Answer, receive: Receive, send: Send) -> None:
    fault = answer.fault
    if fault is None:
        await _send(request, answer.make(), send)
        return
    backend = request.backend
    if fault.wait_seconds and not await backend.pause(fault.wait_seconds):
        return
    if fault.before is not None:
        fault.before(answer.given)
    reply = answer.make() if fault.execute else Reply(200)
    if fault.linger_seconds and not await backend.pause(fault.linger_seconds):
        return
    if fault.message is not None:
        reply = _envelope(request, _error(fault.message), 200)
    if fault.status is not None:
        reply = Reply(fault.status, fault.body, dict(fault.headers))
    if fault.end == "reply":
        await _send(request, reply, send)
    else:
        await _break_off(request, reply, fault, receive, send)


async def _break_off(
    request: _Request, reply: Reply, fault: Fault, receive: Receive, send: Send
) -> None:
    if fault.share:
        whole = _compressed(request, reply)
        part = whole.body[: max(1, int(len(whole.body) * fault.share))]
        headers = {**whole.headers, "content-length": str(len(whole.body))}
        await _send_parts(replace(whole, body=part, headers=headers), send, more=True)
    link = request.backend.links.get(request.client_port)
    if fault.end == "hang":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault.end == "close" and fault.share:
        return  # what was sent arrives, and then the server closes on an unfinished reply
    elif link is not None:
        link.cut(fault.end == "reset")
    else:
        raise ConnectionError(f"{fault.end}: only a served sample Stash can break connections")


async def _send(request: _Request, reply: Reply, send: Send) -> None:
    reply = _compressed(request, reply)
    reply.headers["date"] = format_datetime(request.backend.options.now(), usegmt=True)
    reply.headers.setdefault("content-length", str(len(reply.body)))
    await _send_parts(reply, send, more=False)


def _compressed(request: _Request, reply: Reply) -> Reply:
    """Compress JSON where the client takes it; the other JSON type goes out as it is."""
    takes_it = "gzip" in request.headers.get("accept-encoding", "")
    kind = reply.headers.get("content-type", "").split(";")[0]
    if not takes_it or kind != _JSON or len(reply.body) < _SMALLEST_COMPRESSED:
        return reply
    body = gzip.compress(reply.body, _COMPRESSION, mtime=0)
    return replace(reply, body=body, headers={**reply.headers, "content-encoding": "gzip"})


async def _send_parts(reply: Reply, send: Send, *, more: bool) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": more})
