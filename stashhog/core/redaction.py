"""Taking secrets out of everything that is written down.

Rules:
- A registered value disappears from any text: as it is, URL-encoded, JSON-escaped, in base64.
- What looks like a key or a password disappears without being registered: under a telling name,
  in a URL, in a header.
- Removing too much is right; numbers, booleans and None under a telling name stay (token counts).
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

REDACTED = "***"
MIN_SECRET_LENGTH = 6

_MAX_TEXT = 8_192
_MAX_READ = 16_384
_MAX_DEPTH = 6
_MAX_ITEMS = 200
_MAX_REGISTERED = 64

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|ticket|api[-_]?key|authorization|cookie|credential"
    r"|(private|signing|sealing|session)[-_]?key",
    re.IGNORECASE,
)
# Repetitions are bounded: hostile text must not make a pattern slow.
_PATTERNS = (
    # …?apikey=VALUE&…, also in Stash's own stream and screenshot addresses
    (
        re.compile(
            r"\b((?:api[-_]?key|access_token|token|ticket|password|secret)=)[^&\s\"'<>#]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    # Header: VALUE, {'Header': 'VALUE'}, (b'Header', b'VALUE')
    (
        re.compile(
            r"\b((?:proxy-)?authorization|(?:x[-_])?api[-_]?key|[\w-]{0,40}(?:password|secret)(?:_key)?"
            r"|access_token)"
            r"(\\?[\"']?\s*[:,=]\s*(?:b(?=[\"']))?\\?[\"']?)(?:(?:bearer|basic|digest)\s+)?[^\s\"',;}&\\]+",
            re.IGNORECASE,
        ),
        rf"\1\2{REDACTED}",
    ),
    (
        re.compile(r"\b((?:set-)?cookie\\?[\"']?\s*[:,]\s*)[^\r\n]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer\s+)[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{12,}"), REDACTED),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]+"), REDACTED),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{REDACTED}@"),
)


class _Registered:
    """The secret values of this process, in all their spellings, longest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, tuple[str, ...]] = {}
        self.spellings: tuple[str, ...] = ()

    def add(self, value: str) -> None:
        with self._lock:
            known = self._values.pop(value) if value in self._values else tuple(_spellings(value))
            self._values[value] = known  # now the newest
            if len(self._values) > _MAX_REGISTERED:
                del self._values[next(iter(self._values))]
            every = {spelling for group in self._values.values() for spelling in group}
            self.spellings = tuple(sorted(every, key=len, reverse=True))


_registered = _Registered()


def register_secret(value: str | None) -> None:
    """Keep a value out of all logs from now on (the last 64 values; not below six characters)."""
    if value is not None and len(value) >= MIN_SECRET_LENGTH:
        _registered.add(value)


def redact_text(text: str) -> str:
    """Return a text without secrets, cut to some 8,000 characters."""
    text = text[:_MAX_READ]
    for spelling in _registered.spellings:
        text = text.replace(spelling, REDACTED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "…"
    return text


def redact(value: Any, *, name: str = "", depth: int = 0) -> Any:
    """Return a plain copy (JSON types) of a value without secrets."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):  # a registered PIN is a secret as a number, too
        return REDACTED if redact_text(str(value)) == REDACTED else value
    if name and _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): redact(item, name=str(key), depth=depth + 1)
            for key, item in list(value.items())[:_MAX_ITEMS]
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth=depth + 1) for item in list(value)[:_MAX_ITEMS]]
    return redact_text(str(value) if isinstance(value, BaseException) else repr(value))


def _spellings(value: str) -> Iterator[str]:
    yield value
    for quoted in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    yield json.dumps(value)[1:-1]
    yield repr(value)[1:-1]
    raw = value.encode(errors="surrogatepass")
    for shift in range(3):
        # The characters that depend on this value alone, wherever it starts within a triple.
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        core = encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")
