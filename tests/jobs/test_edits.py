"""A change that a person edits: what may stand in it, and what comes of it."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from stashhog.core.exceptions import ConflictError, NotFoundError, ValidationError
from stashhog.core.pagination import PaginationParams
from stashhog.db.edits import edit_change, is_date
from stashhog.db.plans import list_rejections
from stashhog.domain.plans import ChangeStatus
from tests.jobs.changes import full_set, new_change, title
from tests.jobs.desk import Desk

NOBODY = {"name": "Ludmila  Prewitt"}


async def edit(at: Desk, change_id: int, proposed: Any, *status: ChangeStatus) -> dict[str, Any]:
    return await at.db.write(edit_change, change_id, *status, proposed=proposed, now=now())


def now() -> datetime:
    return datetime.now(UTC)


async def refused(at: Desk, change_id: int, proposed: Any) -> str:
    before = await at.changes(1)
    with pytest.raises(ValidationError) as caught:
        await edit(at, change_id, proposed)
    assert await at.changes(1) == before
    return caught.value.public_code


async def ids_of(at: Desk, plan_id: int) -> dict[str, int]:
    return {change["field"]: change["id"] for change in await at.changes(plan_id)}


async def test_an_edited_value_is_what_is_written_and_undone(at: Desk) -> None:
    plan_id = await at.plan(*full_set("1"))
    ids = await ids_of(at, plan_id)
    edited = await edit(at, ids["title"], "  Another title ")
    assert (edited["proposed"], edited["edited"], edited["status"]) == (
        "Another title",
        True,
        "accepted",
    )
    await edit(at, ids["date"], "2019")
    assert (await edit(at, ids["studio"], {"id": "3"}))["proposed"]["name"] == "Oakmoor Films"
    assert (await edit(at, ids["performers"], {"name": " noor  HALVORSEN"}))["proposed"] == {
        "id": "8",
        "name": "Noor Halvorsen",
    }
    assert (await at.apply(plan_id)).result["applied"] == 5
    scene = at.sample.state.scenes[1]
    assert (scene.title, scene.date, scene.studio_id) == ("Another title", "2019", 3)
    assert scene.performer_ids == [8]
    with pytest.raises(ConflictError) as caught:
        await edit(at, ids["title"], "Too late")
    assert caught.value.public_code == "change_applied"
    assert (await at.undo(plan_id)).result["undone"] == 5
    assert (scene.title, scene.performer_ids) == ("", [])


async def test_what_no_detector_could_propose_is_refused_and_changes_nothing(at: Desk) -> None:
    plan_id = await at.plan(*full_set("1"))
    ids = await ids_of(at, plan_id)
    for proposed in (None, 5, "", "  ", "x" * 1001, "a\0b", "half \ud800", {"id": "1"}):
        assert await refused(at, ids["title"], proposed) == "bad_value", proposed
    for proposed in ("2020-02-30", "20200101", "2020-1-1", "tomorrow", "\u0662\u0660\u0662\u0660"):
        assert await refused(at, ids["date"], proposed) == "bad_value", proposed
    for proposed in ("Noor Halvorsen", {}, {"id": 8}, {"name": " "}, {"name": "x" * 501}):
        assert await refused(at, ids["performers"], proposed) == "bad_value", proposed
    for proposed in ({"id": "999"}, {"id": "none"}, NOBODY):
        assert await refused(at, ids["performers"], proposed) == "not_in_vocabulary", proposed
    with pytest.raises(NotFoundError):
        await edit(at, 10_000, "x")


async def test_a_name_that_several_have_is_asked_for_by_id(at: Desk) -> None:
    at.sample.state.performers.create({"name": "Noor Halvorsen", "disambiguation": "the other"})
    plan_id = await at.plan(*full_set("1"))
    ids = await ids_of(at, plan_id)
    assert await refused(at, ids["performers"], {"name": "Noor Halvorsen"}) == "not_in_vocabulary"
    assert (await edit(at, ids["performers"], {"id": "9"}))["proposed"]["id"] == "9"


@pytest.mark.parametrize(
    ("allowed", "taken"),
    [(True, True), ({"performers": True}, True), ({"tags": True}, False), (False, False)],
)
async def test_a_new_name_is_taken_where_the_plan_may_create(
    at: Desk, allowed: Any, taken: bool
) -> None:
    plan_id = await at.plan(*full_set("1"), create_missing=allowed)
    ids = await ids_of(at, plan_id)
    if not taken:
        assert await refused(at, ids["performers"], NOBODY) == "not_in_vocabulary"
        return
    edited = await edit(at, ids["performers"], NOBODY)
    assert edited["proposed"] == {"id": None, "name": "Ludmila Prewitt"}
    assert edited["creates_entity"]
    assert (await at.apply(plan_id)).result["created"]["performers"] == 1


async def test_what_a_change_removes_cannot_be_edited(at: Desk) -> None:
    removal = new_change("1", "tags", None, current={"id": "2", "name": "Kitchen"}, action="remove")
    await at.plan(removal)
    (change,) = await at.changes(1)
    assert await refused(at, change["id"], {"id": "3"}) == "bad_value"


async def test_an_edit_of_what_was_rejected_rejects_the_new_value_in_its_place(at: Desk) -> None:
    plan_id = await at.plan(title("1"), accept=False)
    ids = await ids_of(at, plan_id)
    await at.decide(plan_id, ChangeStatus.REJECTED)
    assert await rejected(at) == ["Title 1"]
    assert (await edit(at, ids["title"], "Worse"))["status"] == "rejected"
    assert await rejected(at) == ["Worse"]
    assert (await edit(at, ids["title"], "Better", ChangeStatus.ACCEPTED))["status"] == "accepted"
    assert await rejected(at) == []
    with pytest.raises(ValidationError) as caught:
        await edit(at, ids["title"], "x", ChangeStatus.UNDONE)
    assert caught.value.public_code == "bad_status"
    assert (await at.changes(plan_id))[0]["proposed"] == "Better"


async def rejected(at: Desk) -> list[Any]:
    page = await at.db.read(list_rejections, None, None, PaginationParams())
    return [one["value"] for one in page.items]


@given(st.dates(), st.sampled_from([4, 7, 10]))
def test_every_day_month_and_year_of_the_calendar_is_a_date(day: Any, length: int) -> None:
    assert is_date(day.isoformat()[:length])


@given(st.integers(1, 9999), st.integers(0, 14), st.integers(0, 33))
def test_no_other_numbers_are(year: int, month: int, day: int) -> None:
    real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert is_date(f"{year:04}-{month:02}-{day:02}") is real


@given(st.text(max_size=10))
def test_no_text_breaks_it(text: str) -> None:
    assert is_date(text) in (True, False)
