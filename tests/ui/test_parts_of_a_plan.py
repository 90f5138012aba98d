"""A part of a plan is written and undone from where it is seen, and what it would meet is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.rig.browser import Tab
from tests.rig.installation import Installation
from tests.ui.reviewing import aside, counts, saved


def two_scenes(at: Installation, plan: dict[str, Any]) -> tuple[str, str]:
    """Two scenes that at least two changes are proposed for."""
    many = Counter(change["scene_id"] for change in at.api.changes(plan["id"]))
    first, second, *_ = sorted((scene for scene, n in many.items() if n > 1), key=int)
    return first, second


def of(at: Installation, plan: dict[str, Any], scene: str, status: str) -> int:
    return len(at.api.changes(plan["id"], scene_id=scene, status=status))


async def test_one_scene_is_applied_and_one_change_of_it_undone_from_the_review(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, there = two_scenes(at, plan)
    at.api.decide(plan["id"], "accepted", filter={"scene_id": [here, there]})
    many = of(at, plan, here, "accepted")
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=accepted&order=scene")
    await tab.wait("document.querySelector('.change-row.current')")
    await tab.press("W")
    await tab.wait("document.querySelector('dialog input[value=scene]')?.checked")
    assert f"{many} changes in 1 scene will be written" in await tab.text("dialog")
    await tab.click_text(f"Write {many} changes", within="dialog")
    await tab.wait("document.querySelector('.tab.applied')")
    assert (of(at, plan, here, "applied"), of(at, plan, there, "applied")) == (many, 0)
    await tab.click(".tab.applied")
    await tab.wait("document.querySelector('.change-row.applied.current')")
    await tab.click_text("Undo this change", within=".inspector")
    await tab.wait("document.querySelector('dialog input[value=one]')?.checked")
    await tab.click_text("Undo 1 change", within="dialog")
    await tab.wait("document.querySelector('.tab.undone')")
    assert (of(at, plan, here, "applied"), of(at, plan, here, "undone")) == (many - 1, 1)


async def test_what_is_selected_is_applied_and_undone_and_the_rest_is_left(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, there = two_scenes(at, plan)
    at.api.decide(plan["id"], "accepted", filter={"scene_id": [here, there]})
    accepted = of(at, plan, here, "accepted") + of(at, plan, there, "accepted")
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=accepted&order=scene")
    await tab.wait("document.querySelector('.change-row.current')")
    await tab.press("x", "U")
    await tab.wait("document.querySelector('.notices').innerText.includes('Nothing was written')")
    assert await tab.count("dialog") == 0
    await tab.press("j", "x", "w")
    await tab.wait("document.querySelector('dialog input[value=selected]')?.checked")
    await tab.click_text("Write 2 changes", within="dialog")
    await tab.wait("document.querySelector('.tab.applied')")
    left = {"proposed": plan["changes"] - accepted, "accepted": accepted - 2}
    assert counts(at, plan) == {**left, "applied": 2}
    await tab.click(".tab.applied")
    await tab.wait("document.querySelectorAll('.change-row.applied').length === 2")
    await tab.press("U")
    await tab.click_text("Undo 2 changes", within="dialog")
    await tab.wait("document.querySelector('.tab.undone')")
    assert counts(at, plan) == {**left, "undone": 2}
    assert await aside(at.stash.written) != {}


async def test_a_part_that_somebody_else_wrote_meanwhile_does_not_become_the_whole(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, there = two_scenes(at, plan)
    at.api.decide(plan["id"], "accepted", filter={"scene_id": [here, there]})
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=accepted&order=scene")
    await tab.wait("document.querySelector('.change-row.current')")
    await tab.press("W")
    await tab.wait("document.querySelector('dialog input[value=scene]')?.checked")
    await aside(at.api.applied, plan["id"], scene_ids=[here])
    await tab.wait("document.querySelector('.tab.applied')")
    assert "0 changes in 0 scenes will be written" in await tab.text("dialog")
    assert await tab.run("document.querySelector('dialog button.primary').disabled")
    assert of(at, plan, there, "accepted") > 0


async def test_only_what_fits_the_filters_is_applied_where_that_is_chosen(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, _ = two_scenes(at, plan)
    at.api.decide(plan["id"], "accepted", filter={"scene_id": here})
    (field, many), *_ = Counter(
        change["field"] for change in at.api.changes(plan["id"], scene_id=here)
    ).items()
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=all&field={field}")
    await tab.click_text("Apply ", within=".review-head")
    await tab.click("dialog input[value=shown]")
    await tab.click_text(f"Write {many} change", within="dialog")
    await tab.wait("document.querySelector('.tab.applied')")
    assert {c["field"] for c in at.api.changes(plan["id"], status="applied")} == {field}


async def test_what_was_written_to_a_scene_is_undone_from_its_own_page(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, there = two_scenes(at, plan)
    at.api.decide(plan["id"], "accepted", filter={"scene_id": [here, there]})
    at.api.applied(plan["id"])
    many = of(at, plan, here, "applied")
    await tab.goto(f"{at.service.url}/scenes/{here}")
    await tab.wait(f"document.querySelectorAll('.history .badge.good').length === {many}")
    await tab.click_text(f"Undo {many}…", within=".history")
    await tab.click_text(f"Undo {many} changes", within="dialog")
    await tab.wait("document.querySelectorAll('.history .badge.good').length === 0")
    assert (of(at, plan, here, "applied"), of(at, plan, there, "applied") > 0) == (0, True)
    assert "put back" in await tab.text(".notices")
    await tab.click_text(plan["name"], within=".history")
    await tab.wait("document.querySelector('.change-row')")
    assert f"scene={here}" in await tab.run("location.search")


async def test_a_threshold_says_what_contradicts_earlier_decisions_and_leaves_it_out(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    tags = Counter(
        str(change["proposed"]["name"])
        for change in at.api.changes(plan["id"], field="tags", min_confidence=0.5)
    )
    name, many = tags.most_common(1)[0]
    assert many > 2
    same = [c for c in at.api.changes(plan["id"], field="tags") if c["proposed"]["name"] == name]
    at.api.decide(plan["id"], "rejected", ids=[same[0]["id"]])
    await tab.goto(f"{at.service.url}/plans/{plan['id']}")
    await tab.wait("document.querySelector('.change-row')")
    await tab.press("t")
    await tab.wait("document.querySelector('dialog input[type=range]')")
    await tab.run(
        "(() => { const r = document.querySelector('dialog input[type=range]'); r.value = 0;"
        " r.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    await tab.wait("document.querySelector('dialog .meetings')")
    words = await tab.text("dialog .meetings")
    assert f"{many - 1} changes with a name that you mostly rejected elsewhere" in words
    assert f"tag {name}" in words
    await tab.click("dialog .meetings input")
    await tab.click_text(f"Accept {plan['changes'] - many} changes", within="dialog")
    await saved(tab)
    assert {c["proposed"]["name"] for c in at.api.changes(plan["id"], status="proposed")} == {name}


async def test_what_was_rejected_is_listed_and_forgotten(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    here, _ = two_scenes(at, plan)
    at.api.decide(plan["id"], "rejected", filter={"scene_id": here})
    (first, *rest) = at.api.items("/analysis/rejections", scene_id=here)
    await tab.goto(f"{at.service.url}/plans")
    await tab.click_text("What was rejected")
    await tab.wait(f"document.querySelectorAll('tbody tr').length === {len(rest) + 1}")
    await tab.click_text("Forget", within="tbody")
    await tab.wait(f"document.querySelectorAll('tbody tr').length === {len(rest)}")
    left = at.api.items("/analysis/rejections", scene_id=here)
    assert [one["id"] for one in left] == [one["id"] for one in rest]
    assert first["field"] in (await tab.text(".notices")).lower()
