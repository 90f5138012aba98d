"""What an analysis found is proposed once, and never what a person rejected."""

from __future__ import annotations

from typing import Any

from stashhog.core.pagination import PaginationParams
from stashhog.db.plans import delete_plan, delete_rejection, get_plan, list_rejections
from stashhog.domain.plans import ChangeStatus
from tests.jobs.changes import full_set, new_change, title
from tests.jobs.desk import Desk


async def shape(at: Desk, plan_id: int) -> dict[str, Any]:
    return await at.db.read(get_plan, plan_id)


async def fields(at: Desk, plan_id: int) -> list[str]:
    return sorted(change["field"] for change in await at.changes(plan_id))


async def test_what_was_rejected_is_left_out_until_that_is_forgotten(at: Desk) -> None:
    first = await at.plan(*full_set("1"), accept=False)
    (name,) = [c["id"] for c in await at.changes(first) if c["field"] == "title"]
    await at.decide(first, ChangeStatus.REJECTED, [name])
    await at.db.write(delete_plan, first)
    second = await at.plan(*full_set("1"), accept=False)
    assert await fields(at, second) == ["date", "performers", "studio", "tags"]
    plan = await shape(at, second)
    assert (plan["changes"], plan["skipped"]) == (4, {"rejected": 1})
    other = await at.plan(new_change("1", "title", "Another title", current=""), accept=False)
    assert await fields(at, other) == ["title"]
    page = await at.db.read(list_rejections, "1", "title", PaginationParams())
    (remembered,) = page.items
    await at.db.write(delete_rejection, remembered["id"])
    assert await fields(at, await at.plan(title("1"), accept=False)) == ["title"]


async def test_what_another_plan_proposes_or_accepted_is_left_out_and_what_it_did_is_not(
    at: Desk,
) -> None:
    first = await at.plan(title("1"), title("2"), title("3"), accept=False)
    ids = [change["id"] for change in await at.changes(first)]
    await at.decide(first, ChangeStatus.ACCEPTED, ids[1:])
    again = await at.plan(title("1"), title("2"), title("3"), accept=False)
    assert await at.changes(again) == []
    assert (await shape(at, again))["skipped"] == {"already_proposed": 3}
    await at.apply(first)
    later = await at.plan(title("1"), title("2"), title("3"), accept=False)
    assert [change["scene_id"] for change in await at.changes(later)] == ["2", "3"]


async def test_ids_rise_as_the_list_goes(at: Desk) -> None:
    plan_id = await at.plan(*full_set("1"), *full_set("2"), accept=False)
    changes = await at.changes(plan_id)
    assert len(changes) == 10
    assert [c["id"] for c in changes] == sorted(c["id"] for c in changes)
    assert [c["scene_id"] for c in changes] == ["1"] * 5 + ["2"] * 5


async def test_a_value_is_the_same_however_it_is_spelt_and_comes_once(at: Desk) -> None:
    spelt = [
        new_change("1", "performers", {"id": None, "name": name}, creates=True)
        for name in ("Ludmila Prewitt", "LUDMILA  prewitt", " ludmila prewitt ")
    ]
    plan_id = await at.plan(*spelt, *full_set("1"), *full_set("1"), accept=False)
    assert await fields(at, plan_id) == [
        "date", "performers", "performers", "studio", "tags", "title"
    ]  # fmt: skip
    plan = await shape(at, plan_id)
    assert (plan["changes"], plan["counts"]["proposed"]) == (6, 6)
    await at.decide(plan_id, ChangeStatus.REJECTED)
    assert await at.changes(await at.plan(spelt[1], accept=False)) == []
