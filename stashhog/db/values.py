"""How values lie in rows: instants, JSON, ids and texts that SQLite can hold.

Rules:
- An instant is text of fixed width in UTC (`2026-01-02T03:04:05.000000Z`), so that text order is
  time order.
- Ids of Stash are integers in rows and text everywhere else.
- Text from outside may hold lone surrogates, which no file can hold: they become U+FFFD.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

MAX_INTEGER = 2**63 - 1
MAX_ID_DIGITS = 18

Row = Sequence[Any]


def run(
    s: Session, statement: str, values: Row | Mapping[str, Any] = ()
) -> CursorResult[*tuple[Any, ...]]:
    """Run one constant statement; values only ever as parameters."""
    given = dict(values) if isinstance(values, Mapping) else tuple(values)
    return s.connection().exec_driver_sql(statement, given)


def run_many(s: Session, statement: str, rows: Sequence[Row]) -> None:
    """Run one constant statement for each row; nothing where there is none."""
    if rows:
        s.connection().exec_driver_sql(statement, [tuple(row) for row in rows])


def moment_text(at: datetime) -> str:
    """An instant as it lies in a row."""
    text = (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()
    return f"{text[:26]}Z" if at.microsecond else f"{text[:19]}.000000Z"


def moment(text: str) -> datetime:
    """An instant read from a row."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """An instant read from a row that may have none."""
    return None if text is None else datetime.fromisoformat(text)


def shown(text: str) -> str:
    """A row's instant as the API shows it: without a fraction that says nothing."""
    return text.replace(".000000Z", "Z")


def shown_or_none(text: str | None) -> str | None:
    """The same for a row that may have none."""
    return None if text is None else text.replace(".000000Z", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError


def to_json(value: Any) -> str:
    """JSON text for a column; what UTF-8 cannot hold is replaced."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        text = json.dumps(value, default=_plain, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()


def from_json(text: str) -> Any:
    """The value of a JSON column."""
    return orjson.loads(text)


def value_column(value: Any) -> str | None:
    """A change's value for its column: NULL for none, else JSON."""
    return None if value is None else to_json(value)


def value_of(text: str | None) -> Any:
    """A change's value from its column."""
    return None if text is None else orjson.loads(text)


def clean(text: str) -> str:
    """Text as it can be stored."""
    if is_clean(text):
        return text
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def is_clean(text: str) -> bool:
    """Whether text can be stored."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean_or_none(text: str | None) -> str | None:
    """The same for text that may be missing."""
    return None if text is None else clean(text)


def as_integer(number: float | None) -> int | None:
    """A number from outside within SQLite's integers; beyond them it is no measure of anything."""
    if number is None or number != number or abs(number) > MAX_INTEGER:  # noqa: PLR0124 - NaN
        return None
    return int(number)


def as_real(number: float | None) -> float | None:
    """A number from outside that SQLite gives back as it was."""
    if number is None or number != number:  # noqa: PLR0124 - NaN is NULL to SQLite
        return None
    return float(number)


def is_integer(number: float | None) -> bool:
    """Whether SQLite gives a number, or none, back as this very integer."""
    return number is None or (type(number) is int and abs(number) <= MAX_INTEGER)


def is_real(number: float | None) -> bool:
    """Whether SQLite gives a number, or none, back as this very float."""
    return number is None or (type(number) is float and number == number)  # noqa: PLR0124 - NaN


def row_id(text: str) -> int | None:
    """The row id for an id of Stash; None where it cannot be one."""
    if 0 < len(text) <= MAX_ID_DIGITS and text.isascii() and text.isdecimal():
        return int(text)
    return None


def row_ids(texts: Sequence[str]) -> list[int]:
    """The row ids for those ids of Stash that can be ones, each once, in the given order."""
    return list(dict.fromkeys(n for n in map(row_id, texts) if n is not None))
