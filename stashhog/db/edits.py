"""One change decided or edited by a person, checked as a detector's value would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ConflictError, ValidationError
from stashhog.db.change_rows import change_values
from stashhog.db.changes import get_change
from stashhog.db.decisions import DECIDABLE, move
from stashhog.db.entities import entities_named, entity_by_id
from stashhog.db.plan_rows import plan_row, settle_plan
from stashhog.db.tables import changes
from stashhog.db.values import clean, moment_text, row_id, run, to_json
from stashhog.domain.library import Entity, EntityKind
from stashhog.domain.plans import (
    ENTITY_FIELDS,
    Change,
    ChangeStatus,
    Value,
    may_decide,
    name_key,
    value_key,
)


class Unset:
    """Says that a value was not given, where None is a value."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()

MAX_CHARACTERS: Mapping[str, int] = {"title": 1000, "details": 100_000, "date": 10}
NAME_CHARACTERS = 500
_WRITTEN = frozenset({ChangeStatus.APPLYING, ChangeStatus.APPLIED, ChangeStatus.UNDO_CONFLICT})
_DATE_LENGTHS = {4: "-01-01", 7: "-01", 10: ""}
_CREATE = {"performer": "performers", "tag": "tags", "studio": "studios"}


def edit_change(
    s: Session,
    change_id: int,
    status: ChangeStatus | None = None,
    proposed: Any = UNSET,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Give a change another value, decide it, or both; returns it.

    Raises:
        NotFoundError: there is no such change, or its plan was deleted.
        ConflictError: `change_applied`, it was written or is being written; `bad_transition`, it
            may not move there.
        ValidationError: `bad_value`, `not_in_vocabulary`, `bad_status`.
    """
    get_change(s, change_id)
    change = change_values(s, [change_id])[change_id]
    if change.status in _WRITTEN and (not isinstance(proposed, Unset) or status is not None):
        raise ConflictError(
            "this change was written to Stash; undo it first", code="change_applied"
        )
    if not isinstance(proposed, Unset):
        _edit(s, change, proposed, now)
    if status is not None and status is not change.status:
        if status not in DECIDABLE:
            raise ValidationError(f"nobody can decide {status.value}", code="bad_status")
        if not may_decide(change.status, status):
            raise ConflictError(
                f"a change that is {change.status.value} cannot become {status.value}",
                code="bad_transition",
            )
        move(s, select(changes.c.id).where(changes.c.id == change_id), status, now)
    settle_plan(s, change.plan_id)
    return get_change(s, change_id)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A value that may stand in a change; `creates` where its entity does not exist."""

    value: Value
    creates: bool = False


def _edit(s: Session, change: Change, proposed: Any, now: datetime) -> None:
    if change.action == "remove":
        raise _bad("what a change removes cannot be edited; reject it")
    kind = ENTITY_FIELDS.get(change.field)
    if kind is None:
        checked = _Checked(_checked_text(change.field, proposed))
    else:
        checked = _checked_entity(s, change.plan_id, kind, proposed)
    rejected = change.status is ChangeStatus.REJECTED
    mine = select(changes.c.id).where(changes.c.id == change.id)
    if rejected:
        move(s, mine, ChangeStatus.PROPOSED, now)
    run(
        s,
        "UPDATE changes SET proposed = ?, value_key = ?, creates_entity = ?, edited = 1,"
        " changed_at = ? WHERE id = ?",
        (
            to_json(checked.value),
            value_key(change.field, checked.value),
            int(checked.creates),
            moment_text(now),
            change.id,
        ),
    )
    if rejected:
        move(s, mine, ChangeStatus.REJECTED, now)


def _bad(detail: str) -> ValidationError:
    return ValidationError(detail, code="bad_value")


def _checked_text(field: str, proposed: Any) -> str:
    if not isinstance(proposed, str):
        raise _bad(f"{field} takes text")
    text = proposed.strip()
    if not text:
        raise _bad(f"{field} cannot be empty")
    if len(text) > MAX_CHARACTERS[field]:
        raise _bad(f"{field} has at most {MAX_CHARACTERS[field]} characters")
    if "\0" in text or text != clean(text):
        raise _bad(f"{field} holds characters that are none")
    if field == "date" and not is_date(text):
        raise _bad("a date is YYYY-MM-DD, YYYY-MM or YYYY, and a day of the calendar")
    return text


def is_date(text: str) -> bool:
    """Whether a text is a day, a month or a year of the calendar, as Stash writes them."""
    rest = _DATE_LENGTHS.get(len(text))
    if rest is None or not text.isascii() or not text.replace("-", "").isdigit():
        return False
    try:
        return date.fromisoformat(text + rest).isoformat() == text + rest
    except ValueError:
        return False


def _checked_entity(s: Session, plan_id: int, kind: EntityKind, proposed: Any) -> _Checked:
    """Find the entity that `{id}` or `{name}` means.

    Raises:
        ValidationError: `bad_value`; `not_in_vocabulary`, there is none and the plan makes none.
    """
    if not isinstance(proposed, Mapping):
        raise _bad(f"a {kind} is named by id or by name")
    wanted, name = proposed.get("id"), proposed.get("name")
    if isinstance(wanted, str):
        number = row_id(wanted)
        found = None if number is None else entity_by_id(s, kind, number)
        if found is None:
            raise _unknown(kind, wanted)
        return _Checked(_value(found))
    if wanted is not None or not isinstance(name, str) or not name_key(name):
        raise _bad(f"a {kind} is named by id or by name")
    if len(name) > NAME_CHARACTERS or "\0" in name or name != clean(name):
        raise _bad(f"this is no name of a {kind}")
    return _named(s, plan_id, kind, " ".join(name.split()))


def _named(s: Session, plan_id: int, kind: EntityKind, name: str) -> _Checked:
    found = entities_named(s, kind, name)
    if len(found) > 1:
        raise ValidationError(
            f"several {kind}s are called {name[:64]!r}; name one by id", code="not_in_vocabulary"
        )
    if found:
        return _Checked(_value(found[0]))
    if not may_create(plan_row(s, plan_id).options, kind):
        raise _unknown(kind, name)
    return _Checked({"id": None, "name": name}, creates=True)


def may_create(options: Mapping[str, Any], kind: EntityKind) -> bool:
    """Whether a plan's options let it make new entities of a kind."""
    allowed = options.get("create_missing")
    if isinstance(allowed, Mapping):
        return bool(allowed.get(_CREATE[kind]))
    return bool(allowed)


def _value(entity: Entity) -> Value:
    return {"id": entity.id, "name": entity.name}


def _unknown(kind: EntityKind, what: str) -> ValidationError:
    return ValidationError(
        f"Stash has no {kind} {what[:64]!r}, and this plan makes no new ones",
        code="not_in_vocabulary",
    )
