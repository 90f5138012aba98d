"""What holds on every page: leaving it, losing the service, little room, a pointer over things."""

from __future__ import annotations

import json
from typing import Any

from tests.rig.browser import Tab
from tests.rig.installation import Installation

ZOOMED = (720, 450)
"""A window of 1440 by 900 at 200 %."""


async def test_a_review_is_left_and_come_back_to_without_a_fault(tab: Tab) -> None:
    await tab.press("j", "j")
    stood = await tab.text(".change-row.current .values")
    for _ in range(3):
        await tab.run("document.querySelector('.scene-words a').click()")
        await tab.wait("document.querySelector('.scene-top')")
        await tab.run("history.back()")
        await tab.wait("document.querySelector('.change-row.current')")
    assert await tab.text(".change-row.current .values") == stood
    assert await tab.count(".notice") == 0


async def test_a_page_that_came_up_without_the_service_fills_once_it_is_back(tab: Tab) -> None:
    await tab.offline(yes=True)
    await tab.run("document.querySelector('.nav a[href$=\"/scenes\"]').click()")
    await tab.wait("document.querySelector('.page [role=alert]')")
    await tab.offline(yes=False)
    await tab.wait("document.querySelector('table.scenes tbody tr')")
    assert await tab.count("[role=alert]") == 0
    assert all("ERR_INTERNET_DISCONNECTED" in error for error in tab.errors)
    tab.errors.clear()


async def test_what_is_pressed_can_be_read_under_the_pointer(tab: Tab) -> None:
    await tab.press("a")
    for pressed in ('.tab[aria-pressed="true"]', '.decide[aria-pressed="true"]'):
        await tab.wait(f"document.querySelector({json.dumps(pressed)})")
        found = f"document.querySelector({json.dumps(pressed)})"
        x, y = await tab.run(
            f"(() => {{ const b = {found}.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        looks = f"(() => {{ const s = getComputedStyle({found}); return s.backgroundColor; }})()"
        before = await tab.run(looks)
        await tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        await tab.wait(f"{found}.matches(':hover')")
        assert await tab.run(looks) == before


async def test_at_200_percent_the_lists_stay_lists(at: Installation, tab: Tab) -> None:
    await tab.look(ZOOMED)
    wide = "document.documentElement.scrollWidth <= innerWidth"
    await tab.wait(f"document.querySelector('.changes').clientHeight > 200 && {wide}")
    await tab.goto(f"{at.service.url}/scenes")
    await tab.wait("document.querySelector('table.scenes tbody tr')")
    row = "document.querySelector('table.scenes tbody tr')"
    assert await tab.run(f"{row}.querySelector('td > a').parentElement.clientWidth") > 400
    assert await tab.run(f"{row}.clientHeight") < 120
    assert await tab.run(wide)


async def test_what_is_not_there_says_so_and_leads_on(
    at: Installation, plan: dict[str, Any], tab: Tab
) -> None:
    for path, leads in (("plans/99999", "/plans"), ("scenes/99999", "/scenes")):
        await tab.goto(f"{at.service.url}/{path}")
        await tab.wait("document.querySelector('.empty a')")
        assert "There is no" in await tab.text(".empty")
        assert await tab.run("document.querySelector('.empty a').pathname") == leads
    assert all("404" in error for error in tab.errors)
    tab.errors.clear()
