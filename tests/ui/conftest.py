"""The built page for the tests, and the programs that they need; without them they say why not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stashhog import ui
from stashhog.demo.library import generate_library
from stashhog.ui import build_hook
from tests.rig.browser import Chromium, Tab, find_chromium, open_tab
from tests.rig.installation import Installation, installed

SOURCE = Path(ui.__file__).parent


@contextmanager
def alone() -> Generator[None]:
    """Keep other processes of the same run from building at the same time."""
    name = f"stashhog-ui-{hashlib.sha256(str(SOURCE).encode()).hexdigest()[:16]}.lock"
    with Path(tempfile.gettempdir(), name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the page's packages, those for development too."""
    found = shutil.which("node")
    npm = shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("Node and npm are not on the PATH; the build ran the page's own tests")
    with alone():
        if not (SOURCE / "node_modules" / "axe-core").is_dir():
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=SOURCE,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            if done.returncode:
                pytest.skip(f"the page's packages cannot be had: {done.stderr[-300:]}")
    return found


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder with the page, built of the source as it is now."""
    with alone():
        if not build_hook.is_fresh():
            try:
                build_hook.build()
            except build_hook.PageNotBuiltError as error:
                pytest.skip(f"the page cannot be built here: {str(error)[-300:]}")
    return ui.DIST


@pytest.fixture(scope="session")
def chromium(built: Path) -> Generator[Chromium]:
    """A browser that all tests share; each opens a tab of its own."""
    program = os.environ.get("STASHHOG_TEST_CHROMIUM") or find_chromium()
    if program is None:
        pytest.skip("there is no Chromium on the PATH")
    with Chromium(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def axe(node: str) -> str:
    """The script of axe-core, which finds what keeps people out."""
    return (SOURCE / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, built: object) -> Generator[Installation]:
    library = generate_library(scenes=120)
    with installed(tmp_path_factory.mktemp("review"), library=library) as both:
        both.api.synced()
        yield both


@pytest.fixture
def plan(at: Installation) -> Generator[dict[str, Any]]:
    """A plan over all that is not organised; deleted afterwards, so that the next is the same."""
    made = at.api.plan_made(filter={"organized": False})
    assert made["changes"] > 100
    yield made
    at.api.undone(made["id"])
    at.api.decide(made["id"], "proposed", filter={"all": True})
    at.api.ask("DELETE", f"/analysis/plans/{made['id']}", expect=204)


@pytest.fixture
async def tab(at: Installation, plan: dict[str, Any], chromium: Chromium) -> AsyncGenerator[Tab]:
    """The plan's page; afterwards nothing may have gone wrong or elsewhere."""
    async with open_tab(chromium) as page:
        await page.goto(f"{at.service.url}/plans/{plan['id']}")
        await page.wait("document.querySelector('.change-row.current')")
        yield page
        assert page.errors == []
        assert page.dialogs == []
        assert page.foreign_requests(at.service.url) == []
