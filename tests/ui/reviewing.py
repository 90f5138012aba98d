"""What tests of the review page share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import trio

from tests.rig.browser import Tab
from tests.rig.installation import Installation

ENDED = "All decisions saved"


async def aside(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do what blocks in a thread, for the sample Stash runs in a loop of its own."""
    return await trio.to_thread.run_sync(partial(act, *args, **kwargs))


async def saved(tab: Tab) -> None:
    await tab.wait(f"document.querySelector('.review-foot').innerText.includes('{ENDED}')")


async def current(tab: Tab) -> str:
    words: str = await tab.run("document.querySelector('.change-row.current .values').innerText")
    return words


def counts(at: Installation, plan: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = at.api.plan(plan["id"])["counts"]
    return {name: number for name, number in found.items() if number}
