"""SIGKILL and SIGTERM in the middle of each kind of job."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stashhog.demo.faults import delay
from tests.e2e.conftest import Reviewed
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.stash import differences
from tests.rig.waiting import until

SIGNS = pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=["KILL", "TERM"])
RESUMED_SECONDS = 10.0


def _interrupt(at: Installation, sign: signal.Signals) -> None:
    """End the service, heal Stash, and start it again on the same folder."""
    if sign is signal.SIGKILL:
        at.service.kill()
    else:
        code, took = at.service.stop()
        assert (code, took < 8) == (0, True), f"{code} after {took:.1f} s"
    at.stash.heal()
    at.service.start()


def _check_resumed(at: Installation, job: dict[str, Any], sign: signal.Signals) -> dict[str, Any]:
    """Check that the job goes on by itself, and how its attempts are counted."""
    ended = at.api.ended(job, seconds=RESUMED_SECONDS)
    assert ended["attempt"] == (2 if sign is signal.SIGKILL else 1)
    assert ended["started_at"] == job["started_at"]
    assert ended["error"] is None
    assert [each["id"] for each in at.api.items("/jobs", kind=ended["kind"])].count(job["id"]) == 1
    return ended


@SIGNS
def test_a_sync_goes_on_where_it_was(tmp_path: Path, sign: signal.Signals) -> None:
    with installed(tmp_path, env={"STASHHOG_STASH__PAGE_SIZE": "10"}) as at:
        at.stash.fault(delay(0.15), "findScenes", times=None)
        job = at.api.running(at.api.sync(), done=10)
        _interrupt(at, sign)
        ended = _check_resumed(at, job, sign)
        assert ended["result"]["created"] == 60
        assert ended["progress"]["done"] == 60
        assert len(at.api.items("/scenes")) == 60
        assert at.api.get("/sync/status")["last"]["created"] == 60


@SIGNS
def test_an_analysis_goes_on_where_it_was(tmp_path: Path, sign: signal.Signals) -> None:
    library = small_library(scenes=300)
    with installed(tmp_path, library=library, env={"STASHHOG_ANALYSIS__BATCH_SIZE": "1"}) as at:
        at.api.synced()
        job = at.api.running(at.api.analyse(), done=20)
        _interrupt(at, sign)
        ended = _check_resumed(at, job, sign)
        plan = at.api.plan(ended["params"]["plan_id"])
        changes = at.api.changes(plan["id"])
        keys = [(c["scene_id"], c["field"], c["action"], str(c["proposed"])) for c in changes]
        assert len(keys) == len(set(keys)) == plan["changes"] == ended["result"]["changes"]
        assert {int(change["scene_id"]) for change in changes} == set(range(31, 331))
        assert ended["result"]["scenes"] == plan["scenes"] == 330
        assert plan["skipped"] == {"organized": 30}
        titles = [change["scene_id"] for change in changes if change["field"] == "date"]
        assert len(titles) == 300
        assert plan["status"] == "reviewing"
        assert len(at.api.items("/analysis/plans")) == 1


@SIGNS
def test_an_apply_goes_on_where_it_was(reviewed: Reviewed, sign: signal.Signals) -> None:
    with reviewed() as at, _slow_writes(at):
        accepted = at.api.plan(1)["counts"]["accepted"]
        job = at.api.running(at.api.apply(1), done=10)
        _interrupt(at, sign)
        ended = _check_resumed(at, job, sign)
        assert ended["result"]["applied"] == accepted
        assert ended["progress"]["done"] == ended["progress"]["total"] == accepted
        plan = at.api.plan(1)
        assert (plan["status"], plan["counts"]["applied"]) == ("applied", accepted)
        _check_written_once(at, 30)
        for change in at.api.changes(1):
            assert (change["status"], change["outcome"]) == ("applied", "sent")


@SIGNS
def test_an_undo_goes_on_where_it_was(reviewed: Reviewed, sign: signal.Signals) -> None:
    with reviewed() as at:
        before = at.stash.library()
        applied = at.api.applied(1)["applied"]
        assert len(differences(before, at.stash.library())) == 30
        with _slow_writes(at):
            job = at.api.running(at.api.undo(1), done=10)
            _interrupt(at, sign)
        ended = _check_resumed(at, job, sign)
        assert ended["result"]["undone"] == applied
        assert differences(before, at.stash.library()) == {}
        assert at.api.plan(1)["status"] == "undone"
        _check_written_once(at, 60)


@contextmanager
def _slow_writes(at: Installation) -> Generator[None]:
    at.stash.fault(delay(0.05), "mutation", times=None)
    yield
    at.stash.heal()


def _check_written_once(at: Installation, wanted: int) -> None:
    """One mutation was in flight when the service ended, and may have been sent twice."""
    sent = sum(at.stash.written().values())
    assert wanted <= sent <= wanted + 1


def test_a_job_that_was_queued_at_a_kill_runs_afterwards(reviewed: Reviewed) -> None:
    with reviewed(env={"STASHHOG_JOBS__WORKERS": "1"}) as at, _slow_writes(at):
        at.api.running(at.api.apply(1), done=1)
        waiting = at.api.sync()
        assert waiting["status"] == "queued"
        at.service.kill()
        at.service.start()
        ended = at.api.ended(waiting)
        assert ended["attempt"] == 1
        until(lambda: at.api.plan(1)["status"] == "applied", "the apply is done too")
