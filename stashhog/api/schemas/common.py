"""The shapes that all routes share: errors, lists, and ids within the bounds of the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from stashhog.api.contract import QueryModel
from stashhog.api.converters import MAX_ID
from stashhog.core.exceptions import ValidationError
from stashhog.core.pagination import DEFAULT_SIZE, MAX_SIZE, PaginationParams, SortKey

T = TypeVar("T")

RowId = Annotated[int, Field(ge=1, le=MAX_ID)]
"""A plan's or change's id in a body or query."""

StashId = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}$")]
"""An id of Stash in a body or query."""


def _dated(text: object) -> object:
    """Pydantic takes any number for seconds since 1970."""
    if isinstance(text, str) and not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("no instant like 2024-05-06T07:08:09Z")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_dated)]
"""An instant in a body or query, as RFC 3339 writes it."""

_MAX_PAGE = 2**53


class ApiModel(BaseModel):
    """Base of all response models; it documents, and while testing it is held to."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldProblem(ApiModel):
    """One thing that is wrong with a request."""

    loc: Sequence[str | int]
    msg: str
    type: str


class ErrorResponse(BaseModel):
    """An error: a problem document (RFC 9457). Some carry further members, as their route says."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, snake_case.", examples=["not_found"])
    request_id: str
    errors: Sequence[FieldProblem] | None = Field(
        None, description="With a 422: what is wrong where."
    )


class SuccessResponse(ApiModel):
    """Something was done and there is nothing else to say."""

    ok: bool = True


class Page(ApiModel, Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    total: int
    page: int
    size: int
    pages: int
    next_cursor: str | None


class ListQuery(QueryModel):
    """What every list understands; inherit it and add the list's own filters.

    `sort_keys` are what the list can be sorted by; where there are none, it has one order.
    """

    sort_keys: ClassVar[Sequence[str]] = ()

    page: int | None = Field(None, ge=1, le=_MAX_PAGE)
    size: int = Field(DEFAULT_SIZE, ge=1, le=MAX_SIZE)
    sort: str | None = Field(None, max_length=64, description="A sort key; `-key` is descending.")
    cursor: str | None = Field(
        None, description="`next_cursor` of a former page, in place of `page`."
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described = handler.resolve_ref_schema(handler(schema))
        sort = described["properties"].pop("sort")
        if cls.sort_keys:
            names = [name for key in cls.sort_keys for name in (key, f"-{key}")]
            sort["anyOf"] = [{"type": "string", "enum": names}]
            described["properties"]["sort"] = sort
        return described

    def params(self) -> PaginationParams:
        """Where in the list to look.

        Raises:
            ValidationError: `bad_cursor`, page and cursor were both given.
        """
        if self.cursor is not None and self.page is not None:
            raise ValidationError("give a page or a cursor, not both", code="bad_cursor")
        return PaginationParams(self.page or 1, self.size, self.cursor)

    def sort_key(self) -> SortKey | None:
        """The order that was asked for, or None for the list's own.

        Raises:
            ValidationError: `bad_sort`, the list has no such key.
        """
        return None if self.sort is None else SortKey.parse(self.sort, self.sort_keys)

    def filters(self) -> dict[str, Any]:
        """The list's own filters that were given, by name."""
        common = frozenset(ListQuery.model_fields)
        return self.model_dump(exclude=set(common), exclude_none=True, exclude_unset=True)
