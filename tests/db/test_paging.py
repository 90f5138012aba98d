"""Walking lists: whatever the rows, the order and the sizes, nothing is left out or told twice."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ValidationError
from stashhog.core.pagination import PaginationParams, SortKey, encode_cursor, list_fingerprint
from stashhog.db.paging import Order, walk

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=True),
    Column("size", Integer, nullable=False),
)
COLUMNS = {"name": things.c.name, "size": things.c.size}
NULLABLE = frozenset({"name"})

names = st.one_of(st.none(), st.sampled_from(["", "a", "A", "é", "zz", "\U0001f600"]))
rows = st.lists(st.tuples(names, st.integers(-3, 3)), max_size=25)
sorts = st.sampled_from(["name", "-name", "size", "-size", "id", "-id"])


@contextmanager
def filled(values: Sequence[tuple[str | None, int]]) -> Generator[Session]:
    engine = create_engine("sqlite://")
    things.metadata.create_all(engine)
    try:
        with Session(engine) as s:
            if values:
                found = [{"id": n, "name": v[0], "size": v[1]} for n, v in enumerate(values, 1)]
                s.execute(insert(things), found)
            yield s
    finally:
        engine.dispose()


def order_of(sort: str) -> Order:
    return Order.of(
        SortKey.parse(sort, ("name", "size", "id")), COLUMNS, things.c.id, nullable=NULLABLE
    )


def expected(values: Sequence[tuple[str | None, int]], sort: str) -> list[int]:
    """What a person would write down: by the key, then by id; rows without a value last."""
    key, down = sort.removeprefix("-"), sort.startswith("-")
    all_rows = [(n, *value) for n, value in enumerate(values, 1)]
    at = {"id": 0, "name": 1, "size": 2}[key]
    having = [row for row in all_rows if row[at] is not None]
    lacking = [row for row in all_rows if row[at] is None]

    def place(row: Any) -> tuple[Any, int]:
        value = row[at].encode() if isinstance(row[at], str) else row[at]
        return value, row[0]

    return [
        row[0]
        for part, by in ((having, place), (lacking, lambda row: row[0]))
        for row in sorted(part, key=by, reverse=down)
    ]


@settings(max_examples=150)
@given(rows, sorts, st.integers(1, 7))
def test_cursors_and_pages_give_the_same_whole_list(
    values: list[tuple[str | None, int]], sort: str, size: int
) -> None:
    with filled(values) as s:
        by_cursor, by_page = list[int](), list[int]()
        cursor, number = None, 1
        while True:
            found = walk(s, select(things.c.id), order_of(sort), _params(number, size, cursor), {})
            assert found.params.page == number
            by_cursor += found.ids
            by_page += walk(s, select(things.c.id), order_of(sort), _params(number, size), {}).ids
            number, cursor = number + 1, found.next_cursor
            if cursor is None:
                break
            assert len(found.ids) == size
        assert by_cursor == by_page == expected(values, sort)


@settings(max_examples=100)
@given(rows.filter(lambda values: len(values) > 2), sorts, st.data())
def test_rows_that_come_and_go_move_no_other_over_a_cursor(
    values: list[tuple[str | None, int]], sort: str, data: st.DataObject
) -> None:
    with filled(values) as s:
        first = walk(s, select(things.c.id), order_of(sort), _params(1, 2), {})
        gone = data.draw(st.sampled_from(first.ids))
        s.execute(things.delete().where(things.c.id == gone))
        rest = walk(s, select(things.c.id), order_of(sort), _params(1, 500, first.next_cursor), {})
        assert rest.ids == [row for row in expected(values, sort) if row not in first.ids]


@settings(max_examples=200)
@given(
    sorts,
    st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda b: b.decode("latin-1"))),
)
def test_noise_is_no_cursor(sort: str, noise: str) -> None:
    with filled([("a", 1)]) as s, pytest.raises(ValidationError) as refused:
        walk(s, select(things.c.id), order_of(sort), _params(1, 2, noise or "x"), {})
    assert refused.value.public_code == "bad_cursor"


@pytest.mark.parametrize("sort", ["name", "-name", "size", "id"])
@pytest.mark.parametrize("value", [[], {}, 2**70, -(2**70), "\ud800", [1]])
def test_a_cursor_that_somebody_made_up_is_refused(sort: str, value: Any) -> None:
    print_ = list_fingerprint(order_of(sort).name, {})
    for position in ([1, value, 2], [1, "a", value], [1, value], [value, "a", 2]):
        cursor = encode_cursor(print_, position)
        with filled([("a", 1), (None, 2)]) as s, pytest.raises(ValidationError) as refused:
            walk(s, select(things.c.id), order_of(sort), _params(1, 2, cursor), {})
        assert refused.value.public_code == "bad_cursor"


def test_a_cursor_belongs_to_its_order_and_filters() -> None:
    with filled([("a", 1)] * 5) as s:
        first = walk(s, select(things.c.id), order_of("name"), _params(1, 2), {"q": "x"})
        for sort, filters in (("-name", {"q": "x"}), ("name", {"q": "y"}), ("name", {})):
            with pytest.raises(ValidationError, match="another list"):
                walk(
                    s,
                    select(things.c.id),
                    order_of(sort),
                    _params(1, 2, first.next_cursor),
                    filters,
                )


def _params(page: int, size: int, cursor: str | None = None) -> PaginationParams:
    return PaginationParams(1 if cursor else page, size, cursor)
