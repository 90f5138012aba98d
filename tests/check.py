"""The whole check in one command: format, lint, types, layers, tests.

`python3 -m tests.check` needs nothing but Python 3.11 and the package index: it makes `.venv` in
the checkout where there is none, installs the project with its `check` extra, and runs each step.
Arguments go to pytest. The exit code is 0 only if every step passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
WORKERS = ("--numprocesses=auto", "--dist=worksteal")


def install() -> None:
    """Make the environment, and bring the installed project up to the tree."""
    if not PYTHON.exists():
        print("== making .venv", flush=True)
        venv.create(FOLDER, with_pip=True)
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--editable", ".[check]"], cwd=ROOT, check=True)


def run(name: str, command: list[str]) -> bool:
    """Run one step and say how it went."""
    print(f"== {name}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    word = "ok" if code == 0 else f"FAILED ({code})"
    print(f"== {name}: {word}, {time.monotonic() - start:.0f} s", flush=True)
    return code == 0


def main(pytest_arguments: list[str]) -> int:
    """Install, then run every step even where an earlier one failed."""
    install()
    tool = str(PYTHON.parent)
    coverage = [str(PYTHON), "-m", "coverage"]
    good = [
        run("format", [f"{tool}/ruff", "format", "--check", "."]),
        run("lint", [f"{tool}/ruff", "check", "."]),
        run("types", [f"{tool}/mypy"]),
        run("layers", [f"{tool}/lint-imports"]),
        run(
            "tests",
            [*coverage, "run", "-m", "pytest", *WORKERS, *pytest_arguments],
        ),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
