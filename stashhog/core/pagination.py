"""Page arithmetic and opaque cursors; no framework, no database.

Rules: pages count from 1; every order ends in `id`; a cursor is bound to the sort and the filters
that it was made under, so that it cannot silently continue another list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from stashhog.core.exceptions import ValidationError

T = TypeVar("T")

DEFAULT_SIZE = 50
MAX_SIZE = 500


@dataclass(frozen=True, slots=True)
class SortKey:
    """One order: a public key name and its direction."""

    name: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str, allowed: Sequence[str]) -> SortKey:
        """Read `name` or `-name`.

        Raises:
            ValidationError: `bad_sort`, the key is not one of `allowed`.
        """
        name = text.removeprefix("-")
        if name not in allowed:
            known = f"one of: {', '.join(allowed)}" if allowed else "this list has one order"
            raise ValidationError(f"cannot sort by {name[:64]!r}; {known}", code="bad_sort")
        return cls(name, text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True, slots=True)
class PaginationParams:
    """Where in a list to look: a page number, or the cursor that a former page ended with."""

    page: int = 1
    size: int = DEFAULT_SIZE
    cursor: str | None = None

    def __post_init__(self) -> None:
        if self.page < 1 or not 1 <= self.size <= MAX_SIZE:
            raise ValidationError(f"page counts from 1, size lies in 1 to {MAX_SIZE}")

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size


@dataclass(frozen=True, slots=True)
class PaginatedResponse(Generic[T]):
    """One page of a list, in the shape that every list of the API has."""

    items: Sequence[T]
    total: int
    page: int
    size: int
    pages: int
    next_cursor: str | None = None


def paginate(
    items: Sequence[T], total: int, params: PaginationParams, next_cursor: str | None = None
) -> PaginatedResponse[T]:
    """Wrap the rows of one page; `pages` is 0 for an empty list."""
    return PaginatedResponse(
        items, total, params.page, params.size, -(-total // params.size), next_cursor
    )


def list_fingerprint(sort: str, filters: Mapping[str, Any]) -> str:
    """Name a list's order and filters in 16 hex digits, for binding a cursor to them."""
    text = json.dumps([sort, filters], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def encode_cursor(fingerprint: str, position: Sequence[Any]) -> str:
    """Make an opaque cursor after the row whose sort values are `position` (JSON scalars)."""
    raw = json.dumps([fingerprint, *position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, fingerprint: str) -> list[Any]:
    """Return the position of a cursor made for the same list.

    Raises:
        ValidationError: `bad_cursor`, it is damaged or was made for another list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, *position = cast("list[Any]", json.loads(raw))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise ValidationError("the cursor is damaged", code="bad_cursor") from None
    if made_for != fingerprint or not position:
        raise ValidationError("the cursor belongs to another list", code="bad_cursor")
    return position
