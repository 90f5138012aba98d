"""What Stash tells a running service: its events, its hooks, and our own writes coming back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from stashhog.demo import SampleStash
from tests.rig.api import Api, Shape
from tests.rig.installation import Installation
from tests.rig.library import small_library
from tests.rig.service import Service, command
from tests.rig.stash import Stash
from tests.rig.waiting import until

SECRET = "CANARY-hook-2f6d"
HEADER = {"X-StashHog-Hook-Secret": SECRET}


@pytest.fixture
def live(prepared: Path, tmp_path: Path) -> Generator[Installation]:
    """A service with a hook secret beside a sample Stash, both with the prepared library."""
    shutil.copytree(prepared, tmp_path / "data")
    env = {"STASHHOG_SECURITY__HOOK_SECRET": SECRET}
    with (
        Stash(SampleStash(small_library())) as stash,
        Service(tmp_path, stash.url, env=env) as service,
    ):
        at = Installation(service, stash, Api(service.url))
        until(lambda: connected(at), "it listens to Stash")
        yield at


def connected(at: Installation) -> bool:
    return bool(at.api.get("/sync/status")["live"]["connected"])


def hook(at: Installation, type_: str, object_id: str) -> None:
    body = {"id": object_id, "type": type_, "fields": ["title"]}
    answer = at.api.send("POST", "/hooks/stash", json=body, headers=HEADER)
    assert answer.status_code == 202


def syncs(at: Installation, before: list[Shape]) -> list[Any]:
    """The scene ids of each sync that ended since, oldest first; None for all scenes."""
    known = {job["id"] for job in before}
    jobs = [job for job in at.api.items("/jobs", kind="sync") if job["id"] not in known]
    assert all(job["params"]["mode"] == "incremental" for job in jobs)
    done = [job for job in reversed(jobs) if job["status"] == "completed"]
    return [job["params"]["scene_ids"] for job in done]


def test_events_and_hooks_of_others_sync_once_and_our_own_writes_start_nothing(
    live: Installation,
) -> None:
    before = live.api.items("/jobs", kind="sync")
    live.api.applied(1)
    written = live.stash.written()
    assert len(written) > 10
    for scene_id in written:
        hook(live, "Scene.Update.Post", scene_id)
    ours = len(written)
    until(
        lambda: f"stashhog_stash_hooks_known_total {ours}.0" in metrics(live), "all are told apart"
    )
    assert syncs(live, before) == []

    (edited, *_) = written
    live.stash.edit(edited, title="Mine")
    for scene_id in written:
        hook(live, "Scene.Update.Post", scene_id)
    until(lambda: syncs(live, before) == [[edited]], "the edited scene is synced")
    assert live.api.get(f"/scenes/{edited}")["title"] == "Mine"

    live.stash.do(live.stash.sample.jobs.add_scan)
    until(lambda: syncs(live, before) == [[edited], None], "the scan's end makes a sync")
    assert "stashhog_stash_live_connected 1.0" in metrics(live)


def test_doctor_speaks_of_the_live_connection_and_the_schedules(live: Installation) -> None:
    def doctor() -> dict[str, Shape]:
        ended = command(
            "doctor", "--json", "--data-dir", str(live.service.data),
            home=live.service.home, env={"STASHHOG_STASH__URL": live.stash.url},
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        rows: list[Shape] = [json.loads(line) for line in ended.stdout.splitlines()]
        return {row["check"]: row for row in rows}

    found = doctor()
    assert found["live"]["detail"].startswith("listens to Stash's events since")
    assert found["schedules"]["detail"] == "all off: nothing starts by itself"
    full = {"enabled": True, "cron": "0 4 * * *", "timezone": "Asia/Kolkata"}
    kept = live.api.ask("PUT", "/schedules", {"sync": {"full": full}})
    due = kept["sync"]["full"]["next_run_at"]
    assert doctor()["schedules"]["detail"] == f"full sync next at {due}"


def test_a_stash_that_goes_and_comes_back_is_listened_to_again_and_made_up_for(
    live: Installation,
) -> None:
    before = live.api.items("/jobs", kind="sync")
    live.stash.go_away()
    until(lambda: not connected(live), "the loss is seen")
    live.stash.edit("7", title="While nobody listened")
    live.stash.come_back()
    until(lambda: connected(live), "it listens again")
    until(lambda: syncs(live, before) == [None], "what was missed is made up for")
    assert live.api.get("/scenes/7")["title"] == "While nobody listened"
    live.api.ask("PUT", "/settings", {"values": {"stash": {"live": False}}})
    until(lambda: not connected(live), "turning it off counts at once")
    status = live.api.get("/sync/status")["live"]
    assert status["code"] == "stash_not_configured"
    code, _ = live.service.stop()
    assert code == 0


def metrics(at: Installation) -> str:
    answer = at.api.send("GET", "/metrics")
    assert answer.status_code == 200
    return answer.text
