"""The built page for the tests, and the programs that they need; without them they say why not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stashhog import ui
from stashhog.ui import build_hook
from tests.rig.browser import Chromium, find_chromium

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
