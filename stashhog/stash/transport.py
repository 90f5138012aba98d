"""The wire to Stash: one HTTP client, one address, one key; each request exactly once.

Rules:
- It only ever posts an allowed operation to `/graphql` and gets a scene's screenshot.
- No redirect is followed, no proxy or `.netrc` of the environment is used, no forwarding header is
  sent (Stash locks itself for good where it sees one with a public address).
- Names are looked up here, so that what a name leads to is checked when the connection is made.
- Two reads and one write at a time, whatever the pool would allow; pictures wait on their own.
- Cancelling cuts a request at once. Whether Stash executed it is then not known.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar, cast

import httpcore
import httpx
import orjson
import trio

from stashhog.core.config import StashSettings, is_refused_ip
from stashhog.core.exceptions import (
    NotFoundError,
    SettingsError,
    StashConnectionError,
    StashProtocolError,
    StashRejectedError,
)
from stashhog.stash.answers import (
    Reply,
    StashTooLargeError,
    StashTooSlowError,
    read_data,
    unknown_outcome,
)
from stashhog.stash.documents import Operation, require_allowed
from stashhog.stash.links import is_screenshot_path

T = TypeVar("T")

READS = 2
WRITES = 1
MUTATION_FACTOR = 2.0
"""How much longer a mutation may take: Stash runs its plugins' hooks before it answers."""
INLINE_BYTES = 1 << 16
"""Larger answers are decoded in a thread, for their mapping would hold the loop."""
PICTURE_BYTES = 5 << 20
PICTURE_TYPES = frozenset(
    f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "avif", "bmp", "apng")
)
"""Pictures without script; SVG can hold some."""

_LONGEST_S = 3600.0
_KEEPALIVE_S = 60.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of a scene; `content` is empty where the caller's copy is still right."""

    content: bytes
    content_type: str
    etag: str | None
    not_modified: bool = False


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """What was read out of an answer, and when it was asked for by the server's own clock."""

    value: T
    asked_at: datetime | None


class CheckedBackend(httpcore.TrioBackend):
    """Connects only to addresses that may be connected to, whatever a name leads to."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the name up, leave out what is refused, and take the first that answers."""
        failure: Exception = httpcore.ConnectError("no address that may be connected to")
        with trio.move_on_after(_LONGEST_S if timeout is None else timeout):
            for address in await checked_addresses(host, port):
                try:
                    return await super().connect_tcp(
                        address, port, None, local_address, socket_options
                    )
                except httpcore.ConnectError as error:
                    failure = error
            raise failure
        raise httpcore.ConnectTimeout


async def checked_addresses(host: str, port: int) -> list[str]:
    """What a name leads to, without what may not be connected to.

    Raises:
        httpcore.ConnectError: it leads nowhere.
    """
    try:
        found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from None
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [address for address in addresses if not is_refused_ip(address)]


async def tls_context(settings: StashSettings) -> ssl.SSLContext:
    """How certificates are checked; nothing is read where the address needs none.

    Raises:
        SettingsError: the file with certificates cannot be used.
    """
    if not str(settings.url).startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = await trio.to_thread.run_sync(lambda: httpx.create_ssl_context(trust_env=False))
    if settings.ca_file is not None:
        try:
            await trio.to_thread.run_sync(context.load_verify_locations, str(settings.ca_file))
        except OSError:
            raise SettingsError("stash.ca_file holds no certificates that can be read") from None
    if not settings.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def base_address(settings: StashSettings) -> str:
    """The address that all of Stash's paths lie below."""
    return str(settings.url).rstrip("/").removesuffix("/graphql")


async def open_wire(
    settings: StashSettings, *, transport: httpx.AsyncBaseTransport | None = None
) -> Wire:
    """Make the wire to the address in the settings; nothing is sent yet.

    Args:
        settings: The section with a set address.
        transport: Stands in for the network.

    Raises:
        SettingsError: the file with certificates cannot be used.
    """
    if transport is None:
        limits = httpx.Limits(
            max_connections=settings.max_connections,
            max_keepalive_connections=settings.max_connections,
            keepalive_expiry=_KEEPALIVE_S,
        )
        transport = _CheckedTransport(await tls_context(settings), limits)
    return Wire(settings, transport)


class _CheckedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over the backend that checks addresses."""

    def __init__(self, context: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=context, trust_env=False, limits=limits)
        # httpx takes no backend; its pool is replaced by one that differs in nothing else.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=CheckedBackend(),
        )


class _Body(httpx.AsyncByteStream):
    """A request's whole body; httpx's own leaves a generator behind where sending is cancelled."""

    def __init__(self, body: bytes) -> None:
        self._left = [body]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


class Wire:
    """One Stash server: sends what is allowed, once, and reads what comes back."""

    def __init__(self, settings: StashSettings, transport: httpx.AsyncBaseTransport) -> None:
        self._base = base_address(settings)
        self._limit_s = settings.timeout
        self._connect_s = min(settings.connect_timeout, settings.timeout)
        self._largest_bytes = settings.max_response_bytes
        self._reads = trio.CapacityLimiter(READS)
        self._writes = trio.CapacityLimiter(WRITES)
        self._pictures = trio.CapacityLimiter(max(1, settings.max_connections - READS - WRITES))
        headers = {
            # Any other value changes status, content type and compression from 0.29 on.
            "Accept": "application/json",
            "Accept-Encoding": coding_for(self._base),
            "User-Agent": "stashhog",
        }
        if settings.api_key is not None:
            headers["ApiKey"] = settings.api_key.get_secret_value()
        self._closed = False
        self._http = httpx.AsyncClient(
            transport=transport, headers=headers, trust_env=False, follow_redirects=False
        )

    async def aclose(self) -> None:
        """Close all connections; what is asked from then on cannot reach Stash."""
        self._closed = True
        await self._http.aclose()

    async def ask(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], T],
    ) -> Answered[T]:
        """Send one operation and give the `data` of its answer to `read`.

        `read` runs in a thread where the answer is large; what it raises is raised here.

        Raises:
            StashTooSlowError: a read took longer than it may.
            StashConnectionError: it surely was not executed, or it only read.
            StashUnknownOutcomeError: a mutation may have been executed.
            StashError: what the answer says.
        """
        require_allowed(operation)
        body = _encode(operation, variables)
        mutates = operation.mutates
        async with self._writes if mutates else self._reads:
            reply = await self._post(body, mutates=mutates)

        def work() -> T:
            return read(read_data(reply, root=operation.root, mutates=mutates))

        if mutates:
            try:
                return Answered(work(), reply.asked_at)
            except StashProtocolError:
                if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise
                raise unknown_outcome("the answer to a change could not be read") from None
        if len(reply.body) < INLINE_BYTES:
            return Answered(work(), reply.asked_at)
        value = await trio.to_thread.run_sync(work, abandon_on_cancel=True)
        return Answered(value, reply.asked_at)

    async def _post(self, body: bytes, *, mutates: bool) -> Reply:
        seconds = self._limit_s * (MUTATION_FACTOR if mutates else 1.0)
        request = self._http.build_request(
            "POST",
            f"{self._base}/graphql",
            content=body,
            headers={"Content-Type": "application/json"},
            timeout=self._timeouts(seconds),
        )
        request.stream = _Body(body)
        began = trio.current_time()
        try:
            with trio.fail_after(seconds):
                response, content = await self._exchange(request, self._largest_bytes)
        except _NOT_SENT:
            raise StashConnectionError("Stash cannot be reached") from None
        except (trio.TooSlowError, httpx.TimeoutException):
            if mutates:
                raise unknown_outcome("Stash did not answer a change in time") from None
            raise StashTooSlowError("Stash did not answer in time") from None
        except (httpx.DecodingError, StashTooLargeError) as error:
            if mutates:
                raise unknown_outcome("the answer to a change could not be read") from None
            if isinstance(error, StashTooLargeError):
                raise
            raise StashProtocolError("the answer is damaged") from None
        except httpx.TransportError:
            if mutates:
                raise unknown_outcome("the connection broke while a change was sent") from None
            raise StashConnectionError("the connection to Stash broke") from None
        took = timedelta(seconds=trio.current_time() - began)
        retry_after = response.headers.get("Retry-After", "")
        return Reply(response.status_code, content, retry_after, _asked_at(response, took))

    async def screenshot(self, path: str, *, if_none_match: str | None) -> Screenshot:
        """Fetch a picture from below the base address.

        Raises:
            NotFoundError: Stash has no such picture, or none that may be shown.
            StashError: as for any question.
        """
        if not is_screenshot_path(path):
            raise NotFoundError("this scene has no picture")
        request = self._http.build_request(
            "GET", f"{self._base}{path}", timeout=self._timeouts(self._limit_s)
        )
        request.headers["Accept"] = "image/*"
        if if_none_match is not None and if_none_match.isascii() and if_none_match.isprintable():
            request.headers["If-None-Match"] = if_none_match
        try:
            async with self._pictures:
                with trio.fail_after(self._limit_s):
                    response, content = await self._exchange(request, PICTURE_BYTES)
        except (trio.TooSlowError, httpx.TransportError):
            raise StashConnectionError("Stash cannot be reached") from None
        except httpx.DecodingError:
            raise StashProtocolError("the picture is damaged") from None
        return _picture(response, content)

    def _timeouts(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(seconds, connect=self._connect_s)

    async def _exchange(
        self, request: httpx.Request, largest_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        if self._closed:
            raise httpx.ConnectError("closed")
        response = await self._http.send(request, stream=True)
        try:
            parts: list[bytes] = []
            size = 0
            stream = cast("AsyncGenerator[bytes]", response.aiter_bytes())
            async with aclosing(stream) as incoming:
                async for part in incoming:
                    size += len(part)
                    if size > largest_bytes:
                        raise StashTooLargeError("the answer is larger than any that is taken")
                    parts.append(part)
            return response, b"".join(parts)
        finally:
            await response.aclose()


def coding_for(url: str) -> str:
    """How answers are to be packed: not at all where they never leave this machine."""
    host = httpx.URL(url).host
    try:
        near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = host == "localhost"
    return "identity" if near else "gzip"


def _asked_at(response: httpx.Response, took: timedelta) -> datetime | None:
    try:
        said = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC) - took


def _encode(operation: Operation, variables: Mapping[str, Any]) -> bytes:
    question = {
        "operationName": operation.name,
        "query": operation.text,
        "variables": dict(variables),
    }
    try:
        return orjson.dumps(question)
    except TypeError:
        raise StashRejectedError("a value holds text that no JSON can carry") from None


def _picture(response: httpx.Response, content: bytes) -> Screenshot:
    etag = response.headers.get("ETag")
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED:
        return Screenshot(b"", "image/jpeg", etag, not_modified=True)
    if status == HTTPStatus.NOT_FOUND:
        raise NotFoundError("Stash has no picture of this scene")
    if status != HTTPStatus.OK:
        read_data(Reply(status, content), root="", mutates=False)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "image/svg+xml":
        raise NotFoundError("Stash has no picture of this scene")
    if kind not in PICTURE_TYPES:
        raise StashProtocolError("what Stash sent in place of a picture is none")
    return Screenshot(content, kind, etag)
