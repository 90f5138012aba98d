"""The page's pure modules, under Node's own test runner; and what they share with the service.

Without Node these tests do not exist, and the end of the run says so (`conftest`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stashhog.domain.jobs import FINAL
from stashhog.domain.plans import DECISIONS, FIELDS, ChangeStatus
from stashhog.ui import STATIC

HERE = Path(__file__).parent
NODE = shutil.which("node")


def run_node(*arguments: str) -> str:
    assert NODE is not None
    done = subprocess.run(
        [NODE, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported(module: str, expression: str) -> Any:
    """Evaluate an expression over a module's exports (`m`) and return it as plain values."""
    address = (STATIC / module).as_uri()
    script = (
        f"const m = await import({json.dumps(address)}); console.log(JSON.stringify({expression}))"
    )
    return json.loads(run_node("--input-type=module", "--eval", script))


if NODE is not None:

    @pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.stem)
    def test_the_page_decides_as_its_tests_say(file: Path) -> None:
        output = run_node("--test", "--test-reporter=tap", str(file))

        assert "# fail 0" in output
        assert "# pass 0" not in output

    def test_the_page_offers_exactly_the_decisions_that_the_service_allows() -> None:
        names = json.dumps([str(status) for status in ChangeStatus])
        targets_of = f"(status) => {names}.filter((to) => m.mayDecide({{status}}, to))"
        expression = f"{names}.map((status) => [status, ({targets_of})(status)])"

        offered = {status: set(targets) for status, targets in exported("review.js", expression)}

        assert offered == {
            str(status): {str(target) for target in DECISIONS.get(status, ())}
            for status in ChangeStatus
        }

    def test_the_page_has_a_word_for_every_status_and_field() -> None:
        assert set(exported("review.js", "Object.keys(m.STATUS_NAMES)")) == set(ChangeStatus)
        assert set(exported("filters.js", "m.CHANGE_STATUSES")) == set(ChangeStatus)
        assert set(exported("review.js", "m.FIELDS")) == set(FIELDS)

    def test_the_page_knows_when_a_job_has_ended() -> None:
        assert set(exported("frames.js", "[...m.ENDED]")) == set(FINAL)
