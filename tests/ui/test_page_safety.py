"""What the page does with hostile names, below a sub-path, before a door, and for everybody."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stashhog.demo.library import SampleEntity, SampleFile, SampleLibrary, SampleScene
from tests.rig.browser import PHONE, WIDE, Chromium, Tab, open_tab
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<svg onload=alert(3)>",
    "javascript:alert(4)",
    '"><iframe srcdoc="<script>alert(5)</script>">',
    "<style>*{display:none}</style>",
    "{{root}}<b>${alert(6)}",
    "\u202egnp.exe",
)
SERIOUS = ("serious", "critical")


def hostile_library() -> SampleLibrary:
    """The small library with markup in every name, title and path that a page may show."""
    plain = small_library(scenes=8, organized=24)
    tags = tuple(SampleEntity(n, text) for n, text in enumerate(HOSTILE, 1))
    scenes = tuple(_hostile(scene) for scene in plain.scenes)
    studios = tuple(replace(one, name=f"{one.name} <b>{one.id}") for one in plain.studios)
    return replace(plain, tags=tags, scenes=scenes, studios=studios)


def _hostile(scene: SampleScene) -> SampleScene:
    text = HOSTILE[scene.id % len(HOSTILE)]
    (file,) = scene.files
    path = file.path.replace("/media/", f"/media/{text.replace('/', '∕')}/")
    files = (SampleFile(path, file.duration, file.width, file.height, file.frame_rate),)
    if scene.title is None:
        return replace(scene, files=files, details=text)
    return replace(scene, files=files, title=f"{text} {scene.id}", details=text)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, built: object) -> Generator[Installation]:
    env = {"STASHHOG_APP__ROOT_PATH": "/sub/hog"}
    with installed(tmp_path_factory.mktemp("safety"), library=hostile_library(), env=env) as both:
        both.api.synced()
        both.api.plan_made()
        yield both


PAGES = (
    "/",
    "/scenes",
    "/scenes?view=grid&tag_id=1&missing=date",
    "/scenes/1",
    "/scenes/31",
    "/plans",
    "/plans/1?status=all",
    "/plans/rejected",
    "/jobs",
    "/jobs/*",
    "/settings",
)
LOADED = (
    "document.querySelector('main h1') && !document.querySelector('.loading')"
    " && (!/plans.[0-9]/.test(location.pathname) || document.querySelector('.change-row'))"
)


async def opened(at: Installation, tab: Tab, page: str) -> None:
    """A page below the sub-path; `*` is the newest job's id."""
    job = at.api.get("/jobs")["items"][0]["id"] if "*" in page else ""
    await tab.goto(f"{at.service.url}/sub/hog{page.replace('*', job)}")
    await tab.wait(LOADED)


async def test_names_are_shown_as_they_are_and_do_nothing(
    at: Installation, chromium: Chromium
) -> None:
    async with open_tab(chromium) as tab:
        for page in PAGES:
            await opened(at, tab, page)
            if page.startswith("/scenes/"):
                text = await tab.text("main")
                assert any(hostile[:12] in text for hostile in HOSTILE), page
            assert await tab.count("script:not([src]), iframe, img[src=x], svg[onload]") == 0, page
        await opened(at, tab, "/plans/1?status=all")
        text = await tab.text(".changes")
        assert any(hostile[:12] in text for hostile in HOSTILE)
        await tab.press("j", "J", "J", "e")
        await tab.wait("document.querySelector('dialog[open]')")
        assert await tab.count("script:not([src]), iframe, img[src=x], svg[onload]") == 0
        assert tab.dialogs == []
        assert tab.errors == []
        assert tab.foreign_requests(at.service.url) == []


async def test_below_a_sub_path_everything_stays_below_it(
    at: Installation, chromium: Chromium
) -> None:
    async with open_tab(chromium) as tab:
        await tab.goto(f"{at.service.url}/sub/hog/plans")
        await tab.click_text(at.api.plan(1)["name"], within="main")
        await tab.wait("document.querySelector('.change-row')")
        assert await tab.run("location.pathname") == "/sub/hog/plans/1"
        await tab.run("history.back()")
        await tab.wait("document.querySelector('table')")
        assert await tab.run("location.pathname") == "/sub/hog/plans"
        prefix = at.service.url.split("//")[1] + "/sub/hog"
        asked = [one for one in tab.requests if not one.startswith("data:")]
        assert all(one.split("//")[1].startswith(prefix) for one in asked)
        assert any(one.startswith("ws:") for one in asked)


def told(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes'][:3]]}"
        for one in violations
        if one["impact"] in SERIOUS
    ]


async def audit(tab: Tab, axe: str) -> list[str]:
    """What axe finds that is serious; the script is the test's, not the page's."""
    await tab.run(axe + "; true")
    found = await tab.run("axe.run(document).then((result) => result.violations)")
    return told(found)


@pytest.mark.parametrize(
    ("size", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide and light", "phone and dark"]
)
async def test_axe_finds_nothing_serious(
    at: Installation, chromium: Chromium, axe: str, size: tuple[int, int], *, dark: bool
) -> None:
    async with open_tab(chromium) as tab:
        await tab.look(size, dark=dark, touch=size == PHONE)
        found = {}
        for page in PAGES:
            await opened(at, tab, page)
            found[page] = await audit(tab, axe)
        await opened(at, tab, "/scenes")
        await tab.click_text("Analyse…", within="main")
        await tab.wait("document.querySelector('dialog .panel strong')")
        found["analyse"] = await audit(tab, axe)
        await opened(at, tab, "/plans/1?status=all")
        await tab.press("a", "r", "j")
        found["decided"] = await audit(tab, axe)
        await tab.press("t")
        await tab.wait("document.querySelector('dialog .preview, dialog .summary-line')")
        found["threshold"] = await audit(tab, axe)
        await tab.press("Escape", "w")
        await tab.wait("document.querySelector('dialog .summary-line')")
        found["apply"] = await audit(tab, axe)
        await tab.press("Escape", "?")
        await tab.wait("document.querySelector('.keys')")
        found["keys"] = await audit(tab, axe)
        assert {name: each for name, each in found.items() if each} == {}
        await tab.press("Escape")
        await tab.wait("!document.querySelector('dialog')")
        await tab.run("document.querySelector('main').append(document.createElement('button'))")
        assert any("button-name" in one for one in await audit(tab, axe)), "the audit sees nothing"


LOCKED = {"STASHHOG_SECURITY__API_KEY": "a-key-of-sixteen-characters"}


@pytest.fixture
def locked(tmp_path: Path, built: object) -> Generator[Installation]:
    with installed(tmp_path, env=LOCKED) as both:
        yield both


async def test_a_closed_door_is_shown_and_opens_to_the_page_that_was_asked_for(
    locked: Installation, chromium: Chromium
) -> None:
    (key,) = LOCKED.values()
    async with open_tab(chromium) as tab:
        await tab.goto(f"{locked.service.url}/plans?page=1")
        await tab.wait("document.querySelector('input[name=secret]')")
        await tab.run(
            "(() => { const kind = document.querySelector('main select');"
            " kind.value = 'api_key';"
            " kind.dispatchEvent(new Event('change', {bubbles: true}));"
            " document.querySelector('input[name=secret]').focus(); })()"
        )
        await tab.type("wrong-key-of-sixteen")
        await tab.press("Enter")
        await tab.wait("document.querySelector('[role=alert]')")
        await tab.run("document.querySelector('input[name=secret]').select()")
        await tab.type(key)
        await tab.press("Enter")
        await tab.wait("document.querySelector('.empty, table')")
        assert await tab.run("document.querySelector('h1').innerText") == "Plans"
        assert key not in str(tab.requests)
