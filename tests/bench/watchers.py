"""Many who watch: how soon each is told, and what they cost the job that is watched.

All of them listen to `/events`, in one process that does nothing else. For the first figure small
syncs are asked for, as many as make the wanted frames a second; a latency is the time from just
before the request to the arrival of the frame that tells of the new job, so that the request, the
queue and the commit are in it. For the second, full syncs run unwatched and watched in turns.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

import httpx

from tests.bench.service import MINUTES, running
from tests.rig.api import Api
from tests.rig.crowd import Client, Crowd
from tests.rig.waiting import pause

FRAMES_A_SECOND = 16
FRAMES_OF_A_JOB = 4
"""Queued, running, progress, completed."""
SECONDS = 10
ROUNDS = 5


def run(argv: Sequence[str]) -> int:
    """How late, at what cost, and what the job pays."""
    with running("watchers", argv) as (service, api, options):
        api.ended(api.sync("full"), seconds=MINUTES)
        ids = [scene["id"] for scene in api.get("/scenes", size=200)["items"]]
        spent: dict[bool, float] = {}
        for watched in (False, True):
            with _watching(service.url, options.watchers * watched) as clients:
                before = service.cpu_seconds
                sent = _small_syncs(service.url, ids)
                api.final({"id": list(sent)[-1], "kind": "sync"})
                spent[watched] = service.cpu_seconds - before
                pause(1)
        _tell_latencies(clients, sent)
        a_frame = (spent[True] - spent[False]) / sum(len(client.frames) for client in clients)
        print(f"  the service works {a_frame * 1e6:.0f} µs a frame and watcher")
        walls: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for watched in (False, True):
                with _watching(service.url, options.watchers * watched):
                    walls[watched].append(_full_sync(api))
        alone, watched_by_all = (statistics.median(walls[watched]) for watched in (False, True))
        print(
            f"full sync: {alone:.2f} s unwatched, {watched_by_all:.2f} s watched by "
            f"{options.watchers}: {watched_by_all / alone - 1:+.1%} (medians of {ROUNDS} in turns)"
        )
    return 0


@contextmanager
def _watching(url: str, count: int) -> Generator[list[Client]]:
    """So many watch during the block; afterwards the list holds them with what they got."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_watch, args=(url, count, theirs))
    process.start()
    ours.recv()
    clients: list[Client] = []
    try:
        yield clients
    finally:
        ours.send("over")
        clients += ours.recv()
        process.join()


def _watch(url: str, count: int, pipe: Connection) -> None:
    clients = [Client("quick", "/events") for _ in range(count)]
    with Crowd(url, clients):
        pipe.send("open")
        pipe.recv()
    pipe.send(clients)


def _small_syncs(url: str, ids: Sequence[str]) -> dict[str, float]:
    """Sync single scenes at a steady pace; returns when each job was asked for."""
    every_s, sent = FRAMES_OF_A_JOB / FRAMES_A_SECOND, {}
    with httpx.Client(trust_env=False) as client:
        client.get(f"{url}/api/health")
        began = time.perf_counter()
        for number in range(int(SECONDS / every_s)):
            pause(max(0.0, began + number * every_s - time.perf_counter()))
            asked = time.perf_counter()
            one = {"mode": "incremental", "scene_ids": [ids[number % len(ids)]]}
            answer = client.post(f"{url}/api/scenes/sync", json=one)
            sent[answer.raise_for_status().json()["id"]] = asked
    return sent


def _tell_latencies(clients: Sequence[Client], sent: dict[str, float]) -> None:
    late: list[float] = []
    told = Counter[str]()
    arrived: dict[int, list[float]] = {}
    for client in clients:
        news = set(sent)
        for frame, at in zip(client.frames, client.arrivals, strict=True):
            told[frame["type"]] += 1
            arrived.setdefault(frame["seq"], []).append(at)
            if frame.get("job_id") in news:
                news.discard(frame["job_id"])
                late.append((at - sent[frame["job_id"]]) * 1000)
        assert not news, f"a watcher was not told of {len(news)} jobs"
    spread = sorted((max(each) - min(each)) * 1000 for each in arrived.values())
    late.sort()
    frames = len(arrived)
    print(
        f"{len(clients)} watchers, {frames / SECONDS:.1f} frames/s ({dict(told)}):\n"
        f"  from the request to a watcher p50 {statistics.median(late):.1f} "
        f"p99 {late[int(len(late) * 0.99)]:.1f} max {late[-1]:.1f} ms\n"
        f"  from the first watcher to the last p50 {statistics.median(spread):.1f} "
        f"p99 {spread[int(len(spread) * 0.99)]:.1f} max {spread[-1]:.1f} ms"
    )


def _full_sync(api: Api) -> float:
    began = time.perf_counter()
    api.ended(api.sync("full"), seconds=MINUTES)
    return time.perf_counter() - began
