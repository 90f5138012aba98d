"""The whole check in one command: format, lint, types, layers, tests.

`python3 -m tests.check` needs nothing but Python 3.11 and the package index: it makes `.venv` in
the checkout where there is none, installs the project with its `check` extra, and runs each step.
Arguments go to pytest, but for `--cover`, which measures coverage as well and reports it: of what
runs in the tests' own processes, and at half as much time again. The exit code is 0 only if every
step passed.
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
WORKERS = (f"--numprocesses={(os.cpu_count() or 1) + 2}", "--dist=worksteal")
"""More than there are cores: for a third of their time tests wait for something."""
COVER = "--cover"


def install() -> None:
    """Make the environment, and bring the installed project up to the tree."""
    if not PYTHON.exists():
        print("== making .venv", flush=True)
        venv.create(FOLDER, with_pip=True)
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--editable", ".[check]"], cwd=ROOT, check=True)


def environment() -> dict[str, str]:
    """Ours, but what was compiled is kept: all workers and services would do it again."""
    unset = "PYTHONDONTWRITEBYTECODE"
    return {name: value for name, value in os.environ.items() if name != unset}


def run(name: str, command: list[str]) -> bool:
    """Run one step and say how it went."""
    print(f"== {name}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
    word = "ok" if code == 0 else f"FAILED ({code})"
    print(f"== {name}: {word}, {time.monotonic() - start:.0f} s", flush=True)
    return code == 0


def main(arguments: list[str]) -> int:
    """Install, then run every step even where an earlier one failed."""
    install()
    tool = str(PYTHON.parent)
    coverage = [str(PYTHON), "-m", "coverage"]
    cover = COVER in arguments
    pytest = ["-m", "pytest", *WORKERS, *(one for one in arguments if one != COVER)]
    good = [
        run("format", [f"{tool}/ruff", "format", "--check", "."]),
        run("lint", [f"{tool}/ruff", "check", "."]),
        run("types", [f"{tool}/mypy"]),
        run("layers", [f"{tool}/lint-imports"]),
        run("tests", [*coverage, "run", *pytest] if cover else [str(PYTHON), *pytest]),
    ]
    if cover:
        good += [
            run("combine", [*coverage, "combine", "--quiet"]),
            run("coverage", [*coverage, "report", "--skip-covered"]),
        ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
