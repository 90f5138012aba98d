"""Plans and their changes: what a decision, an apply and an undo may do to them.

Rules:
- Everything that moves a change's status is in `DECISIONS` and `OUTCOMES`.
- A plan's status is derived from the counts of its changes once its analysis has ended.
- A rejection is remembered by (scene, field, action, value key) and outlives its plan.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field as attribute
from enum import StrEnum
from typing import Any, Literal

from stashhog.domain.library import EntityKind

Field = Literal["title", "date", "details", "studio", "performers", "tags"]
FIELDS: tuple[Field, ...] = ("title", "date", "details", "studio", "performers", "tags")
SCALAR_FIELDS: frozenset[str] = frozenset({"title", "date", "details", "studio"})
TEXT_FIELDS: frozenset[str] = frozenset({"title", "date", "details"})
LIST_FIELDS: frozenset[str] = frozenset({"performers", "tags"})
ENTITY_FIELDS: Mapping[str, EntityKind] = {
    "studio": "studio",
    "performers": "performer",
    "tags": "tag",
}

Action = Literal["set", "add", "remove"]
Source = Literal["rule", "learned", "llm"]

Value = str | Mapping[str, Any] | None
"""Text for text fields; `{"id": str | None, "name": str}` for studio, performers and tags."""


class PlanStatus(StrEnum):
    """Where a plan stands; stable and public."""

    DRAFT = "draft"
    REVIEWING = "reviewing"
    CANCELLED = "cancelled"
    APPLYING = "applying"
    APPLIED = "applied"
    PARTIALLY_APPLIED = "partially_applied"
    UNDONE = "undone"


class ChangeStatus(StrEnum):
    """Where a change stands; stable and public."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    APPLYING = "applying"
    APPLIED = "applied"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNDONE = "undone"
    UNDO_CONFLICT = "undo_conflict"


DECISIONS: Mapping[ChangeStatus, frozenset[ChangeStatus]] = {
    ChangeStatus.PROPOSED: frozenset({ChangeStatus.ACCEPTED, ChangeStatus.REJECTED}),
    ChangeStatus.ACCEPTED: frozenset({ChangeStatus.PROPOSED, ChangeStatus.REJECTED}),
    ChangeStatus.REJECTED: frozenset({ChangeStatus.PROPOSED, ChangeStatus.ACCEPTED}),
    ChangeStatus.CONFLICT: frozenset({ChangeStatus.ACCEPTED, ChangeStatus.REJECTED}),
    ChangeStatus.FAILED: frozenset({ChangeStatus.ACCEPTED, ChangeStatus.REJECTED}),
    ChangeStatus.UNDONE: frozenset({ChangeStatus.ACCEPTED, ChangeStatus.REJECTED}),
}
"""What a person may move (PATCH): from → to."""

OUTCOMES: Mapping[ChangeStatus, frozenset[ChangeStatus]] = {
    ChangeStatus.ACCEPTED: frozenset(
        {
            ChangeStatus.APPLYING,
            ChangeStatus.APPLIED,
            ChangeStatus.CONFLICT,
            ChangeStatus.FAILED,
        }
    ),
    ChangeStatus.APPLYING: frozenset(
        {
            ChangeStatus.ACCEPTED,
            ChangeStatus.APPLIED,
            ChangeStatus.CONFLICT,
            ChangeStatus.FAILED,
        }
    ),
    ChangeStatus.APPLIED: frozenset({ChangeStatus.UNDONE, ChangeStatus.UNDO_CONFLICT}),
    ChangeStatus.UNDO_CONFLICT: frozenset({ChangeStatus.UNDONE, ChangeStatus.UNDO_CONFLICT}),
}
"""What an apply or undo job may move: from → to."""


def may_decide(now: ChangeStatus, wanted: ChangeStatus) -> bool:
    """Whether a person may move a change there."""
    return wanted in DECISIONS.get(now, frozenset())


def movable_to(wanted: ChangeStatus) -> frozenset[ChangeStatus]:
    """All statuses from which a decision may reach `wanted`."""
    return frozenset(now for now, targets in DECISIONS.items() if wanted in targets)


@dataclass(frozen=True, slots=True)
class ChangeError:
    """Why a change failed: a stable code (`gone`, `stash_rejected`, …) and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change as an analysis proposes it.

    `current` is the pre-image: what Stash had for this field when the scene was read (None for an
    `add`). `entity_id` names the performer, tag or studio where it exists.
    """

    scene_id: str
    field: Field
    action: Action
    current: Value
    proposed: Value
    confidence: float
    source: Source
    reason: str
    evidence: Mapping[str, Any] = attribute(default_factory=dict)
    creates_entity: bool = False

    @property
    def value_key(self) -> str:
        """What rejections and duplicates are matched by."""
        return value_key(self.field, self.proposed if self.action != "remove" else self.current)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as an apply or undo job sees it.

    `written` is the value that Stash answered after our write (None where we wrote nothing).
    """

    id: int
    plan_id: int
    scene_id: str
    field: Field
    action: Action
    current: Value
    proposed: Value
    status: ChangeStatus
    written: Value = None
    outcome: Literal["sent", "already"] | None = None


def normal_text(text: str | None) -> str:
    """Text as it is compared: NFC, without white space at the ends; None is empty."""
    return unicodedata.normalize("NFC", text or "").strip()


def name_key(name: str) -> str:
    """An entity's name as it is matched for sameness: NFKC, casefold, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def value_key(field_name: str, value: Value) -> str:
    """The identity of a value within its field: `id:…` for known entities, else its text."""
    if isinstance(value, Mapping):
        if value.get("id") is not None:
            return f"id:{value['id']}"
        return f"name:{name_key(str(value.get('name') or ''))}"
    text = normal_text(value)
    return f"text:{name_key(text) if field_name == 'title' else text}"


def same_value(one: Value, other: Value) -> bool:
    """Whether two values of a scalar field are the same to Stash."""
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        first = one.get("id") if isinstance(one, Mapping) else None
        second = other.get("id") if isinstance(other, Mapping) else None
        return first == second and (first is not None or one == other)
    return normal_text(one) == normal_text(other)


def settled_status(counts: Mapping[str, int], base: PlanStatus) -> PlanStatus:
    """A plan's status when no job works on it, from its change counts.

    Args:
        counts: Change status → how many.
        base: `reviewing`, or `cancelled` where the analysis was cancelled.
    """
    if base is PlanStatus.DRAFT:
        return base

    def number(*statuses: ChangeStatus) -> int:
        return sum(counts.get(status, 0) for status in statuses)

    left = number(
        ChangeStatus.PROPOSED,
        ChangeStatus.ACCEPTED,
        ChangeStatus.APPLYING,
        ChangeStatus.CONFLICT,
        ChangeStatus.FAILED,
    )
    if number(ChangeStatus.APPLIED, ChangeStatus.UNDO_CONFLICT):
        return PlanStatus.PARTIALLY_APPLIED if left else PlanStatus.APPLIED
    if number(ChangeStatus.UNDONE):
        return PlanStatus.UNDONE
    if number(ChangeStatus.CONFLICT, ChangeStatus.FAILED, ChangeStatus.APPLYING):
        return PlanStatus.PARTIALLY_APPLIED
    return base
