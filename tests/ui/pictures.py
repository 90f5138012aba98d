"""The README's pictures, taken anew from the sample library in a real Chromium.

`python -m tests.ui.pictures [FOLDER]` writes them to `.github/images` unless told otherwise. They
are made smaller by ImageMagick's `convert` where that is on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import trio

from stashhog.demo.library import generate_library
from stashhog.ui import build_hook
from tests.rig.browser import PHONE, WIDE, Chromium, Tab, find_chromium, open_tab
from tests.rig.installation import Installation, installed

FOLDER = Path(__file__).parents[2] / ".github" / "images"
SMALL = (1100, 688)
NAME = "What the sample library lacks"
COLOURS = "256"


def main(argv: list[str]) -> int:
    """Take all of them."""
    folder = Path(argv[0]) if argv else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    program = find_chromium()
    if program is None:
        print("there is no Chromium on the PATH")
        return 2
    if not build_hook.is_fresh():
        build_hook.build()
    with (
        tempfile.TemporaryDirectory(prefix="stashhog-pictures-") as home,
        installed(Path(home), library=generate_library()) as at,
        Chromium(program) as chromium,
    ):
        at.api.synced()
        plan = at.api.plan_made(filter={"organized": False}, name=NAME)["id"]
        trio.run(_take, chromium, at, f"{at.service.url}/plans/{plan}", folder)
    return 0


async def _take(chromium: Chromium, at: Installation, plan: str, folder: Path) -> None:
    async with open_tab(chromium) as tab:
        await _opened(tab, plan)
        await tab.press("J", "J", "J", "J", "a", "a", "r", "a", "a")
        await tab.press("J", "j")
        await _shot(tab, folder / "review.png")
        await tab.press("t")
        await tab.wait("document.querySelector('dialog .preview')")
        await _shot(tab, folder / "threshold.png")
        await tab.click_text("Accept ", within="dialog")
        await tab.wait("!document.querySelector('dialog')")
        await tab.look(SMALL, dark=True)
        await _opened(tab, f"{plan}?status=accepted")
        await _shot(tab, folder / "dark.png")
        await tab.look(SMALL)
        await tab.goto(f"{at.service.url}/")
        await tab.wait("document.querySelector('.dashboard')")
        await _shot(tab, folder / "start.png")
        await tab.look(PHONE, touch=True)
        await _opened(tab, plan)
        await _shot(tab, folder / "phone.png")
        await tab.look(WIDE)


async def _opened(tab: Tab, plan: str) -> None:
    await tab.goto(plan)
    await tab.wait("document.querySelector('.change-row.current')")
    await tab.wait("document.querySelector('.review-foot').innerText.includes('All decisions')")


async def _shot(tab: Tab, path: Path) -> None:
    """One picture, once its thumbnails and reasons are there and no notice covers it."""
    await tab.wait("[...document.images].every((image) => image.complete)")
    await tab.wait("!document.querySelector('.why') || document.querySelector('.why .rest')")
    await tab.run("document.querySelectorAll('.notice .icon-button').forEach((b) => b.click())")
    await tab.wait("!document.querySelector('.notice')")
    await tab.screenshot(path)
    convert = shutil.which("convert")
    if convert:
        smaller = [convert, str(path), "+dither", "-colors", COLOURS, "-strip", f"PNG8:{path}"]
        await trio.run_process(smaller)
    print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
