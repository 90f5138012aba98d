"""A proxy before any Stash: it counts what passes, and goes wrong on purpose.

Rules:
- Faults are those of the sample Stash (`stashhog.demo.faults`), chosen by the same names, so that
  one trial runs over both.
- A request that was passed on is passed on to its end, whether its client stays or not: what Stash
  executed is counted here, not what a client got to hear of it.
- WebSockets pass through byte by byte once their handshake was let in.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import h11
import httpx
import orjson
import trio
from graphql import FieldNode, GraphQLSyntaxError, OperationDefinitionNode, parse

from stashhog.demo.backend import encode
from stashhog.demo.faults import Fault, Faults
from stashhog.demo.rows import Mutation
from tests.rig.thread import TrioThread

_CHUNK = 65_536
_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"upgrade"}
_JSON = ((b"content-type", b"application/json"),)
_RESET = struct.pack("ii", 1, 0)
_PATIENCE_S = 120.0


@dataclass(slots=True)
class Passed:
    """One request: what it asked, and what became of it.

    `status` is what Stash answered, None where it was never asked.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""
    operation: str | None = None
    kind: str = ""
    root_fields: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None

    @property
    def names(self) -> set[str]:
        """What faults may call it."""
        if self.path.startswith("/scene/"):
            return {"screenshot"}
        return {"graphql", self.kind, self.operation or "", *self.root_fields}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the body as it came, perhaps compressed."""

    status: int
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""

    @property
    def content(self) -> bytes:
        """The body, no longer compressed."""
        return httpx.Response(self.status, headers=list(self.headers), content=self.body).content


class Proxy(TrioThread):
    """Listens on a port of its own, as long as the block lasts.

    Args:
        upstream: The address of the Stash behind it.
        seed: Where the chance of its faults begins.

    Attributes:
        passed: Every request, in order.
        mutations: Those that Stash executed, in order.
        refused: Those that it answered with an error.
    """

    def __init__(self, upstream: str, *, seed: int = 0) -> None:
        super().__init__()
        self.upstream = upstream.rstrip("/")
        self.url = ""
        self.faults = Faults(seed)
        self.passed: deque[Passed] = deque(maxlen=200_000)
        self.mutations: list[Mutation] = []
        self.refused: list[Mutation] = []
        self._http: httpx.AsyncClient

    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled, in whichever trio world."""
        listener = await _listen(0)
        port = listener.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        limits = httpx.Limits(max_connections=50, keepalive_expiry=5)
        async with httpx.AsyncClient(
            timeout=_PATIENCE_S, limits=limits, trust_env=False
        ) as self._http:
            task_status.started()
            while True:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.serve_listeners, self._client, [listener])
                    await self.faults.wait(accepting=False)
                    nursery.cancel_scope.cancel()
                await self.faults.wait(accepting=True)
                listener = await _listen(port)

    async def _client(self, stream: trio.SocketStream) -> None:
        conversation = _Conversation(stream)
        async with stream:
            try:
                while (request := await conversation.read()) is not None:
                    if request.headers.get("upgrade", "").lower() == "websocket":
                        await self._socket(conversation, request)
                        return
                    if not await self._answer(conversation, request):
                        return
            except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
                return

    # --- requests -------------------------------------------------------------------------------

    async def _answer(self, conversation: _Conversation, request: Passed) -> bool:
        """Answer as Stash does or a fault says; False where the connection is over."""
        self.passed.append(request)
        fault = self.faults.choose(request.names) or Fault()
        await trio.sleep(fault.wait_seconds)
        if fault.before is not None:
            await trio.to_thread.run_sync(fault.before, request.variables)
        answer = Answer(200)
        if fault.execute:
            try:
                with trio.CancelScope(shield=True):
                    answer = await self._ask(request, plain=fault.edit is not None)
            except httpx.TransportError:
                answer = Answer(502, body=b"nobody there\n")
        await trio.sleep(fault.linger_seconds)
        answer = _altered(answer, fault)
        if fault.end == "reply":
            return await conversation.send(answer)
        if fault.share:
            await conversation.send(answer, share=fault.share)
        if fault.end == "hang":
            await conversation.wait_for_end()
        elif fault.end == "reset":
            conversation.reset()
        return False

    async def _ask(self, request: Passed, *, plain: bool) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        if plain:
            headers["accept-encoding"] = "identity"
        outgoing = self._http.build_request(
            request.method, f"{self.upstream}{request.path}", headers=headers, content=request.body
        )
        response = await self._http.send(outgoing, stream=True)
        try:
            body = b"".join([part async for part in response.aiter_raw()])
        finally:
            await response.aclose()
        answer = Answer(response.status_code, response.headers.raw, body)
        request.status = answer.status
        if request.kind == "mutation":
            self._count(request, answer)
        return answer

    def _count(self, request: Passed, answer: Answer) -> None:
        given = request.variables.get("input") or request.variables
        inputs = given if isinstance(given, list) else [given]
        ids = [str(i) for each in inputs for i in (each.get("ids") or [each.get("id")]) if i]
        try:
            errors = orjson.loads(answer.content).get("errors")
        except ValueError:
            errors = [{"message": f"status {answer.status}"}]
        for root in request.root_fields:
            about = tuple(ids) if "scene" in root.lower() else ()
            if errors:
                self.refused.append(Mutation(root, about, given, str(errors[0].get("message"))))
            else:
                self.mutations.append(Mutation(root, about, given))

    # --- sockets --------------------------------------------------------------------------------

    async def _socket(self, conversation: _Conversation, request: Passed) -> None:
        self.passed.append(request)
        fault = self.faults.choose({"websocket"})
        if fault is not None:
            await trio.sleep(fault.wait_seconds)
            if fault.status is not None:
                await conversation.send(_altered(Answer(200), fault))
                return
        address = urlsplit(self.upstream)
        upstream = await trio.open_tcp_stream(str(address.hostname), address.port or 80)
        lines = [f"{request.method} {request.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        async with upstream, trio.open_nursery() as nursery:
            await upstream.send_all("\r\n".join([*lines, "", ""]).encode("latin-1"))
            nursery.start_soon(_pump, conversation.stream, upstream)
            await _pump(upstream, conversation.stream)
            nursery.cancel_scope.cancel()


def _altered(answer: Answer, fault: Fault) -> Answer:
    if fault.edit is not None:
        told = orjson.loads(answer.content)
        return Answer(200, _JSON, encode(fault.edit(told) or told))
    if fault.message is not None:
        told = {"errors": [{"message": fault.message}], "data": None}
        return Answer(200, _JSON, orjson.dumps(told))
    if fault.status is not None:
        headers = [(name.encode(), value.encode()) for name, value in fault.headers.items()]
        return Answer(fault.status, headers, fault.body)
    return answer


@dataclass
class _Conversation:
    """One client connection, spoken by h11."""

    stream: trio.SocketStream
    wire: h11.Connection = field(default_factory=lambda: h11.Connection(h11.SERVER))

    async def read(self) -> Passed | None:
        """The next whole request; None after the last one."""
        head: h11.Request | None = None
        body = b""
        while True:
            event = self.wire.next_event()
            if event is h11.NEED_DATA:
                self.wire.receive_data(await self.stream.receive_some(_CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _understood(head, body)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return None

    async def send(self, answer: Answer, *, share: float = 1.0) -> bool:
        """Send an answer or its beginning; False where nothing may follow."""
        body = answer.body
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _HOP]
        headers.append((b"content-length", str(len(body)).encode()))
        out = self.wire.send(h11.Response(status_code=answer.status, headers=headers))
        part = body if share >= 1 else body[: max(1, int(len(body) * share))]
        out += self.wire.send(h11.Data(data=part))
        await self.stream.send_all(out)
        if share < 1:
            return False
        await self.stream.send_all(self.wire.send(h11.EndOfMessage()))
        if self.wire.our_state is not h11.DONE or self.wire.their_state is not h11.DONE:
            return False
        self.wire.start_next_cycle()
        return True

    async def wait_for_end(self) -> None:
        while await self.stream.receive_some(_CHUNK):
            pass

    def reset(self) -> None:
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.stream.socket.close()


def _understood(head: h11.Request, body: bytes) -> Passed:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    request = Passed(head.method.decode(), head.target.decode(), headers, body)
    try:
        asked = orjson.loads(body)
        request.query, request.operation = asked["query"], asked.get("operationName")
        request.variables = asked.get("variables") or {}
        request.kind, request.root_fields = _shape(request.query)
    except (ValueError, TypeError, KeyError, GraphQLSyntaxError):
        pass
    return request


@lru_cache(maxsize=256)
def _shape(query: str) -> tuple[str, tuple[str, ...]]:
    """Kind and root fields of a document's first operation."""
    for node in parse(query).definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = [f for f in node.selection_set.selections if isinstance(f, FieldNode)]
            return node.operation.value, tuple(f.name.value for f in fields)
    return "", ()


async def _listen(port: int) -> trio.SocketListener:
    return (await trio.open_tcp_listeners(port, host="127.0.0.1"))[0]


async def _pump(source: trio.SocketStream, target: trio.SocketStream) -> None:
    try:
        while data := await source.receive_some(_CHUNK):
            await target.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return
