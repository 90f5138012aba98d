"""Cancelling what waits, what runs, and what hangs."""

from __future__ import annotations

import random
import time

from stashhog.demo.faults import black_hole, delay
from tests.rig.installation import Installation
from tests.rig.waiting import pause

FINAL_SECONDS = 10.0


def test_a_queued_job_that_is_cancelled_never_runs(at: Installation) -> None:
    other = at.api.plan_made(scene_ids=["1"])
    at.stash.fault(delay(0.1), "mutation", times=None)
    first = at.api.running(at.api.apply(1, scene_ids=["31", "32", "33", "34"]))
    second = at.api.apply(other["id"])
    assert at.api.job(second["id"])["status"] == "queued"
    cancelled = at.api.ask("DELETE", f"/jobs/{second['id']}", expect=202)
    ended = at.api.ended(cancelled, status="cancelled", seconds=FINAL_SECONDS)
    assert ended["started_at"] is None
    assert at.api.ended(first)["result"]["failed"] == 0
    assert at.api.job(second["id"]) == ended
    assert at.api.ask("DELETE", f"/jobs/{second['id']}", expect=200) == ended


def test_an_apply_that_is_cancelled_keeps_what_was_done_and_sends_nothing_more(
    at: Installation,
) -> None:
    scenes = [str(number) for number in range(41, 61)]
    at.stash.fault(delay(0.05), "mutation", times=None)
    job = at.api.running(at.api.apply(1, scene_ids=scenes), done=10)
    at.api.ask("DELETE", f"/jobs/{job['id']}", expect=202)
    ended = at.api.ended(job, status="cancelled", seconds=FINAL_SECONDS)
    sent = at.stash.written()
    counts = at.api.plan(1)["counts"]
    left = len(at.api.changes(1, status="accepted", scene_id=scenes))
    done = len(at.api.changes(1, status="applied", scene_id=scenes))
    assert ended["result"]["applied"] == done >= 10
    assert left > 0
    assert counts["applying"] == 0
    assert at.api.plan(1)["status"] == "partially_applied"
    pause(0.3)
    assert at.stash.written() == sent

    at.stash.heal()
    retried = at.api.ask("POST", f"/jobs/{job['id']}/retry", expect=202)
    assert at.api.ended(retried)["result"]["applied"] == left
    written = at.stash.written()
    assert {written[scene] for scene in scenes} == {1}


def test_a_job_is_cancelled_while_stash_does_not_answer(at: Installation) -> None:
    at.stash.fault(black_hole(), "query", times=None)
    job = at.api.running(at.api.sync())
    began = time.monotonic()
    at.api.ask("DELETE", f"/jobs/{job['id']}", expect=202)
    at.api.ended(job, status="cancelled", seconds=FINAL_SECONDS)
    assert time.monotonic() - began < FINAL_SECONDS + 0.5
    at.stash.heal()
    at.api.synced()


def test_thirty_cancels_at_random_moments_end_soon_and_leave_the_pool_whole(
    at: Installation,
) -> None:
    seed = 20240611
    print(f"seed {seed}")
    chance = random.Random(seed)
    at.stash.fault(delay(0.01), "findScenes", times=None)
    slowest = 0.0
    for number in range(30):
        job = at.api.sync() if number % 2 else at.api.analyse()
        pause(chance.random() * 0.12)
        began = time.monotonic()
        answer = at.api.send("DELETE", f"/jobs/{job['id']}")
        assert answer.status_code in (200, 202)
        if answer.status_code == 200:
            assert answer.json()["status"] == "completed"
            continue
        ended = at.api.final(job)
        slowest = max(slowest, time.monotonic() - began)
        assert ended["status"] in ("cancelled", "completed")
    assert slowest < FINAL_SECONDS, f"{slowest:.2f} s"
    at.stash.heal()
    assert at.api.synced()["result"]["failed"] == 0
    assert at.api.items("/jobs", status=["queued", "running", "cancelling"]) == []
