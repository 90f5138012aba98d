"""SIGKILL and then SIGTERM in the middle of each kind of job."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from stashhog.demo.faults import Fault, delay
from tests.e2e.conftest import ENV, Reviewed
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.stash import differences

RESUMED_SECONDS = 60.0


def _hit_twice(at: Installation, job: dict[str, Any], first: int, second: int) -> dict[str, Any]:
    """Kill the service past `first` items, stop it in order past `second`; returns the ended job.

    After each the job goes on by itself; the kill counts as an attempt, the stop does not.
    """
    before = at.api.running(job, done=first)
    at.service.kill()
    at.service.start()
    killed = at.api.running(job, done=second)
    assert killed["attempt"] == 2
    assert killed["progress"]["done"] >= before["progress"]["done"]
    assert killed["seq"] > before["seq"]
    code, took = at.service.stop(signal.SIGINT if job["kind"] == "sync" else signal.SIGTERM)
    assert (code, took < 8) == (0, True), f"{code} after {took:.1f} s"
    assert "Traceback" not in at.service.log
    at.stash.heal()
    at.service.start()
    ended = at.api.ended(job, seconds=RESUMED_SECONDS)
    assert (ended["attempt"], ended["error"]) == (2, None)
    assert ended["started_at"] == before["started_at"]
    same = [each for each in at.api.items("/jobs", kind=job["kind"]) if each["id"] == job["id"]]
    assert same == [ended]
    return ended


def _slowly(at: Installation, fault: Fault, on: str) -> None:
    at.stash.fault(fault, on, times=None)


def test_a_sync_goes_on_where_it_was(tmp_path: Path) -> None:
    with installed(tmp_path, env=ENV) as at:
        _slowly(at, delay(0.15), "findScenes")
        ended = _hit_twice(at, at.api.sync(), 10, 30)
        assert ended["result"]["created"] == ended["progress"]["done"] == 60
        assert len(at.api.items("/scenes")) == 60
        assert at.api.get("/sync/status")["last"]["created"] == 60


def test_an_analysis_goes_on_where_it_was(tmp_path: Path) -> None:
    with installed(tmp_path, library=small_library(scenes=300), env=ENV) as at:
        at.api.synced()
        ended = _hit_twice(at, at.api.analyse(), 20, 120)
        plan = at.api.plan(ended["params"]["plan_id"])
        changes = at.api.changes(plan["id"])
        keys = {(c["scene_id"], c["field"], c["action"], str(c["proposed"])) for c in changes}
        assert len(keys) == len(changes) == plan["changes"] == ended["result"]["changes"]
        assert {int(change["scene_id"]) for change in changes} == set(range(31, 331))
        assert sum(change["field"] == "date" for change in changes) == 300
        assert ended["result"]["scenes"] == plan["scenes"] == 330
        assert plan["skipped"] == {"organized": 30}
        assert plan["status"] == "reviewing"
        assert len(at.api.items("/analysis/plans")) == 1


def test_an_apply_and_its_undo_go_on_where_they_were(reviewed: Reviewed) -> None:
    with reviewed() as at:
        before = at.stash.library()
        accepted = at.api.plan(1)["counts"]["accepted"]
        _slowly(at, delay(0.05), "mutation")
        queued = at.api.sync()
        applied = _hit_twice(at, at.api.apply(1), 10, 60)
        assert applied["result"]["applied"] == applied["progress"]["done"] == accepted
        assert at.api.ended(queued)["attempt"] <= 2
        plan = at.api.plan(1)
        assert (plan["status"], plan["counts"]["applied"]) == ("applied", accepted)
        assert {change["outcome"] for change in at.api.changes(1)} == {"sent"}
        sent = sum(at.stash.written().values())
        assert 30 <= sent <= 31

        _slowly(at, delay(0.05), "mutation")
        undone = _hit_twice(at, at.api.undo(1), 10, 60)
        assert undone["result"]["undone"] == accepted
        assert differences(before, at.stash.library()) == {}
        assert at.api.plan(1)["status"] == "undone"
        assert 30 <= sum(at.stash.written().values()) - sent <= 31
