"""What Stash's HTTP answer means: data, or an error by whose fault it is.

Rules:
- One place decides: by status first, then by the shape of the body, then by Stash's own words,
  because GraphQL errors come with status 200 and no code.
- A mutation is told "nothing was done" only where that is sure; everything else that is not an
  answer is `StashUnknownOutcomeError`.
- No body, query or key is repeated; Stash's own words only where they hold no SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from stashhog.core.exceptions import (
    StashAuthError,
    StashBusyError,
    StashConnectionError,
    StashError,
    StashGoneError,
    StashNameConflictError,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.stash.links import strip_keys


class StashTooSlowError(StashConnectionError):
    """Stash did not answer a read in time; a smaller question may be answered."""


class StashTooLargeError(StashProtocolError):
    """The answer to a read is larger than any that is taken; a smaller question may do."""


class ResolverError(StashError):
    """The question was understood, but something that it touched could not be read.

    Args:
        detail: One sentence for a person.
        missing_scene: The id, where the reason is that a scene which was asked for by id is gone.
        panicked: Whether Stash itself does not know why; its library may not be open at all.
    """

    def __init__(
        self, detail: str, *, missing_scene: str | None = None, panicked: bool = False
    ) -> None:
        super().__init__(detail)
        self.missing_scene = missing_scene
        self.panicked = panicked


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: its status, its whole body, no longer compressed, and its `Retry-After`.

    `asked_at` is when the question went out, by the server's own clock; None where it has not said.
    """

    status: int
    body: bytes
    retry_after: str = ""
    asked_at: datetime | None = None


_UNREADABLE = re.compile("[\x00\ud800-\udfff]")

BUSY = (
    "database is locked",
    "database table is locked",
    "sqlite_busy",
    "database or disk is full",
    "readonly database",
    "context deadline exceeded",
    "context canceled",
)
TAKEN = ("already exists", "is used as alias for", "unique constraint failed")
GONE = re.compile(
    r"no rows in result set|(scene|performer|tag|studio) with id \S+ not found"
    r"|does not exist in (scenes|performers|tags|studios)"
)
MISSING_SCENE = re.compile(r"scene with id (\S+) not found")
MISSING_REFERENCE = "foreign key constraint failed"
PANIC = "internal system error"
_SQL = re.compile(
    r"executing|`|\b(select|insert|update|delete)\b.*\b(from|into|set)\b", re.IGNORECASE
)
_LONGEST_WORDS = 200
_LONGEST_NUMBER = 9


def read_data(reply: Reply, *, root: str, mutates: bool) -> Mapping[str, Any]:
    """The `data` of an answer that has no errors.

    Args:
        reply: What came back.
        root: The field that the operation asks for.
        mutates: Whether the operation may have changed something.

    Raises:
        StashError: of the kind that says what happened.
    """
    check_status(reply, mutates=mutates)
    try:
        answer = decode(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
        raise _not_stash(reply, mutates=mutates)
    errors = answer.get("errors")
    if errors:
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise StashError(
                "Stash does not understand the question; its release may be too old or too new",
                code="stash_schema",
            )
        raise _told(errors, root=root, mutates=mutates)
    data = answer.get("data")
    if not isinstance(data, dict) or root not in data:
        raise _not_stash(reply, mutates=mutates)
    return data


def decode(body: bytes) -> Any:
    """Read JSON that may be damaged; text that cannot be stored gets U+FFFD in the bad places.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Lone surrogates, bytes that are no UTF-8, NaN: slower, but one of them spoils no page.
        return _repaired(json.loads(body.decode("utf-8", "replace")))
    return _repaired(answer) if b"\\u0000" in body else answer


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return _UNREADABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_repaired(item) for item in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(item) for key, item in value.items()}
    return value


def check_status(reply: Reply, *, mutates: bool) -> None:
    """Judge an answer by its status alone.

    Raises:
        StashError: the status says that nothing was answered.
    """
    status = reply.status
    refused = status == HTTPStatus.INTERNAL_SERVER_ERROR and reply.body.strip() == b"unauthorized"
    if status == HTTPStatus.UNAUTHORIZED or refused:
        raise StashAuthError(
            "Stash refused the API key, or asks for one; a Stash without a login takes no key"
        )
    if status == HTTPStatus.FORBIDDEN:
        raise StashAuthError(
            "Stash lets nobody in (403): without a login it locks itself when it is reached from "
            "a public address; its own log says how to open it"
        )
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        raise StashBusyError("Stash asks to wait", retry_after_seconds=_seconds(reply.retry_after))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if mutates:
            raise unknown_outcome(f"Stash answered a change with status {status}")
        if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
            raise StashConnectionError("the proxy in front of Stash cannot reach it")
        raise StashBusyError(f"Stash answered with status {status}")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise StashProtocolError(
            "the address redirects to another one (a login page, perhaps); "
            "name the address that Stash itself answers at"
        )


def _seconds(retry_after: str) -> float:
    """How long a `Retry-After` in seconds asks to wait; one with a date is not heeded."""
    text = retry_after.strip()
    return float(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0.0


def _not_stash(reply: Reply, *, mutates: bool) -> StashError:
    if mutates and reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return unknown_outcome("the answer to a change could not be read")
    return StashProtocolError("what answers at this address does not speak Stash's GraphQL")


def unknown_outcome(what: str) -> StashUnknownOutcomeError:
    """The error for a mutation that may or may not have been executed."""
    return StashUnknownOutcomeError(f"{what}; it may or may not have been done")


def _told(errors: object, *, root: str, mutates: bool) -> StashError:
    """The error that Stash's own words stand for; the gravest of several."""
    listed = errors if isinstance(errors, list) else []
    told = [error for error in listed if isinstance(error, Mapping)]
    words = [str(error.get("message") or "") for error in told]
    if mutates:
        deeper = any(_is_deeper(error.get("path"), root) for error in told)
        return _told_of_mutation(words, executed=deeper)
    for text in words:
        if any(sign in text.lower() for sign in BUSY):
            return StashBusyError("Stash's database is busy")
    reason = words[0] if words else "no reason given"
    missing = MISSING_SCENE.search(reason)
    return ResolverError(
        f"Stash could not read this: {said(reason)}",
        missing_scene=missing and missing[1],
        panicked=PANIC in reason.lower(),
    )


def _is_deeper(path: object, root: str) -> bool:
    """Whether an error lies below the operation's own field: then that one was executed."""
    return isinstance(path, Sequence) and len(path) > 1 and path[0] == root


def _told_of_mutation(words: Sequence[str], *, executed: bool) -> StashError:
    text = " ".join(words).lower()
    if executed or PANIC in text:
        return unknown_outcome("Stash failed while it answered a change")
    if "context canceled" in text or "context deadline exceeded" in text:
        return unknown_outcome("Stash gave a change up")
    if any(sign in text for sign in BUSY):
        return StashBusyError("Stash's database is busy; nothing was done")
    if MISSING_REFERENCE in text:
        return StashRejectedError(
            "a performer, tag or studio that the change names is gone from Stash",
            code="missing_reference",
        )
    if GONE.search(text):
        return StashGoneError("Stash no longer has this")
    if any(sign in text for sign in TAKEN):
        return StashNameConflictError("Stash has this name or alias already")
    reason = said(words[0]) if words else "no reason given"
    return StashRejectedError(f"Stash refused: {reason}")


def said(message: str) -> str:
    """Stash's own words, where they may be repeated: one short line, no SQL, no key."""
    if _SQL.search(message):
        return "its database refused"
    line = " ".join(strip_keys(message).split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}…"
