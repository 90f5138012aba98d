"""A new installation in a real browser: connect, sync, analyse; then settings, jobs and scenes."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from stashhog.demo.library import generate_library
from tests.rig.api import Api
from tests.rig.browser import Chromium, Tab, open_tab
from tests.rig.installation import stash_in_hand
from tests.rig.service import Service

SCENES = 90


@pytest.fixture(scope="module")
def stash_url() -> Generator[str]:
    with stash_in_hand(library=generate_library(scenes=SCENES)) as stash:
        yield stash.url


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, built: object) -> Generator[Service]:
    with Service(tmp_path_factory.mktemp("first")) as started:
        yield started


def nothing_wrong(tab: Tab, service: Service) -> None:
    assert tab.errors == []
    assert tab.dialogs == []
    assert tab.foreign_requests(service.url) == []


async def test_four_steps_lead_from_nothing_to_a_plan(
    service: Service, stash_url: str, chromium: Chromium
) -> None:
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/")
        await tab.wait("document.querySelector('input[name=url]')")
        await tab.click("input[name=url]")
        await tab.type("http://127.0.0.1:9/")
        await tab.click_text("Test and go on")
        await tab.wait("document.querySelector('.panel.bad')")
        assert "nothing answers" in await tab.text(".panel.bad")
        assert Api(service.url).get("/settings")["values"]["stash"]["url"] is None
        await tab.run("document.querySelector('input[name=url]').value = ''")
        await tab.click("input[name=url]")
        await tab.type(stash_url)
        await tab.click_text("Test and go on")
        await tab.click_text("Go on without")
        await tab.click_text("Go on", within=".step.open")
        await tab.click_text("Start the first sync")
        await tab.click_text("Analyse the library")
        await tab.wait("document.querySelector('dialog .panel strong')")
        await tab.click_text("Start the analysis", within="dialog")
        await tab.wait("document.querySelector('.change-row')")
        assert await tab.run("location.pathname") == "/plans/1"
        await tab.goto(f"{service.url}/")
        await tab.wait("document.querySelector('.dashboard')")
        assert f"{SCENES} scenes" in await tab.text("h1")
        nothing_wrong(tab, service)


async def test_a_setting_is_saved_shown_with_its_source_and_taken_back(
    service: Service, chromium: Chromium
) -> None:
    api = Api(service.url)
    field = "#jobs .setting"
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/settings")
        await tab.wait("document.querySelector('#jobs summary')")
        await tab.run("document.querySelector('#jobs details').open = true")
        await tab.click(f"{field} input")
        await tab.run("document.activeElement.select()")
        await tab.type("99")
        await tab.click_text("Save", within="#jobs")
        assert await tab.run("document.querySelector('#jobs input').validity.rangeOverflow")
        assert api.get("/settings")["values"]["jobs"]["workers"] == 4
        await tab.run("document.querySelector('#jobs .setting input').select()")
        await tab.type("3")
        await tab.click_text("Save", within="#jobs")
        await tab.wait(f"document.querySelector('{field}').innerText.includes('set here')")
        assert api.get("/settings")["values"]["jobs"]["workers"] == 3
        await tab.click_text("Use the default", within="#jobs")
        await tab.click_text("Save", within="#jobs")
        await tab.wait(f"!document.querySelector('{field}').innerText.includes('set here')")
        assert api.get("/settings")["values"]["jobs"]["workers"] == 4
        nothing_wrong(tab, service)


async def test_a_schedule_is_turned_on_and_a_bad_one_refused(
    service: Service, chromium: Chromium
) -> None:
    api = Api(service.url)
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/settings")
        await tab.wait("document.querySelector('.schedule select')")
        await tab.run(
            "(() => { const s = document.querySelector('.schedule select'); s.value = 'cron';"
            " s.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        await tab.click(".schedule input.mono")
        await tab.run("document.activeElement.select()")
        await tab.type("whenever")
        await tab.click_text("Save", within=".schedule")
        await tab.wait("document.querySelector('.schedule [role=alert]')")
        assert not api.get("/schedules")["sync"]["incremental"]["enabled"]
        await tab.run("document.querySelector('.schedule input.mono').select()")
        await tab.type("0 4 * * *")
        await tab.click_text("Save", within=".schedule")
        await tab.wait("document.querySelector('.schedule').innerText.includes('Next:')")
        saved = api.get("/schedules")["sync"]["incremental"]
        assert (saved["enabled"], saved["cron"]) == (True, "0 4 * * *")
        refused = [one for one in tab.errors if "422" in one and "/api/schedules" in one]
        assert refused == tab.errors
        assert len(refused) == 1


async def test_scenes_are_found_chosen_and_read_again(service: Service, chromium: Chromium) -> None:
    api = Api(service.url)
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/scenes")
        await tab.wait("document.querySelectorAll('table.scenes tbody tr').length === 60")
        await tab.press("j", "x", "j", "x")
        await tab.wait("document.querySelector('.page-head').innerText.includes('2 selected')")
        await tab.click_text("Read again from Stash")
        await tab.wait("!document.querySelector('.page-head').innerText.includes('selected')")
        (newest, *_) = api.items("/jobs", kind="sync")
        assert len(newest["params"]["scene_ids"]) == 2
        await tab.press("/")
        await tab.type("nothing-is-called-so")
        await tab.wait("document.querySelector('.empty')")
        assert "q=nothing-is-called-so" in await tab.run("location.search")
        await tab.click_text("Show all scenes")
        await tab.wait("document.querySelectorAll('table.scenes tbody tr').length === 60")
        await tab.press("j", "Enter")
        await tab.wait("document.querySelector('.scene-top')")
        assert (await tab.run("location.pathname")).startswith("/scenes/")
        nothing_wrong(tab, service)


async def test_a_job_is_watched_to_its_end(service: Service, chromium: Chromium) -> None:
    api = Api(service.url)
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/jobs")
        await tab.wait("document.querySelector('.job')")
        job = api.sync()
        await tab.wait(f"document.querySelector('a[href$=\"{job['id']}\"]')")
        await tab.run(f"document.querySelector('a[href$=\"{job['id']}\"]').click()")
        await tab.wait("document.querySelector('.badge.good')")
        assert f"{SCENES} unchanged" in await tab.text(".job-now")
        nothing_wrong(tab, service)
