"""Every error becomes one problem document (RFC 9457), here and nowhere else.

Rules:
- Which status an error has is decided by `_STATUSES`; the public `code` comes with the error.
- The caller learns a code and a sentence; a traceback, an input or a secret never.
- `ErrorBoundary` is the one broad handler of the HTTP side. What it does not know is a bug of ours:
  500 `internal_error`, logged with traceback and request id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
import structlog
import trio
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import WebsocketMismatch

from stashhog.api.asgi import ASGIApp, Message, Receive, Scope, Send, answer, exchange_of, is_web
from stashhog.core.exceptions import (
    BusyError,
    ConflictError,
    DiskFullError,
    ModelUnavailableError,
    NotFoundError,
    OpenAIError,
    SettingsError,
    StashBusyError,
    StashConnectionError,
    StashError,
    StashGoneError,
    StashHogException,
    StashNotConfiguredError,
    StorageError,
    ValidationError,
)
from stashhog.domain.jobs import IllegalTransitionError

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
WS_INTERNAL_ERROR = 1011

_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a client sees it."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, Any]] = ()
    context: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, request_id: str) -> dict[str, Any]:
        """The JSON object; facts of the error go beside the standard members, never over them."""
        document: dict[str, Any] = dict(self.context)
        document |= {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return document


class ProblemError(Exception):
    """Raised by the layers and routes to answer with exactly this problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status, code, detail, errors=errors, headers=headers or {})


class ClientGoneError(Exception):
    """The client went away before it had sent or read everything; nobody is left to tell."""


# Looked up along the error's class hierarchy; a second member is the public code where it is not
# the error's own (API.md names the codes of the 5xx).
_STATUSES: Mapping[type[StashHogException], tuple[int, str | None]] = {
    ValidationError: (422, None),
    SettingsError: (422, None),
    NotFoundError: (404, None),
    ConflictError: (409, None),
    IllegalTransitionError: (409, None),
    StashNotConfiguredError: (409, None),
    StashGoneError: (404, "not_found"),
    StashConnectionError: (503, "stash_unavailable"),
    StashBusyError: (503, "stash_unavailable"),
    StashError: (502, "stash_error"),
    ModelUnavailableError: (503, "model_unavailable"),
    OpenAIError: (502, "model_error"),
    BusyError: (503, "busy"),
    DiskFullError: (507, None),
    StorageError: (503, "busy"),
}

_HTTP_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}

_HTTP_DETAILS: Mapping[int, str] = {
    404: "there is nothing at this address",
    405: "this address does not take requests of that method",
}
_NO_SOCKET = Problem(404, "not_found", "there is no WebSocket at this address")
_ONLY_A_SOCKET = Problem(
    426,
    "upgrade_required",
    "there is a WebSocket at this address and nothing else",
    headers={"Upgrade": "websocket"},
)
_BUG = Problem(500, "internal_error", "something went wrong here; the log has the details")


def problem_of(error: BaseException) -> Problem:
    """Say how an error looks to a client; of a group, its worst member decides."""
    if isinstance(error, BaseExceptionGroup):
        return max((problem_of(leaf) for leaf in _leaves(error)), key=lambda p: p.status)
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, StashHogException):
        return _own(error)
    if isinstance(error, HTTPException):
        return _http(error)
    return _BUG


def _own(error: StashHogException) -> Problem:
    for cls in type(error).__mro__:
        if cls in _STATUSES:
            status, public = _STATUSES[cls]
            break
    else:
        return _BUG
    context = dict(error.context)
    if public not in (None, error.public_code):
        context["reason"] = error.public_code
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = getattr(error, "retry_after_seconds", _RETRY_SECONDS)
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    errors = getattr(error, "errors", ())
    return Problem(status, public or error.public_code, error.detail, errors, context, headers)


def _http(error: HTTPException) -> Problem:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _BUG
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    detail = _HTTP_DETAILS.get(status) or HTTPStatus(status).phrase
    return Problem(status, _HTTP_CODES.get(status, "bad_request"), detail, headers=headers)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for member in group.exceptions:
        if isinstance(member, BaseExceptionGroup):
            yield from _leaves(member)
        else:
            yield member


async def send_problem(scope: Scope, send: Send, problem: Problem) -> None:
    """Answer with a problem document, also in place of a WebSocket handshake."""
    exchange = exchange_of(scope)
    exchange.code = problem.code
    headers: Iterable[tuple[bytes, bytes]] = [
        (b"content-type", PROBLEM_JSON.encode()),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
    ]
    body = orjson.dumps(problem.document(exchange.request_id), default=str)
    await answer(scope, send, problem.status, headers, body)


class ErrorBoundary:
    """The ASGI layer that lets no error of the app past it.

    Before the answer has begun, a problem document is sent. Afterwards a response is cut (the
    client sees that it is not whole), and an accepted WebSocket is closed with 1011.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the app answers, or with its error."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        sent: set[str] = set()

        async def watched(message: Message) -> None:
            sent.add(message["type"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except (Exception, BaseExceptionGroup) as error:  # the one request boundary
            rest = _without_cancelled(error)
            if rest is None:
                raise
            await _settle(scope, send, rest, sent)


def _without_cancelled(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[1]
    return error


async def _settle(scope: Scope, send: Send, error: BaseException, sent: set[str]) -> None:
    if _is_client_gone(error):
        return
    problem = problem_of(error)
    if _is_mismatch(error):
        problem = _NO_SOCKET if scope["type"] == "websocket" else _ONLY_A_SOCKET
    if problem is _BUG:
        log.error("request_failed", path=scope["path"], exc_info=error)
    if "websocket.accept" in sent:
        exchange_of(scope).code = problem.code
        if "websocket.close" not in sent:
            await send({"type": "websocket.close", "code": WS_INTERNAL_ERROR, "reason": ""})
    elif not sent:
        await send_problem(scope, send, problem)


def _is_mismatch(error: BaseException) -> bool:
    leaves = _leaves(error) if isinstance(error, BaseExceptionGroup) else (error,)
    return any(isinstance(leaf, WebsocketMismatch) for leaf in leaves)


def _is_client_gone(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(isinstance(leaf, ClientGoneError) for leaf in _leaves(error))
    return isinstance(error, ClientGoneError)
