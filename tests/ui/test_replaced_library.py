"""Stash serves another library than before: the page says so, and takes it over when told to."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from stashhog.demo.library import generate_library
from tests.rig.api import Api
from tests.rig.browser import Chromium, open_tab
from tests.rig.installation import stash_in_hand
from tests.rig.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    """A service that holds 90 scenes, beside a Stash that serves 30."""
    with stash_in_hand(library=generate_library(scenes=90, seed=1)) as before:
        service = Service(tmp_path, before.url).start()
        Api(service.url).synced()
        service.stop()
    with stash_in_hand(library=generate_library(scenes=30, seed=2)) as after:
        service.env["STASHHOG_STASH__URL"] = after.url
        with service.start():
            yield service


async def test_another_library_is_taken_only_when_somebody_says_so(
    service: Service, chromium: Chromium
) -> None:
    api = Api(service.url)
    refused = api.final(api.sync())
    assert refused["error"]["code"] == "library_replaced"
    assert api.get("/scenes", size=1)["total"] == 90
    async with open_tab(chromium) as tab:
        await tab.goto(f"{service.url}/jobs/{refused['id']}")
        await tab.click_text("Take the other library…")
        await tab.click_text("Leave it", within="dialog")
        assert api.get("/jobs", size=1)["items"][0]["id"] == refused["id"]
        await tab.click_text("Take the other library…")
        await tab.click_text("Take it", within="dialog")
        await tab.wait(f"!location.pathname.includes('{refused['id']}')")
        taking = {"id": await tab.run("location.pathname.split('/').pop()"), "kind": "sync"}
        api.ended(taking)
        await tab.wait("document.querySelector('h1 + *') && document.body.innerText.match(/done/i)")
        assert tab.errors == []
    assert api.get("/scenes", size=1)["total"] == 30
    assert api.get("/scenes", size=1, deleted="true")["total"] == 60
