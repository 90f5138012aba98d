"""Which changes of a plan: filters, orders and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import NotFoundError, ValidationError
from stashhog.core.pagination import PaginatedResponse, PaginationParams, SortKey
from stashhog.db.change_rows import change_shapes
from stashhog.db.paging import Order, walk
from stashhog.db.plan_rows import plan_row
from stashhog.db.tables import changes
from stashhog.db.values import row_ids, run
from stashhog.domain.plans import FIELDS, ChangeStatus

CHANGE_SORT_KEYS = ("scene_id", "confidence", "field", "id")
_COLUMNS = {
    "scene_id": (changes.c.scene_id, changes.c.field),
    "confidence": (changes.c.confidence,),
    "field": (changes.c.field,),
}


@dataclass(frozen=True, slots=True)
class ChangeFilters:
    """All that are given must hold; several values of one are alternatives."""

    scene_id: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    min_confidence: float | None = None
    max_confidence: float | None = None


_NAMES = frozenset(one.name for one in fields(ChangeFilters))
_CHOICES: Mapping[str, Sequence[str]] = {
    "field": FIELDS,
    "status": tuple(status.value for status in ChangeStatus),
    "source": ("rule", "learned", "llm"),
}
_BOUNDS = ("min_confidence", "max_confidence")


def change_filters(given: Mapping[str, Any]) -> ChangeFilters:
    """Read the filters of a list or a selection; `{"all": true}` filters nothing.

    Raises:
        ValidationError: `bad_filter`, one that does not exist or has no such value;
            `ambiguous_selection`, all and more; `empty_selection`, a list of nothing.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if said.pop("all", False) is True and said:
        raise ValidationError('{"all": true} stands alone in a filter', code="ambiguous_selection")
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name not in _NAMES:
            raise ValidationError(f"there is no filter {str(name)[:64]!r}", code="bad_filter")
        values[name] = _bound(name, value) if name in _BOUNDS else _choices(name, value)
    return ChangeFilters(**values)


def _bound(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError(f"{name} has to be a number", code="bad_filter")
    return float(value)


def _choices(name: str, value: Any) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValidationError(f"{name} has to be text or a list of texts", code="bad_filter")
    if not words:
        raise ValidationError(f"{name} selects nothing", code="empty_selection")
    choices = _CHOICES.get(name)
    if choices is not None and any(word not in choices for word in words):
        raise ValidationError(f"{name} is one of: {', '.join(choices)}", code="bad_filter")
    return tuple(words)


def filter_conditions(plan_id: int, filters: ChangeFilters) -> list[ColumnElement[bool]]:
    """What the filters ask of a plan's changes."""
    found: list[ColumnElement[bool]] = [changes.c.plan_id == plan_id]
    if filters.scene_id:
        found.append(changes.c.scene_id.in_(row_ids(filters.scene_id)))
    if filters.field:
        found.append(changes.c.field.in_(filters.field))
    if filters.status:
        found.append(changes.c.status.in_(filters.status))
    if filters.source:
        found.append(changes.c.source.in_(filters.source))
    if filters.min_confidence is not None:
        found.append(changes.c.confidence >= filters.min_confidence)
    if filters.max_confidence is not None:
        found.append(changes.c.confidence <= filters.max_confidence)
    return found


def list_changes(
    s: Session,
    plan_id: int,
    filters: ChangeFilters,
    params: PaginationParams,
    sort: SortKey | None,
) -> PaginatedResponse[dict[str, Any]]:
    """One page of a plan's changes; by scene, then field, unless sorted otherwise.

    Raises:
        PlanNotFoundError: there is no such plan.
        ValidationError: `bad_cursor`.
    """
    plan_row(s, plan_id)
    query = select(changes.c.id).where(*filter_conditions(plan_id, filters))
    total = s.execute(query.with_only_columns(func.count())).scalar_one()
    key = sort or SortKey("scene_id")
    bound = {"plan_id": plan_id, **asdict(filters)}
    found = walk(s, query, Order.of(key, _COLUMNS, changes.c.id), params, bound)
    return found.page(change_shapes(s, found.ids), int(total))


def get_change(s: Session, change_id: int) -> dict[str, Any]:
    """One change of a plan that was not deleted.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = run(
        s,
        "SELECT c.id FROM changes AS c JOIN plans AS p ON p.id = c.plan_id"
        " WHERE c.id = ? AND p.deleted_at IS NULL",
        (change_id,),
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError("no change has this id")
    return change_shapes(s, [change_id])[0]
