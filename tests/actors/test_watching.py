"""What watchers are told, whatever is told and however slowly they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from hypothesis import given, settings, strategies as st

from actors.watching import (
    A_WATCHER_S,
    KEPT_ENDED,
    KEPT_FRAMES,
    MOST_FRAMES,
    MOST_LOG_FRAMES,
    PROGRESS_EVERY_S,
    Frame,
    Hub,
    Watch,
    watch_ended,
)
from stashhog.domain.jobs import Job, JobKind, JobSignal, JobStatus, LogLine, Progress, advance

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_job(name: str = "job") -> Job:
    queued = Job(name, JobKind.SYNC, JobStatus.QUEUED, {}, NOW)
    return replace(advance(queued, JobSignal.START, NOW), seq=1)


def taken(watch: Watch, most: int | None = None) -> list[Frame]:
    """What a reader gets without waiting, at most so many."""
    got: list[Frame] = []
    while most is None or len(got) < most:
        frame = watch._take()
        if frame is None:
            break
        got.append(frame)
    return got


class Told:
    """Tells a hub of one job, as the registry does, and remembers what it told."""

    def __init__(self) -> None:
        self.hub = Hub("boot")
        self.job = a_job()
        self.frames: list[tuple[str, int]] = []
        self.status()

    def _next(self, **values: Any) -> None:
        self.job = replace(self.job, seq=self.job.seq + 1, **values)

    def status(self) -> None:
        self._next()
        self.hub.tell_status(self.job)
        self.frames.append(("status", self.job.seq))

    def progress(self) -> None:
        self._next(progress=Progress(self.job.progress.done + 1))
        self.hub.tell_progress(self.job)
        self.frames.append(("progress", self.job.seq))

    def log(self) -> None:
        self._next()
        self.hub.tell_log(LogLine(self.job.id, self.job.seq, NOW, "info", f"line {self.job.seq}"))
        self.frames.append(("log", self.job.seq))

    def end(self) -> None:
        self.job = replace(advance(self.job, JobSignal.COMPLETE, NOW), seq=self.job.seq + 1)
        self.hub.tell_status(self.job)
        self.frames.append(("status", self.job.seq))


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["status", "progress", "progress", "log"]),
        st.tuples(st.just("read"), st.integers(0, 2), st.integers(1, 6)),
        st.tuples(st.just("leave and come back"), st.integers(0, 2)),
    ),
    max_size=60,
)


class Reader:
    """A watcher that reads when it likes, goes, and comes back with the last number it saw."""

    def __init__(self, hub: Hub, stack: ExitStack) -> None:
        self.hub, self.stack = hub, stack
        self.seen: list[Frame] = []
        self.come_back(None)

    def come_back(self, after: int | None) -> None:
        self.own = self.stack.enter_context(ExitStack())
        self.watch = self.own.enter_context(self.hub.watch("job", after))

    def leave_and_come_back(self) -> None:
        self.own.close()
        self.come_back(self.seen[-1].seq if self.seen else None)


@given(STEPS)
@settings(max_examples=150)
def test_every_reader_sees_each_status_in_order_and_the_latest_progress(steps: list[Any]) -> None:
    told = Told()
    with ExitStack() as stack:
        readers = [Reader(told.hub, stack) for _ in range(3)]
        for step in steps:
            match step:
                case str():
                    getattr(told, step)()
                case ("read", which, most):
                    readers[which].seen += taken(readers[which].watch, most)
                case (_, which):
                    readers[which].leave_and_come_back()
        told.end()
        for reader in readers:
            reader.seen += taken(reader.watch)
            check_seen(reader.seen, told)


def check_seen(seen: list[Frame], told: Told) -> None:
    numbers = [frame.seq for frame in seen]
    assert numbers == sorted(numbers)
    news = [frame.seq for frame in seen if frame["type"] != "snapshot"]
    assert len(set(news)) == len(news)
    covered = 0
    for frame in seen:
        between = [n for kind, n in told.frames if kind == "status" and covered < n < frame.seq]
        assert frame["type"] == "snapshot" or not between, (between, numbers)
        covered = frame.seq
    assert seen[-1]["job"]["status"] == "completed"
    done = [frame["progress"]["done"] for frame in seen if frame["type"] == "progress"]
    assert done == sorted(done)
    assert seen[-1]["job"]["progress"]["done"] == told.job.progress.done


def test_of_many_log_lines_the_newest_are_kept_and_no_status_is_lost() -> None:
    told = Told()
    with told.hub.watch("job", None) as watch:
        for number in range(MOST_LOG_FRAMES + 50):
            told.log()
            if number % 100 == 0:
                told.status()
        seen = taken(watch)
    lines = [frame.seq for frame in seen if frame["type"] == "log"]
    assert lines == [n for kind, n in told.frames if kind == "log"][-MOST_LOG_FRAMES:]
    statuses = [frame.seq for frame in seen if frame["type"] == "status"]
    assert statuses == [n for kind, n in told.frames if kind == "status"][1:]
    assert not watch.lagged


def test_a_reader_that_is_dead_is_given_up_and_holds_up_nobody() -> None:
    told = Told()
    with told.hub.watch("job", None) as dead, told.hub.watch("job", None) as alive:
        for _ in range(MOST_FRAMES + 1):
            told.status()
            taken(alive)
        assert (dead.lagged, alive.lagged) == (True, False)
        assert len(taken(dead)) <= MOST_FRAMES + 1


def test_who_comes_back_too_late_gets_a_snapshot_and_goes_on_from_there() -> None:
    told = Told()
    seen = told.job.seq
    for _ in range(KEPT_FRAMES):
        told.status()
    with told.hub.watch("job", seen) as resumed:
        assert [frame["type"] for frame in taken(resumed)] == ["status"] * KEPT_FRAMES
    told.status()
    with told.hub.watch("job", seen) as late, told.hub.watch("job", 10_000) as wrong:
        for watch in (late, wrong):
            (snapshot,) = taken(watch)
            assert (snapshot["type"], snapshot.seq) == ("snapshot", told.job.seq)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub("boot")
    yield hub
    hub.close()
    assert hub.watchers == 0


def test_the_stream_of_all_goes_on_after_a_number_of_this_boot_only(hub: Hub) -> None:
    one, other = a_job("one"), a_job("other")
    with hub.watch_all(None, None) as first:
        hub.tell_status(one)
        hub.tell_library("sync")
        hub.tell_status(other)
        seen = taken(first)
    assert [frame["seq"] for frame in seen] == [1, 2, 3]
    with hub.watch_all("boot", 1) as resumed, hub.watch_all("former", 1) as after_a_restart:
        assert [frame["type"] for frame in taken(resumed)] == ["library", "status"]
        snapshots = taken(after_a_restart)
    assert {frame["job_id"] for frame in snapshots} == {"one", "other"}
    assert {frame["type"] for frame in snapshots} == {"snapshot"}
    assert min(frame.seq for frame in snapshots) > 3


def test_of_jobs_that_ended_only_the_newest_can_still_be_watched(hub: Hub) -> None:
    for number in range(KEPT_ENDED + 1):
        job = a_job(f"job {number}")
        hub.tell_status(job)
        hub.tell_status(replace(advance(job, JobSignal.COMPLETE, NOW), seq=2))
    assert dict(hub.live) == {}
    with pytest.raises(KeyError), hub.watch("job 0", None):
        pass
    with hub.watch("job 1", None) as watch:
        (snapshot,) = taken(watch)
        assert snapshot["job"]["status"] == "completed"


def test_the_more_watch_the_less_often_progress_is_told(hub: Hub) -> None:
    assert hub.progress_every_s == PROGRESS_EVERY_S
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(hub.watch_all(None, None))
        assert hub.progress_every_s == PROGRESS_EVERY_S
        for _ in range(90):
            stack.enter_context(hub.watch_all(None, None))
        assert hub.progress_every_s == pytest.approx(100 * A_WATCHER_S)
        assert hub.progress_every_s > PROGRESS_EVERY_S
    assert hub.progress_every_s == PROGRESS_EVERY_S


async def test_a_watch_ends_with_its_job_with_the_hub_or_at_once(hub: Hub) -> None:
    job = a_job()
    hub.tell_status(job)
    ended = replace(advance(job, JobSignal.COMPLETE, NOW), seq=2)
    with hub.watch("job", None) as watch, hub.watch_all(None, None) as everything:
        hub.tell_status(ended)
        with trio.fail_after(10):
            assert [frame["type"] async for frame in watch] == ["snapshot", "status"]
            hub.close()
            assert [frame["type"] async for frame in everything] == ["snapshot", "status"]
            assert [frame.seq async for frame in watch_ended(ended)] == [2]
