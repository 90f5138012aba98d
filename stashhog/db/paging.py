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
    """How a list is sorted: the key's column (None: by id alone), the id's, the direction."""

    name: str
    key: ColumnElement[Any] | None
    id: ColumnElement[Any]
    descending: bool = False
    nullable: bool = False

    @classmethod
    def of(
        cls,
        sort: SortKey,
        columns: Mapping[str, ColumnElement[Any]],
        row_id: ColumnElement[Any],
        *,
        nullable: frozenset[str] = frozenset(),
    ) -> Order:
        """The order for a public sort key; one without a column sorts by the row's id."""
        key = columns.get(sort.name)
        return cls(str(sort), key, row_id, sort.descending, sort.name in nullable)

    def terms(self) -> list[ColumnElement[Any]]:
        """What to order by."""
        if self.key is None:
            return [self.id.desc() if self.descending else self.id.asc()]
        if self.descending:
            return [self.key.desc(), self.id.desc()]
        first = self.key.asc().nulls_last() if self.nullable else self.key.asc()
        return [first, self.id.asc()]

    def position(self, row: Sequence[Any]) -> list[Scalar]:
        """Where a row lies: its key and id, or its id alone."""
        return [row[0]] if self.key is None else [row[1], row[0]]


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
    columns = [order.id] if order.key is None else [order.id, order.key]
    query = query.with_only_columns(*columns, maintain_column_froms=True)
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
    after = encode_cursor(print_, [params.page + 1, *order.position(rows[-1])]) if more else None
    return Walk([row[0] for row in rows], after, params)


def _numbered(params: PaginationParams, number: Any) -> PaginationParams:
    if not isinstance(number, int) or number < 1:
        raise ValidationError("the cursor is damaged", code="bad_cursor")
    return PaginationParams(number, params.size)


def _after(
    s: Session, query: Select[Any], order: Order, position: list[Any], wanted: int
) -> list[Any]:
    expected = 1 if order.key is None else 2
    if len(position) != expected or not isinstance(position[-1], int):
        raise ValidationError("the cursor is damaged", code="bad_cursor")
    if order.key is None:
        beyond = order.id < position[0] if order.descending else order.id > position[0]
        return list(s.execute(query.where(beyond).order_by(*order.terms()).limit(wanted)))
    value, row = position
    rows: list[Any] = []
    if value is not None:
        here, there = tuple_(order.key, order.id), tuple_(value, row)
        beyond = here < there if order.descending else here > there
        terms = order.terms() if order.descending else [order.key.asc(), order.id.asc()]
        rows = list(s.execute(query.where(beyond).order_by(*terms).limit(wanted)))
    if order.nullable and len(rows) < wanted:
        rest = query.where(order.key.is_(None))
        if value is None:
            rest = rest.where(order.id < row if order.descending else order.id > row)
        by_id = order.id.desc() if order.descending else order.id.asc()
        rows += s.execute(rest.order_by(by_id).limit(wanted - len(rows)))
    return rows
