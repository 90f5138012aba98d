"""The whole story in a real browser: review, edit, apply, conflict, overwrite, undo."""

from __future__ import annotations

from typing import Any

from tests.rig.browser import Chromium, Tab, open_tab
from tests.rig.installation import Installation
from tests.ui.reviewing import aside, counts, current, saved


async def test_keys_decide_move_and_take_back(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    total = plan["changes"]
    first = await current(tab)
    await tab.press("a", "r", "j", "k", "a")
    await saved(tab)
    assert counts(at, plan) == {"proposed": total - 3, "accepted": 2, "rejected": 1}
    await tab.press("u", "u", "u")
    await saved(tab)
    assert counts(at, plan) == {"proposed": total}
    assert await current(tab) == first
    scene = await tab.run("document.querySelector('.scene-words a').innerText")
    await tab.press("A")
    await tab.wait(
        f"document.querySelector('.inspector-scene a').innerText !== {scene!r}.toString()"
    )
    await saved(tab)
    accepted = counts(at, plan)["accepted"]
    assert len({c["scene_id"] for c in at.api.changes(plan["id"], status="accepted")}) == 1
    await tab.press("x", "j", "x", "r")
    await saved(tab)
    assert counts(at, plan) == {
        "proposed": total - accepted - 2,
        "accepted": accepted,
        "rejected": 2,
    }


async def test_search_and_filters_stand_in_the_address_and_in_the_list(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    studios = at.api.changes(plan["id"], field="studio")
    name = studios[0]["proposed"]["name"]
    expected = [c for c in at.api.changes(plan["id"]) if str(name) in str(c["proposed"])]
    await tab.press("/")
    await tab.type(name)
    await tab.press("Enter")
    await tab.wait("location.search.includes('q=')")
    await tab.run(
        "(() => { const field = document.querySelector('select[aria-label=Field]');"
        " field.value = 'studio'; field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    await tab.wait("location.search.includes('field=studio')")
    only = [c for c in expected if c["field"] == "studio"]
    await tab.wait(f"document.querySelector('.tab.all .number').innerText >= '{len(only)}'")
    await tab.goto(await tab.run("location.href"))
    await tab.wait("document.querySelector('.change-row')")
    whats = await tab.run("[...document.querySelectorAll('.change-row .what')].map(e=>e.innerText)")
    assert set(whats) == {"Studio"}
    assert await tab.run("document.querySelector('input[type=search]').value") == name


async def test_a_threshold_shows_what_it_would_accept_and_accepts_just_that(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    sure = at.api.changes(plan["id"], min_confidence=0.9)
    await tab.press("t")
    await tab.wait("document.querySelector('dialog .preview')")
    words = await tab.text("dialog")
    assert f"Accept {len(sure)} changes" in words
    assert counts(at, plan) == {"proposed": plan["changes"]}
    await tab.press("Escape")
    await tab.wait("!document.querySelector('dialog')")
    assert counts(at, plan) == {"proposed": plan["changes"]}
    await tab.press("t")
    await tab.wait("document.querySelector('dialog .preview')")
    await tab.click_text("Accept ", within="dialog")
    await tab.wait("!document.querySelector('dialog')")
    await saved(tab)
    accepted = at.api.changes(plan["id"], status="accepted")
    assert {c["id"] for c in accepted} == {c["id"] for c in sure}
    await tab.press("u")
    await saved(tab)
    assert counts(at, plan) == {"proposed": plan["changes"]}


async def test_a_value_is_edited_with_names_from_the_library(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    studio = at.api.items("/studios")[-1]["name"]
    change = at.api.changes(plan["id"], field="studio")[0]
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?field=studio&scene={change['scene_id']}")
    await tab.wait("document.querySelector('.change-row.current')")
    await tab.press("e")
    await tab.wait("document.activeElement.getAttribute('role') === 'combobox'")
    await tab.run("document.activeElement.select()")
    await tab.type("no such studio at all")
    await tab.press("Enter")
    await tab.wait("document.querySelector('dialog [role=alert]')")
    await tab.run("document.querySelector('dialog input').select()")
    await tab.type(studio[:-1])
    await tab.wait(
        "[...document.querySelectorAll('[role=option]')]"
        f".some((e) => e.innerText.startsWith({studio!r}))"
    )
    await tab.press("ArrowDown", "Enter", "Enter")
    await tab.wait("!document.querySelector('dialog')")
    edited = next(c for c in at.api.changes(plan["id"], field="studio") if c["edited"])
    assert (edited["id"], edited["proposed"]["name"]) == (change["id"], studio)
    assert "edited" in await tab.text(".change-row.current")
    # The service answers the refused value with 422, which the browser's console notes.
    assert all("422" in error for error in tab.errors)
    tab.errors.clear()


async def test_it_is_applied_after_a_summary_and_conflicts_are_shown_three_way_and_undone(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    dates = at.api.changes(plan["id"], field="date")[:4]
    at.api.decide(plan["id"], "accepted", ids=[c["id"] for c in dates])
    foreign = dates[0]["scene_id"]
    await aside(at.stash.edit, foreign, date="1999-12-31")
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=all")
    await tab.click_text("Apply 4")
    await tab.wait("document.querySelector('dialog[open]')")
    words = await tab.text("dialog")
    assert "4 changes in 4 scenes will be written" in words
    assert "Write 4 changes" in words
    assert await aside(at.stash.written) == {}
    await tab.click_text("Write 4 changes", within="dialog")
    await tab.wait("document.querySelector('.tab.conflict')")
    assert counts(at, plan)["applied"] == 3
    await tab.click(".tab.conflict")
    await tab.wait("document.querySelector('.three-way')?.innerText.includes('1999-12-31')")
    three = await tab.text(".three-way")
    assert three.index("Planned from") < three.index("Now in Stash") < three.index("Proposed")
    assert dates[0]["proposed"] in three
    await tab.press("a")
    await saved(tab)
    await tab.click_text("Apply 1")
    await tab.click_text("Write 1 change", within="dialog")
    await tab.wait("document.querySelector('.review-head').innerText.includes('Undo 4')")
    assert (await aside(at.stash.scenes, [foreign]))[foreign]["date"] == dates[0]["proposed"]
    await tab.click_text("Undo 4")
    await tab.click_text("Undo 4 changes", within="dialog")
    await tab.wait("!document.querySelector('.review-head').innerText.includes('Undo 4')")
    await tab.wait("document.querySelector('.tab.undone')")
    assert (await aside(at.stash.scenes, [foreign]))[foreign]["date"] == "1999-12-31"
    await aside(at.stash.edit, foreign, date=None)


async def test_decisions_made_without_the_service_are_saved_when_it_is_back(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    await tab.offline(yes=True)
    await tab.press("a", "a", "r")
    await tab.wait("document.querySelector('.unsaved')")
    assert "3 decisions not saved yet" in await tab.text(".unsaved")
    assert counts(at, plan) == {"proposed": plan["changes"]}
    asked = await tab.run(
        "(() => { const event = new Event('beforeunload', {cancelable: true});"
        " dispatchEvent(event); return event.defaultPrevented; })()"
    )
    assert asked is True
    await tab.offline(yes=False)
    await saved(tab)
    assert counts(at, plan) == {"proposed": plan["changes"] - 3, "accepted": 2, "rejected": 1}
    assert all("ERR_INTERNET_DISCONNECTED" in error for error in tab.errors)
    tab.errors.clear()


async def test_decisions_that_a_lost_page_could_not_save_come_back_with_the_next(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    await tab.offline(yes=True)
    await tab.press("a", "r")
    await tab.wait("document.querySelector('.unsaved')")
    await tab.wait("Object.keys(localStorage).some((key) => key.startsWith('stashhog-unsaved'))")
    await tab.call("Page.navigate", url="about:blank")
    await tab.offline(yes=False)
    await tab.wait("location.href === 'about:blank'")
    await tab.goto(f"{at.service.url}/plans/{plan['id']}")
    await tab.wait("document.querySelector('.change-row')")
    await saved(tab)
    assert counts(at, plan) == {"proposed": plan["changes"] - 2, "accepted": 1, "rejected": 1}
    tab.errors.clear()
    tab.dialogs.clear()


async def test_what_another_window_decided_is_not_overwritten_but_shown(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    at.api.accept_all(plan["id"])
    at.api.applied(plan["id"], change_ids=[at.api.changes(plan["id"], sort="id")[0]["id"]])
    written = at.api.changes(plan["id"], status="applied")
    await tab.goto(f"{at.service.url}/plans/{plan['id']}?status=all")
    await tab.wait("document.querySelector('.tab.applied')")
    shown = await tab.run("document.querySelector('.tab.applied .number').innerText")
    assert shown == str(len(written))
    disabled = "document.querySelectorAll('.change-row.applied .decide:disabled').length"
    await tab.click(".tab.applied")
    await tab.wait(f"{disabled} === 2")


async def test_a_plan_can_be_reviewed_while_its_analysis_runs(
    at: Installation, chromium: Chromium
) -> None:
    job = at.api.analyse(filter={"organized": False})
    plan_id = job["params"]["plan_id"]
    async with open_tab(chromium) as tab:
        await tab.goto(f"{at.service.url}/plans/{plan_id}?status=all")
        await tab.wait("document.querySelector('.change-row')")
        await tab.press("a")
        at.api.ended(job)
        total = at.api.plan(plan_id)["changes"]
        await tab.wait(f"document.querySelector('.tab.all .number').innerText === '{total}'")
        await saved(tab)
        assert at.api.plan(plan_id)["counts"]["accepted"] == 1
        assert tab.errors == []
    at.api.decide(plan_id, "proposed", filter={"all": True})
    at.api.ask("DELETE", f"/analysis/plans/{plan_id}", expect=204)


async def test_every_key_that_the_page_takes_is_listed(tab: Tab) -> None:
    await tab.press("?")
    await tab.wait("document.querySelector('dialog[open]')")
    listed = await tab.run("[...document.querySelectorAll('.keys kbd')].map((e) => e.innerText)")
    assert {"j", "k", "J", "K", "a", "r", "A", "R", "e", "x", "u", "/", "t", "?"} <= set(listed)
    await tab.press("Escape")
    await tab.wait("!document.querySelector('dialog')")
