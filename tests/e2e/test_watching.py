"""Jobs over WebSocket, and the end of a service that is being watched."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from stashhog.demo.faults import delay
from tests.rig.installation import Installation, installed
from tests.rig.waiting import until
from tests.rig.watching import Deaf, Watch, check_frames

SMALL_PAGES = {"STASHHOG_STASH__PAGE_SIZE": "10"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    with installed(tmp_path_factory.mktemp("watching"), env=SMALL_PAGES) as at:
        yield at


@pytest.fixture
def at(both: Installation) -> Generator[Installation]:
    yield both
    both.stash.heal()


def test_a_job_is_watched_from_its_snapshot_to_its_end(at: Installation) -> None:
    at.stash.fault(delay(0.1), "findScenes", times=None)
    with Watch(at.service.url, "/events") as events:
        job = at.api.sync()
        with Watch(at.service.url, f"/jobs/{job['id']}/ws") as watch:
            assert watch.closed() == 1000
        events.until(
            lambda frames: any(frame["type"] == "library" for frame in frames),
            "news of the library",
        )
        events.until(
            lambda frames: any(
                frame["type"] == "status" and frame["job"]["status"] == "completed"
                for frame in frames
            ),
            "the job's end",
        )
    check_frames(watch.frames)
    assert watch.frames[0]["job"]["id"] == job["id"]
    done = [f["progress"]["done"] for f in watch.frames if f["type"] == "progress"]
    assert done == sorted(done)
    assert len(set(done)) > 1
    assert watch.frames[-1]["type"] == "status"
    assert watch.frames[-1]["job"]["status"] == "completed"
    assert watch.frames[-1]["job"] == at.api.job(job["id"])
    told = [frame for frame in events.frames if frame.get("job_id") == job["id"]]
    ends = [frame["job"]["status"] for frame in told if frame["type"] == "status"]
    assert ends[-1] == "completed"
    numbers = [frame["seq"] for frame in events.frames]
    assert numbers == sorted(set(numbers))
    assert len({frame["boot"] for frame in events.frames}) == 1

    with Watch(at.service.url, f"/jobs/{job['id']}/ws") as late:
        assert late.closed() == 1000
    assert [frame["type"] for frame in late.frames] == ["snapshot"]
    again = watch.frames[2]["seq"]
    with Watch(at.service.url, f"/jobs/{job['id']}/ws?after={again}") as resumed:
        assert resumed.closed() == 1000
    assert all(f["seq"] > again or f["type"] == "snapshot" for f in resumed.frames)


def test_a_watcher_may_cancel_and_is_told_what_was_not_understood(at: Installation) -> None:
    at.stash.fault(delay(5), "findScenes", times=None)
    job = at.api.sync()
    with Watch(at.service.url, f"/jobs/{job['id']}/ws") as watch:
        watch.send("what is this")
        watch.until(lambda frames: any(f["type"] == "error" for f in frames), "an error frame")
        watch.send('{"type":"cancel"}')
        assert watch.closed() == 1000
    assert watch.frames[-1]["job"]["status"] == "cancelled"

    job = at.api.sync()
    with Watch(at.service.url, f"/jobs/{job['id']}/ws") as rude:
        for _ in range(3):
            rude.send("[]")
        assert rude.closed() == 1008
    with Watch(at.service.url, "/jobs/01890000-0000-7000-8000-000000000000/ws") as unknown:
        pass
    assert unknown.refused == 404


def test_a_stop_closes_watchers_with_1012_and_ends_within_eight_seconds(tmp_path: Path) -> None:
    with installed(tmp_path, env=SMALL_PAGES) as at:
        at.stash.fault(delay(0.3), "findScenes", times=None)
        job = at.api.sync()
        path = f"/jobs/{job['id']}/ws"
        with (
            Watch(at.service.url, path) as watch,
            Watch(at.service.url, "/events") as events,
            Deaf(at.service.url, path),
            Deaf(at.service.url, "/events"),
        ):
            at.api.running(job, done=10)
            code, took = at.service.stop()
            assert (code, took < 8) == (0, True), f"{code} after {took:.1f} s"
            assert watch.closed() == 1012
            assert events.closed() == 1012
        assert "Traceback" not in at.service.log
        at.stash.heal()
        at.service.start()
        ended = at.api.ended(job)
        assert ended["attempt"] == 1
        assert ended["seq"] > watch.frames[-1]["seq"]
        until(lambda: at.api.get("/scenes")["total"] == 60, "all scenes")
