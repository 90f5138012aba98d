"""The review page with many changes, in a real Chromium.

`python -m tests.bench ui [--changes N] [--decisions N]`: a library that yields at
least N changes is synced and analysed, its plan opened, decided with keys, scrolled through.
Decisions are timed from the key's own event to the frame that shows them. Exit code 1 where a
figure is missed.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
from pathlib import Path

import httpx
import trio

from stashhog import ui
from stashhog.ui import build_hook
from tests.rig.browser import Chromium, Tab, find_chromium, open_tab
from tests.rig.installation import installed
from tests.rig.library import small_library

CHANGES_A_SCENE = 3
FIRST_PAINT_MS = 1000.0
MEDIAN_MS = 20.0
P95_MS = 50.0
NODES = 300
SCRIPT_BYTES = 60_000
PAINTS = 5

# Notes when the first change is on the screen, and how long each decision takes to show: the timer
# fires after the frame that was asked for at the key press.
_WATCH = """
window.seen = {first: null, presses: []};
new MutationObserver((_, watcher) => {
  if (seen.first !== null || !document.querySelector('.change-row')) return;
  watcher.disconnect();
  requestAnimationFrame(() => setTimeout(() => { seen.first = performance.now(); }));
}).observe(document, {childList: true, subtree: true});
document.addEventListener('keydown', (event) => {
  const began = event.timeStamp;
  requestAnimationFrame(() => setTimeout(() => seen.presses.push(performance.now() - began)));
}, true);
"""


def run(argv: list[str]) -> int:
    """Make the plan, measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench ui", description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--decisions", type=int, default=200)
    options = parser.parse_args(argv)
    program = find_chromium()
    if program is None:
        print("there is no Chromium on the PATH")
        return 2
    if not build_hook.is_fresh():
        build_hook.build()
    library = small_library(scenes=options.changes // CHANGES_A_SCENE, organized=60)
    with (
        tempfile.TemporaryDirectory(prefix="stashhog-bench-ui-") as home,
        installed(Path(home), library=library) as at,
        Chromium(program) as chromium,
    ):
        at.api.ended(at.api.sync(), seconds=300)
        job = at.api.ended(at.api.analyse(), seconds=300)
        plan_id, changes = job["params"]["plan_id"], job["result"]["changes"]
        wire, took = _index(f"{at.service.url}/api/analysis/plans/{plan_id}/review")
        print(f"{changes} changes; their index: {wire / 1000:.0f} kB on the wire, {took:.0f} ms")
        url = f"{at.service.url}/plans/{plan_id}"
        return trio.run(_measure, chromium, url, options.decisions)


def _index(url: str) -> tuple[int, float]:
    with httpx.stream("GET", url, headers={"accept-encoding": "gzip"}, trust_env=False) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())
        return size, answer.elapsed.total_seconds() * 1000


async def _measure(chromium: Chromium, url: str, decisions: int) -> int:
    paints = [await _first_paint(chromium, url) for _ in range(PAINTS)]
    async with open_tab(chromium) as tab:
        await _opened(tab, url)
        presses = await _decided(tab, decisions)
        nodes = await _scrolled(tab)
        errors = tab.errors
    script = len(gzip.compress((ui.DIST / "app.js").read_bytes(), 9))
    ranked = sorted(presses)
    p95 = ranked[int(len(ranked) * 0.95)]
    good = [
        _told("first paint (median)", statistics.median(paints), FIRST_PAINT_MS, "ms"),
        _told("one decision, median", statistics.median(presses), MEDIAN_MS, "ms"),
        _told("one decision, p95", p95, P95_MS, "ms"),
        _told("nodes in the list, most", nodes, NODES, ""),
        _told("script, compressed", script, SCRIPT_BYTES, "bytes"),
        _told("errors in the console", len(errors), 0, ""),
    ]
    return 0 if all(good) else 1


def _told(name: str, value: float, limit: float, unit: str) -> bool:
    good = value <= limit
    print(f"{name:26} {value:8.1f} {unit:6} (at most {limit:g}) {'ok' if good else 'MISSED'}")
    return good


async def _opened(tab: Tab, url: str) -> float:
    await tab.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
    await tab.goto(url)
    first: float = await tab.wait("seen.first")
    return first


async def _first_paint(chromium: Chromium, url: str) -> float:
    async with open_tab(chromium) as tab:
        return await _opened(tab, url)


async def _decided(tab: Tab, decisions: int) -> list[float]:
    await tab.run("seen.presses.length = 0")
    for number in range(decisions):
        await tab.press("a" if number % 3 else "r")
        # The next key comes once this one is seen, as a person's does.
        await tab.wait(f"seen.presses.length > {number}")
    await tab.wait("document.querySelector('.review-foot').innerText.includes('All decisions')")
    presses: list[float] = await tab.run("seen.presses")
    return presses


async def _scrolled(tab: Tab) -> int:
    """Run through the whole list; the most elements that it ever held."""
    most: int = await tab.run(
        "(async () => { const list = document.querySelector('.changes'); let most = 0;"
        " for (let at = 0; at < list.scrollHeight; at += list.scrollHeight / 60) {"
        " list.scrollTop = at;"
        " await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));"
        " most = Math.max(most, list.querySelectorAll('*').length); } return most; })()"
    )
    return most


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
