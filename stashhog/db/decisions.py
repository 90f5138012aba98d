"""Accepting and rejecting: which changes move, what they take with them, what is remembered.

Rules:
- Only what `domain.plans.may_decide` allows moves, and only that is counted.
- A rejection is remembered as long as its change stays rejected, and beyond its plan.
- Accepting a conflict makes what Stash had the new pre-image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

import orjson
from sqlalchemy import Select, case, delete, func, insert, literal, null, select, tuple_, update
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ValidationError
from stashhog.db.changes import ChangeFilters, filter_conditions
from stashhog.db.foresight import meetings
from stashhog.db.plan_rows import plan_row, settle_plan
from stashhog.db.tables import changes, rejections
from stashhog.db.values import moment_text, row_id, run, to_json
from stashhog.domain.plans import (
    FIELDS,
    ChangeStatus,
    Value,
    movable_to,
    value_key,
)
from stashhog.domain.selections import require_one

DECIDABLE = frozenset({ChangeStatus.PROPOSED, ChangeStatus.ACCEPTED, ChangeStatus.REJECTED})
_VALUE = case((changes.c.action == "remove", changes.c.current), else_=changes.c.proposed)


def decide(
    s: Session,
    plan_id: int,
    status: ChangeStatus,
    *,
    ids: Sequence[int] | None = None,
    filters: ChangeFilters | None = None,
    dry_run: bool = False,
    foresee: bool = False,
    now: datetime,
) -> dict[str, Any]:
    """Move many changes of a plan; returns `{updated, by_field, by_source, meets}`.

    Args:
        s: A Session that writes (or reads, for a dry run).
        plan_id: The plan.
        status: Where to.
        ids: Which changes; those that are not the plan's move nothing.
        filters: Or which changes; one that filters nothing means all.
        dry_run: Only count.
        foresee: Say what a dry run of accepting would meet (`foresight.MEETINGS`).
        now: The present time.

    Raises:
        PlanNotFoundError: there is no such plan.
        ValidationError: `empty_selection`, `ambiguous_selection`, `bad_status`.
    """
    plan_row(s, plan_id)
    require_one(ids=ids, filter=None if filters is None else {"given": filters})
    if status not in DECIDABLE:
        raise ValidationError(f"nobody can decide {status.value}", code="bad_status")
    conditions = filter_conditions(plan_id, filters or ChangeFilters())
    if ids is not None:
        conditions.append(changes.c.id.in_(_listed(ids)))
    movable = [now_.value for now_ in movable_to(status)]
    chosen = select(changes.c.id).where(*conditions, changes.c.status.in_(movable))
    counts = _counted(s, chosen)
    asked = foresee and dry_run and status is ChangeStatus.ACCEPTED
    counts["meets"] = meetings(s, chosen) if asked else None
    if counts["updated"] and not dry_run:
        move(s, chosen, status, now)
        settle_plan(s, plan_id)
    return counts


def _listed(ids: Sequence[int]) -> Select[Any]:
    """Any number of ids as one parameter."""
    each = func.json_each(to_json(list(ids))).table_valued("value")
    return select(each.c.value)


def _counted(s: Session, chosen: Select[Any]) -> dict[str, Any]:
    by_field: Counter[str] = Counter()
    by_source: Counter[str] = Counter()
    pairs = chosen.with_only_columns(changes.c.field, changes.c.source, func.count())
    for field, source, number in s.execute(pairs.group_by(changes.c.field, changes.c.source)):
        by_field[field] += number
        by_source[source] += number
    return {
        "updated": by_field.total(),
        "by_field": dict(by_field),
        "by_source": dict(by_source),
    }


def move(s: Session, chosen: Select[Any], status: ChangeStatus, now: datetime) -> None:
    """Move changes that may move there, and remember or forget rejections; counts are not moved."""
    at = moment_text(now)
    _forget(s, chosen)
    if status is ChangeStatus.REJECTED:
        _remember(s, chosen, at)
    conflict = (changes.c.status == ChangeStatus.CONFLICT.value) & (changes.c.action == "set")
    accepted = status is ChangeStatus.ACCEPTED
    s.execute(
        update(changes)
        .where(changes.c.id.in_(chosen))
        .values(
            current=case((conflict, changes.c.observed), else_=changes.c.current)
            if accepted
            else changes.c.current,
            outcome=null(),
            error_code=null(),
            error_detail=null(),
            changed_at=at,
            status=status.value,
        )
        .execution_options(synchronize_session=False)
    )


def _remember(s: Session, chosen: Select[Any], at: str) -> None:
    wanted = select(
        changes.c.scene_id,
        changes.c.field,
        changes.c.action,
        changes.c.value_key,
        _VALUE,
        literal(at),
    ).where(changes.c.id.in_(chosen))
    names = ["scene_id", "field", "action", "value_key", "value", "created_at"]
    s.execute(insert(rejections).prefix_with("OR IGNORE").from_select(names, wanted))


def _forget(s: Session, chosen: Select[Any]) -> None:
    """Forget the rejections of those that were rejected."""
    what = ("scene_id", "field", "action", "value_key")
    rejected = select(*(changes.c[name] for name in what)).where(
        changes.c.id.in_(chosen), changes.c.status == ChangeStatus.REJECTED.value
    )
    same = tuple_(*(rejections.c[name] for name in what)).in_(rejected)
    s.execute(delete(rejections).where(same).execution_options(synchronize_session=False))


# --- decisions that come back from a file --------------------------------------------------------


LONGEST_LINE = 1 << 20


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of an export; one that is too long for a line comes in pieces, and fails."""
    return iter(lambda: file.readline(LONGEST_LINE), b"")


def check_lines(file: BinaryIO) -> None:
    """Look at all lines of a file, so that a bad one keeps the others from being taken.

    Raises:
        ValidationError: `bad_line`, a line is no line of an export; `empty_file`, there is none.
    """
    empty = True
    for number, line in enumerate(lines_of(file), 1):
        _decision(line, number)
        empty = empty and not line.strip()
    if empty:
        raise ValidationError("there is nothing in the file", code="empty_file")


def import_decisions(s: Session, lines: Iterable[bytes], now: datetime) -> Counter[str]:
    """Bring the decisions of some lines back, matched by scene, field, action and value.

    A change of the very plan and id that the line names goes first; else every change of a plan
    that was not deleted and that says the same. What moves nothing because it stands so already is
    `unchanged`; what nothing matches, or may not move, `unmatched`.

    Raises:
        ValidationError: `bad_line`, a line is no line of an export; nothing was changed.
    """
    counts: Counter[str] = Counter(updated=0, unchanged=0, unmatched=0)
    wanted: dict[int, ChangeStatus] = {}
    touched: set[int] = set()
    for number, line in enumerate(lines, 1):
        decision = _decision(line, number)
        if decision is not None:
            counts[_matched(s, decision, wanted, touched)] += 1
    for status in DECIDABLE:
        ids = [change for change, to in wanted.items() if to is status]
        if ids:
            move(s, select(changes.c.id).where(changes.c.id.in_(_listed(ids))), status, now)
    for plan_id in touched:
        settle_plan(s, plan_id)
    return counts


def _decision(line: bytes, number: int) -> Mapping[str, Any] | None:
    """A line's change; None for an empty line, the plan's own, and what is not decided."""
    if not line.strip():
        return None
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _bad_line(number) from None
    if not isinstance(found, dict):
        raise _bad_line(number)
    if "scene_id" not in found:
        return None
    wrong = (
        not isinstance(found["scene_id"], str)
        or found.get("field") not in FIELDS
        or found.get("action") not in ("set", "add", "remove")
        or not isinstance(found.get("status"), str)
    )
    value = _said(found)
    if wrong or not (value is None or isinstance(value, str | dict)):
        raise _bad_line(number)
    return found if found["status"] in DECIDABLE else None


def _bad_line(number: int) -> ValidationError:
    return ValidationError(f"line {number} is not a line of an exported plan", code="bad_line")


def _said(line: Mapping[str, Any]) -> Value:
    value: Value = line.get("current" if line.get("action") == "remove" else "proposed")
    return value


def _matched(
    s: Session, line: Mapping[str, Any], wanted: dict[int, ChangeStatus], touched: set[int]
) -> str:
    """Note which changes a line moves, and where to; the last line about a change counts."""
    status = ChangeStatus(line["status"])
    field = str(line["field"])
    rows = run(
        s,
        "SELECT c.id, c.plan_id, c.status FROM changes AS c"
        " JOIN plans AS p ON p.id = c.plan_id AND p.deleted_at IS NULL"
        " WHERE c.scene_id = ? AND c.field = ? AND c.action = ? AND c.value_key = ?"
        " ORDER BY c.id",
        (row_id(line["scene_id"]), field, line["action"], value_key(field, _said(line))),
    ).all()
    own = [row for row in rows if (row[0], row[1]) == (line.get("id"), line.get("plan_id"))]
    rows = own or rows
    movable = [row for row in rows if ChangeStatus(row[2]) in movable_to(status)]
    if movable:
        wanted.update((row[0], status) for row in movable)
        touched.update(row[1] for row in movable)
        return "updated"
    return "unchanged" if any(row[2] == status.value for row in rows) else "unmatched"
