from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.plans import (
    DECISIONS,
    OUTCOMES,
    ChangeStatus,
    NewChange,
    PlanStatus,
    may_decide,
    movable_to,
    same_value,
    settled_status,
    value_key,
)

STATUSES = st.sampled_from(ChangeStatus)


@given(STATUSES, STATUSES)
def test_the_two_readings_of_the_decision_table_agree(now: ChangeStatus, wanted: ChangeStatus):
    assert may_decide(now, wanted) == (now in movable_to(wanted))


def test_what_was_written_to_stash_cannot_be_decided_away():
    for status in (ChangeStatus.APPLYING, ChangeStatus.APPLIED, ChangeStatus.UNDO_CONFLICT):
        assert status not in DECISIONS


def test_a_conflict_can_be_accepted_or_rejected_but_not_proposed_again():
    decisions = DECISIONS[ChangeStatus.CONFLICT]
    assert decisions == {ChangeStatus.ACCEPTED, ChangeStatus.REJECTED}


def test_only_accepted_changes_are_applied():
    into_applied = {s for s, to in OUTCOMES.items() if ChangeStatus.APPLIED in to}
    assert into_applied == {ChangeStatus.ACCEPTED, ChangeStatus.APPLYING}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, PlanStatus.REVIEWING),
        ({"proposed": 3, "accepted": 1}, PlanStatus.REVIEWING),
        ({"rejected": 3}, PlanStatus.REVIEWING),
        ({"applied": 1}, PlanStatus.APPLIED),
        ({"applied": 1, "rejected": 2}, PlanStatus.APPLIED),
        ({"applied": 1, "proposed": 1}, PlanStatus.PARTIALLY_APPLIED),
        ({"applied": 1, "conflict": 1}, PlanStatus.PARTIALLY_APPLIED),
        ({"applied": 1, "failed": 1}, PlanStatus.PARTIALLY_APPLIED),
        ({"conflict": 2}, PlanStatus.PARTIALLY_APPLIED),
        ({"undone": 2}, PlanStatus.UNDONE),
        ({"undone": 2, "proposed": 1}, PlanStatus.UNDONE),
        ({"undone": 2, "applied": 1}, PlanStatus.APPLIED),
        ({"undone": 2, "undo_conflict": 1}, PlanStatus.APPLIED),
    ],
)
def test_a_plans_status_follows_from_its_changes(counts: dict[str, int], expected: PlanStatus):
    assert settled_status(counts, PlanStatus.REVIEWING) is expected


def test_a_draft_stays_a_draft_until_its_analysis_ends():
    assert settled_status({"proposed": 1}, PlanStatus.DRAFT) is PlanStatus.DRAFT


def test_a_cancelled_analysis_leaves_a_cancelled_plan():
    assert settled_status({"proposed": 1}, PlanStatus.CANCELLED) is PlanStatus.CANCELLED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, "", True),
        (" A title ", "A title", True),
        ("Ame\u0301lie", "Am\u00e9lie", True),
        ("a", "A", False),
        ({"id": "1", "name": "a"}, {"id": "1", "name": "b"}, True),
        ({"id": "1", "name": "a"}, {"id": "2", "name": "a"}, False),
        ({"id": None, "name": "a"}, {"id": None, "name": "a"}, True),
        ({"id": None, "name": "a"}, {"id": None, "name": "b"}, False),
        (None, {"id": "1", "name": "a"}, False),
        ({"id": "1", "name": "a"}, None, False),
    ],
)
def test_values_are_compared_as_stash_keeps_them(one: object, other: object, *, same: bool):
    assert same_value(one, other) is same


def test_a_new_entity_is_the_same_in_any_spelling_of_its_name():
    full_width = {"id": None, "name": "\uff21nna  Lee"}
    assert value_key("tags", full_width) == value_key("tags", {"id": None, "name": "anna lee"})


def test_a_removal_is_known_by_what_it_removes():
    change = NewChange(
        "1", "tags", "remove", {"id": "5", "name": "x"}, None, 0.9, "rule", "because"
    )
    assert change.value_key == "id:5"
