"""The HTTP connection to a model's server, narrower than the library's own.

Rules:
- One origin: a request to any other, by redirect or by mistake, is not sent.
- Only the headers that the API needs leave this machine; the library adds some of its own, and
  takes others (organisation, custom headers) from the environment, where they belong to somebody
  else's server.
- An exchange begins when it has passed its gate and one of the connections is free; its deadline
  runs from then until the last byte is here, and so long only it holds both.
- No proxies from the environment, no cookies, no redirects; an answer has a largest size, and is
  not unpacked.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2
import trio

from stashhog.core.config import is_refused_ip
from stashhog.core.exceptions import ModelAnswerError, OpenAIError
from stashhog.llm.limits import read_limits
from stashhog.ports.model import Gate

_KEPT_HEADERS = frozenset({"accept", "content-length", "content-type", "host"})

_gate: ContextVar[Gate] = ContextVar("gate")


@contextmanager
def passing(gate: Gate) -> Generator[None]:
    """Let what this task sends in the block pass a gate; the library knows of none."""
    before = _gate.set(gate)
    try:
        yield
    finally:
        _gate.reset(before)


class ModelTransport(httpx2.AsyncBaseTransport):
    """Sends to one server only, with one key or none."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        max_response_bytes: int,
        connections: int,
        timeout_s: float,
    ) -> None:
        self._origin = _origin(httpx2.URL(url))
        self._authorization = None if api_key is None else f"Bearer {api_key}"
        self._max_response_bytes = max_response_bytes
        self._timeout_s = timeout_s
        self._seats = trio.CapacityLimiter(connections)
        self._inner = httpx2.AsyncHTTPTransport(
            trust_env=False,
            limits=httpx2.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=30.0,
            ),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; cancelling closes its connection.

        Raises:
            OpenAIError: The request is for another server.
            ModelAnswerError: `answer_too_long`, or a packed answer.
        """
        if _origin(request.url) != self._origin:
            raise OpenAIError("a request for another server was not sent")
        await self._check_addresses(request)
        headers = [(k, v) for k, v in request.headers.items() if k.lower() in _KEPT_HEADERS]
        headers += [("Accept-Encoding", "identity"), ("User-Agent", "StashHog")]
        if self._authorization is not None:
            headers.append(("Authorization", self._authorization))
        # A new request: the library still reads its own headers from the one that it made.
        narrow = httpx2.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        async with _gate.get()() as exchange, self._seats:
            with trio.move_on_after(self._timeout_s):
                response = await self._exchange(narrow)
                exchange.limits = read_limits(response.status_code, response.headers)
                return response
        raise httpx2.ReadTimeout("the whole answer was not here in time", request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ModelAnswerError("the model's server packs its answers unasked")
            body = await _read(stream, self._max_response_bytes)
        finally:
            await stream.aclose()
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=httpx2.ByteStream(body)
        )

    async def _check_addresses(self, request: httpx2.Request) -> None:
        host, port = self._origin[1:]
        try:
            found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpx2.ConnectError("the name has no address", request=request) from None
        if any(is_refused_ip(str(entry[4][0])) for entry in found):
            raise OpenAIError("the model's name leads to an address that is refused")


async def _read(stream: httpx2.AsyncByteStream, most_bytes: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in stream:
            body += chunk
            if len(body) > most_bytes:  # hang up; the iteration ends from below and cleans up
                await stream.aclose()
    except httpx2.TransportError:
        if len(body) <= most_bytes:
            raise
    if len(body) > most_bytes:
        raise ModelAnswerError("the answer is too long", code="answer_too_long")
    return bytes(body)


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
