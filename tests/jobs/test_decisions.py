"""Decisions about many changes at once, against a model of what each of them may do."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from stashhog.core.exceptions import ValidationError
from stashhog.core.pagination import PaginationParams
from stashhog.db.changes import ChangeFilters, change_filters
from stashhog.db.decisions import DECIDABLE, decide, import_decisions
from stashhog.db.plan_rows import PlanRow, plan_row
from stashhog.db.plans import list_rejections
from stashhog.domain.plans import DECISIONS, ChangeStatus
from tests.jobs.changes import full_set, title
from tests.jobs.desk import Desk

SEED, STEPS = 4711, 120


def now() -> datetime:
    return datetime.now(UTC)


async def rejections(at: Desk) -> set[tuple[str, str, str]]:
    page = await at.db.read(list_rejections, None, None, PaginationParams(size=500))
    return {(one["scene_id"], one["field"], str(one["value"])) for one in page.items}


def key(change: dict[str, Any]) -> tuple[str, str, str]:
    return change["scene_id"], change["field"], str(change["proposed"])


def chosen_by(chance: random.Random, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """A filter, or ids of this plan and of none."""
    if chance.random() < 0.4:
        some = chance.sample(changes, chance.randrange(1, len(changes)))
        return {"ids": [*(change["id"] for change in some), 10_000]}
    given: dict[str, Any] = {}
    if chance.random() < 0.5:
        given["field"] = chance.sample(["title", "date", "tags"], 2)
    if chance.random() < 0.5:
        given["scene_id"] = [chance.choice("123")]
    if chance.random() < 0.3:
        given["status"] = chance.sample(["proposed", "rejected", "accepted"], 2)
    if chance.random() < 0.3:
        given["min_confidence"] = chance.choice([0.5, 0.9, 0.91])
    return {"filters": change_filters(given or {"all": True})}


def is_chosen(change: dict[str, Any], selection: dict[str, Any]) -> bool:
    if "ids" in selection:
        return change["id"] in selection["ids"]
    filters: ChangeFilters = selection["filters"]
    return (
        (not filters.field or change["field"] in filters.field)
        and (not filters.scene_id or change["scene_id"] in filters.scene_id)
        and (not filters.status or change["status"] in filters.status)
        and change["confidence"] >= (filters.min_confidence or 0)
    )


async def test_any_history_of_decisions_moves_what_may_move_and_remembers_what_is_rejected(
    at: Desk,
) -> None:
    chance = random.Random(SEED)
    plan_id = await at.plan(*full_set("1"), *full_set("2"), title("3"), accept=False)
    for _ in range(STEPS):
        changes = await at.changes(plan_id)
        selection = chosen_by(chance, changes)
        to = chance.choice(sorted(DECIDABLE))
        moving = [
            change
            for change in changes
            if is_chosen(change, selection)
            and to in DECISIONS.get(ChangeStatus(change["status"]), ())
        ]
        counted = await at.db.read(decide, plan_id, to, dry_run=True, now=now(), **selection)
        assert await at.changes(plan_id) == changes
        told = await at.db.write(decide, plan_id, to, now=now(), **selection)
        assert told == counted
        assert told["updated"] == len(moving)
        assert told["by_field"] == Counter(change["field"] for change in moving)
        moved = {change["id"] for change in moving}
        after = await at.changes(plan_id)
        assert [(c["id"], c["status"]) for c in after] == [
            (c["id"], to.value if c["id"] in moved else c["status"]) for c in changes
        ]
        plan: PlanRow = await at.db.read(plan_row, plan_id)
        assert plan.counts == Counter(change["status"] for change in after)
        assert await rejections(at) == {key(c) for c in after if c["status"] == "rejected"}


async def test_decisions_come_back_from_a_file_to_the_same_changes_of_another_plan(
    at: Desk,
) -> None:
    first = await at.plan(*full_set("1"), title("2"), accept=False)
    ids = [change["id"] for change in await at.changes(first)]
    await at.decide(first, ChangeStatus.ACCEPTED, ids[:3])
    lines = [orjson.dumps({**change, "plan_id": 99}) for change in await at.changes(first)]
    lines += [b"", orjson.dumps({"id": 99, "name": "a plan"})]
    await at.decide(first, ChangeStatus.PROPOSED)

    counts = await at.db.write(import_decisions, lines, now())
    assert counts == {"updated": 3, "unchanged": 3, "unmatched": 0}
    assert Counter(await at.statuses(first)) == {"accepted": 3, "proposed": 3}
    again = await at.db.write(import_decisions, lines, now())
    assert again == {"updated": 0, "unchanged": 6, "unmatched": 0}
    elsewhere = orjson.dumps({**orjson.loads(lines[0]), "scene_id": "77"})
    assert (await at.db.write(import_decisions, [elsewhere], now()))["unmatched"] == 1


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"scene_id": 1}', b'{"scene_id": "1", "field": "rating", "action": "set"}'],
)
async def test_one_bad_line_keeps_all_others_out(at: Desk, line: bytes) -> None:
    plan_id = await at.plan(title("1"), accept=False)
    (change,) = await at.changes(plan_id)
    good = orjson.dumps({**change, "status": "accepted"})
    with pytest.raises(ValidationError) as caught:
        await at.db.write(import_decisions, [good, line], now())
    assert caught.value.public_code == "bad_line"
    assert "line 2" in caught.value.detail
    assert await at.statuses(plan_id) == ["proposed"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"all": True, "field": "title"}, "ambiguous_selection"),
        ({"colour": "red"}, "bad_filter"),
        ({"field": "rating"}, "bad_filter"),
        ({"status": ["done"]}, "bad_filter"),
        ({"scene_id": []}, "empty_selection"),
        ({"scene_id": [1]}, "bad_filter"),
        ({"min_confidence": True}, "bad_filter"),
        ({"max_confidence": "much"}, "bad_filter"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        change_filters(given)
    assert caught.value.public_code == code
