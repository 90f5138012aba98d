"""The HTTP connection to a model's server, narrower than the library's own.

Rules:
- One origin: a request to any other, by redirect or by mistake, is not sent.
- Only the headers that the API needs leave this machine; the library adds some of its own, and
  takes others (organisation, custom headers) from the environment, where they belong to somebody
  else's server.
- No proxies from the environment, no cookies, no redirects; an answer has a largest size, and is
  not unpacked.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import httpx2
import trio

from stashhog.core.config import is_refused_ip
from stashhog.core.exceptions import ModelAnswerError, OpenAIError

_KEPT_HEADERS = frozenset({"accept", "content-length", "content-type", "host"})


class ModelTransport(httpx2.AsyncBaseTransport):
    """Sends to one server only, with one key or none."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        max_response_bytes: int,
        connections: int,
    ) -> None:
        self._origin = _origin(httpx2.URL(url))
        self._authorization = None if api_key is None else f"Bearer {api_key}"
        self._max_response_bytes = max_response_bytes
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
        response = await self._inner.handle_async_request(narrow)
        stream = _Bounded(response.stream, self._max_response_bytes)
        if response.headers.get("content-encoding", "identity") != "identity":
            await stream.aclose()
            raise ModelAnswerError("the model's server packs its answers unasked")
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=stream,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _check_addresses(self, request: httpx2.Request) -> None:
        host, port = self._origin[1:]
        try:
            found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpx2.ConnectError("the name has no address", request=request) from None
        if any(is_refused_ip(str(entry[4][0])) for entry in found):
            raise OpenAIError("the model's name leads to an address that is refused")


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: object, limit: int) -> None:
        if not isinstance(inner, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        self._inner = inner
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                self._left -= len(chunk)
                if self._left >= 0:
                    yield chunk
                else:  # hang up, and let the iteration end from below: it cleans up itself
                    await self._inner.aclose()
        except httpx2.TransportError:
            if self._left >= 0:
                raise
        if self._left < 0:
            raise ModelAnswerError("the answer is too long", code="answer_too_long")

    async def aclose(self) -> None:
        await self._inner.aclose()


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
