"""What accepting would meet, told before anything is accepted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stashhog.db.changes import ChangeFilters
from stashhog.db.decisions import decide
from stashhog.db.foresight import MEETINGS
from stashhog.domain.jobs import SyncSubmission
from stashhog.domain.plans import ChangeStatus
from tests.jobs.changes import full_set, new_change, title
from tests.jobs.desk import Desk

NOTHING: dict[str, list[int]] = {name: [] for name in MEETINGS}


async def foreseen(at: Desk, plan_id: int) -> dict[str, list[int]]:
    """What accepting all of a plan would meet."""
    counts: dict[str, Any] = await at.db.read(
        decide,
        plan_id,
        ChangeStatus.ACCEPTED,
        filters=ChangeFilters(),
        dry_run=True,
        foresee=True,
        now=datetime.now(UTC),
    )
    meets: dict[str, list[int]] = counts["meets"]
    return meets


async def ids(at: Desk, plan_id: int, *fields: str, scene: str | None = None) -> list[int]:
    """The changes of some fields."""
    return sorted(
        change["id"]
        for change in await at.changes(plan_id)
        if change["field"] in fields and scene in (None, change["scene_id"])
    )


async def test_nothing_is_met_where_all_is_as_the_plan_was_made_from(at: Desk) -> None:
    plan = await at.plan(*full_set("1"), *full_set("2"), accept=False)
    assert await foreseen(at, plan) == NOTHING


async def test_only_who_asks_for_it_pays_for_it(at: Desk) -> None:
    plan = await at.plan(*full_set("1"), accept=False)
    told = await at.db.read(
        decide,
        plan,
        ChangeStatus.ACCEPTED,
        filters=ChangeFilters(),
        dry_run=True,
        now=datetime.now(UTC),
    )
    assert told["meets"] is None


async def test_what_stash_has_by_now_is_met_but_not_what_is_there_already(at: Desk) -> None:
    plan = await at.plan(*full_set("1"), *full_set("2"), title("3"), accept=False)
    scene = at.sample.state.scenes[1]
    scene.title, scene.date, scene.studio_id = "Somebody's own", "2020-02-03", 2
    at.sample.state.destroy_scenes(["3"])
    await at.run(SyncSubmission("full"))
    met = await foreseen(at, plan)
    assert met["changed"] == await ids(at, plan, "title", "studio", scene="1")
    assert met["gone"] == await ids(at, plan, "title", scene="3")
    await at.decide(plan, ChangeStatus.ACCEPTED)
    await at.apply(plan)
    ended = {change["id"]: change["status"] for change in await at.changes(plan)}
    assert sorted(one for one, status in ended.items() if status == "conflict") == met["changed"]
    assert sorted(one for one, status in ended.items() if status == "failed") == met["gone"]


async def test_another_value_that_was_accepted_for_the_same_field_is_a_rival(at: Desk) -> None:
    await at.plan(title("1"), accept=True)
    other = new_change("1", "title", "Another title", current="")
    plan = await at.plan(other, title("2"), accept=False)
    rivals = await ids(at, plan, "title", scene="1")
    assert await foreseen(at, plan) == {**NOTHING, "rivals": rivals}


async def test_what_was_rejected_for_the_scene_or_mostly_for_others_is_met(at: Desk) -> None:
    tag = {"id": "4", "name": "Rainy Day"}
    other = {"id": "5", "name": "Other"}
    undone = await at.plan(new_change("1", "tags", tag), new_change("2", "tags", other))
    await at.apply(undone)
    await at.undo(undone)
    later = await at.plan(*(new_change(scene, "tags", tag) for scene in "123"), accept=False)
    assert await foreseen(at, later) == NOTHING
    await at.decide(later, ChangeStatus.REJECTED, await ids(at, later, "tags", scene="1"))
    met = await foreseen(at, undone)
    first = await ids(at, undone, "tags", scene="1")
    assert (met["rejected"], met["rejected_elsewhere"]) == (first, first)
    rest = [*await ids(at, later, "tags", scene="2"), *await ids(at, later, "tags", scene="3")]
    assert (await foreseen(at, later))["rejected_elsewhere"] == [
        *await ids(at, later, "tags", scene="1"),
        *rest,
    ]
    await at.decide(later, ChangeStatus.ACCEPTED, rest[:1])
    assert (await foreseen(at, later))["rejected_elsewhere"] == []
