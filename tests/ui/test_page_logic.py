"""The page's modules under Node's test runner, its types, and what it shares with the service."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from stashhog.domain.jobs import FINAL
from stashhog.domain.plans import DECISIONS, FIELDS, ChangeStatus, PlanStatus
from tests.ui.conftest import SOURCE


def facts() -> str:
    """What the service says, for `contract.test.mjs` to hold the page against."""
    return json.dumps(
        {
            "decisions": {
                str(status): sorted(str(target) for target in DECISIONS.get(status, ()))
                for status in ChangeStatus
            },
            "fields": FIELDS,
            "statuses": list(ChangeStatus),
            "plan_statuses": list(PlanStatus),
            "ended": sorted(FINAL),
        }
    )


def test_the_page_decides_as_its_tests_say(node: str, built: Path, tmp_path: Path) -> None:
    subprocess.run(
        [node, "build.mjs", "--tests", str(tmp_path)], cwd=SOURCE, check=True, timeout=60
    )
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", *map(str, sorted(tmp_path.glob("*.mjs")))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "STASHHOG_FACTS": facts()},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0" not in done.stdout
    assert "\n# skipped 0" in done.stdout


def test_the_page_is_typed_throughout(node: str, built: Path) -> None:
    done = subprocess.run(
        [node, "node_modules/typescript/bin/tsc", "--noEmit"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
