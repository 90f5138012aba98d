"""Walking a list: by page number through an index, by cursor from where the last page ended.

Rules:
- Every order ends in the row's id, both in the same direction; rows without a value come last
  whichever the direction.
- A cursor holds the last row's sort value and id, and the page number that comes next; it is bound
  to the order and the filters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ValidationError
from stashhog.core.pagination import (
    PaginatedResponse,
    PaginationParams,
    SortKey,
    decode_cursor,
    encode_cursor,
    list_fingerprint,
    paginate,
)

T = TypeVar("T")

Scalar = str | int | float | None
MAX_OFFSET = 2**62
"""Beyond SQLite's integers there is no row either."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by columns (none: by id alone), then by id, all in one direction.

    `nullable` is for an order by one column that may have no value.
    """

    name: str
    keys: tuple[ColumnElement[Any], ...]
    id: ColumnElement[Any]
    descending: bool = False
    nullable: bool = False

    @classmethod
    def of(
        cls,
        sort: SortKey,
        columns: Mapping[str, tuple[ColumnElement[Any], ...] | ColumnElement[Any]],
        row_id: ColumnElement[Any],
        *,
        nullable: frozenset[str] = frozenset(),
    ) -> Order:
        """The order for a public sort key; one without columns sorts by the row's id."""
        found = columns.get(sort.name, ())
        keys = found if isinstance(found, tuple) else (found,)
        return cls(str(sort), keys, row_id, sort.descending, sort.name in nullable)

    def terms(self) -> list[ColumnElement[Any]]:
        """What to order by."""
        if self.descending:
            return [column.desc() for column in (*self.keys, self.id)]
        if self.nullable:
            return [self.keys[0].asc().nulls_last(), self.id.asc()]
        return [column.asc() for column in (*self.keys, self.id)]

    def beyond(self, values: Sequence[Scalar]) -> ColumnElement[bool]:
        """Whether a row comes after these values of the keys and the id."""
        here, there = tuple_(*self.keys, self.id), tuple_(*values)
        return here < there if self.descending else here > there


@dataclass(frozen=True, slots=True)
class Walk:
    """The ids of one page in order, and how to go on."""

    ids: list[int]
    next_cursor: str | None
    params: PaginationParams

    def page(self, items: Sequence[T], total: int) -> PaginatedResponse[T]:
        """Wrap the rows that belong to the ids."""
        return paginate(items, total, self.params, self.next_cursor)


def walk(
    s: Session,
    query: Select[Any],
    order: Order,
    params: PaginationParams,
    filters: Mapping[str, Any],
) -> Walk:
    """Find the ids of one page.

    Args:
        s: A Session.
        query: Selects the ids that the filters leave, without an order.
        order: The list's order.
        params: Which page.
        filters: What the cursor is bound to.

    Raises:
        ValidationError: `bad_cursor`.
    """
    query = query.with_only_columns(order.id, *order.keys, maintain_column_froms=True)
    print_ = list_fingerprint(order.name, filters)
    wanted = params.size + 1
    if params.cursor is None:
        offset = min(params.offset, MAX_OFFSET)
        page = query.order_by(*order.terms()).limit(wanted).offset(offset)
        rows = list(s.execute(page))
    else:
        number, *position = decode_cursor(params.cursor, print_)
        params = _numbered(params, number)
        rows = _after(s, query, order, position, wanted)
    more = len(rows) > params.size
    rows = rows[: params.size]
    after = None
    if more:
        last, *values = rows[-1]
        after = encode_cursor(print_, [params.page + 1, *values, last])
    return Walk([row[0] for row in rows], after, params)


def _numbered(params: PaginationParams, number: Any) -> PaginationParams:
    if not isinstance(number, int) or not 1 <= number <= MAX_OFFSET:
        raise ValidationError("the cursor is damaged", code="bad_cursor")
    return PaginationParams(number, params.size)


def _may_be_stored(value: Any) -> bool:
    """Whether a row can have this value; a cursor that somebody made up may hold anything."""
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
    return value is None or isinstance(value, float)


def _after(
    s: Session, query: Select[Any], order: Order, position: list[Any], wanted: int
) -> list[Any]:
    *values, row = position or [None]
    fits = len(values) == len(order.keys) and isinstance(row, int)
    if not fits or not all(_may_be_stored(value) for value in position):
        raise ValidationError("the cursor is damaged", code="bad_cursor")
    rows: list[Any] = []
    if None not in values:
        terms = [c.desc() if order.descending else c.asc() for c in (*order.keys, order.id)]
        beyond = query.where(order.beyond([*values, row]))
        rows = list(s.execute(beyond.order_by(*terms).limit(wanted)))
    if order.nullable and len(rows) < wanted:
        rest = query.where(order.keys[0].is_(None))
        if None in values:
            rest = rest.where(order.id < row if order.descending else order.id > row)
        by_id = order.id.desc() if order.descending else order.id.asc()
        rows += s.execute(rest.order_by(by_id).limit(wanted - len(rows)))
    return rows
