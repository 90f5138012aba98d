"""Contract fuzzing: Schemathesis over `/openapi.json` of a running service with a library in it.

`count` is the number of examples for each operation; Schemathesis' own four phases run. On top of
its checks come ours (`fuzz_checks`): every error a problem document, every answer with its id, and
of the 5xx only those that the contract has.

Two of its checks do not fit this contract and are left out: that whatever the schema takes is
accepted (a cursor has to be one that was given out, an id one that exists), and that what was
deleted is gone (`DELETE` on a job asks for its end).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stashhog.demo import SampleStash, generate_library
from tests.reliability.trial import Trial
from tests.rig.api import Api
from tests.rig.service import Service, environment
from tests.rig.stash import Stash

USUAL = 50
SCENES = 200
MINUTES = 60.0
KEY = "a-key-for-the-fuzzer"
PHASES = "examples,coverage,fuzzing,stateful"
LEFT_OUT = "positive_data_acceptance,use_after_free"
FIXED = {
    "STASHHOG_SECURITY__API_KEY": KEY,
    "STASHHOG_JOBS__MAX_ACTIVE": "1000",
    "STASHHOG_JOBS__WORKERS": "4",
    "STASHHOG_JOBS__STASH_WAIT_SECONDS": "5",
    "STASHHOG_LOGGING__LEVEL": "warning",
    "STASHHOG_LOGGING__FILE": "",
}
"""The fuzzer changes settings as it likes; these keep it inside and the service at work."""


def run(trial: Trial) -> None:
    """Fuzz every operation."""
    fuzz(trial, PHASES)


def fuzz(trial: Trial, phases: str, scenes: int = SCENES) -> None:
    """Fuzz every operation in some of Schemathesis' phases."""
    with tempfile.TemporaryDirectory(prefix="stashhog-fuzz-") as folder:
        home = Path(folder)
        with (
            Stash(SampleStash(generate_library(scenes))) as stash,
            Service(home / "home", stash.url, env=FIXED) as service,
        ):
            _fill(Api(service.url, {"X-Api-Key": KEY}))
            report = _fuzzed(trial, service, home, phases)
            _judge(trial, report, json.loads((home / "answers.json").read_text()))
            code, _ = service.stop()
            trial.check(code == 0, "the service stops well afterwards", code)
            for line in service.log.splitlines():
                trial.check("Traceback" not in line, "no traceback in the log", line[:1000])


def _fill(api: Api) -> None:
    """A plan under review, with some of everything decided."""
    api.synced()
    plan = api.plan_made()["id"]
    changes = api.changes(plan)
    api.decide(plan, "rejected", ids=[change["id"] for change in changes[:20]])
    api.decide(plan, "accepted", ids=[change["id"] for change in changes[20:40]])
    api.applied(plan)


def _fuzzed(trial: Trial, service: Service, home: Path, phases: str) -> Mapping[str, Any]:
    report = home / "report.json"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json"),
        *("--header", f"X-Api-Key: {KEY}", "--seed", str(trial.seed), "--phases", phases),
        *("--max-examples", str(trial.count), "--checks", "all", "--exclude-checks", LEFT_OUT),
        *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"),
        *("--report", "json", "--report-json-path", str(report)),
    ]
    found = subprocess.run(
        command,
        cwd=home,
        env=environment(
            {
                "SCHEMATHESIS_HOOKS": "tests.reliability.fuzz_checks",
                "STASHHOG_FUZZ_ANSWERS": str(home / "answers.json"),
                "PYTHONWARNINGS": "ignore",
            }
        ),
        capture_output=True,
        text=True,
        timeout=MINUTES * 60,
        check=False,
    )
    assert report.exists(), found.stdout[-4000:] + found.stderr[-4000:]
    if found.returncode != 0:
        print(found.stdout[-20_000:])
    values: Mapping[str, Any] = json.loads(report.read_text())
    return values


def _judge(trial: Trial, report: Mapping[str, Any], answers: Mapping[str, int]) -> None:
    operations = report["operations"]
    trial.check(
        operations["tested"] == operations["total"] > 0 and operations["errored"] == 0,
        "every operation was tried",
        operations,
    )
    trial.check(report["test_cases"]["generated"] > 0, "cases were generated")
    for failure in report["failures"]:
        trial.check(False, "the contract holds", json.dumps(failure)[:2000])
    trial.check(report["exit_code"] == 0, "the fuzzer found nothing", report["exit_code"])
    statuses: dict[str, int] = {}
    for name, number in answers.items():
        status = name.split()[0]
        statuses[status] = statuses.get(status, 0) + number
    trial.figures["cases"] = report["test_cases"]["generated"]
    trial.figures["answers"] = sum(statuses.values())
    trial.figures["statuses"] = dict(sorted(statuses.items()))
    trial.checked["every error is a problem document with the request's id"] = sum(
        number for status, number in statuses.items() if status >= "400"
    )
