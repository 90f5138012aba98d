"""What the whole service does, seen from outside: the real process, a Stash, and a stop-watch.

Memory is the process's own peak (`VmHWM`). The event loop's lag is seen as the latency of
`/health`, asked while the work runs; `python -m tests.bench lag` looks inside.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from stashhog.demo import SampleStash, generate_library
from tests.rig.api import FINAL, Api, Shape
from tests.rig.service import Service
from tests.rig.stash import Stash
from tests.rig.waiting import until

MINUTES = 600.0


@dataclass
class Latencies:
    """How long answers took, in ms."""

    taken: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        late = sorted(self.taken)
        return (
            f"/health p50 {statistics.median(late):.1f} p99 {late[int(len(late) * 0.99)]:.1f} "
            f"max {late[-1]:.1f} ms"
        )


@contextmanager
def pulse_of(url: str, every_s: float = 0.05) -> Generator[Latencies]:
    """Ask for `/health` over one connection while the block runs, with such pauses."""
    latencies, over = Latencies(), threading.Event()

    def beat() -> None:
        with httpx.Client(trust_env=False) as client:
            while True:
                start = time.perf_counter()
                client.get(f"{url}/health")
                latencies.taken.append((time.perf_counter() - start) * 1000)
                if over.wait(every_s):
                    return

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield latencies
    finally:
        over.set()
        thread.join()


@contextmanager
def measured(service: Service, what: str, items: int | None = None) -> Generator[None]:
    """Print how long the block took, and what it did to the process."""
    with pulse_of(service.url) as pulse:
        start = time.perf_counter()
        try:
            yield
        finally:
            wall = time.perf_counter() - start
    rate = f" {items / wall:,.0f}/s," if items is not None else ""
    print(f"{what}: {wall:.2f} s,{rate} peak {peak_bytes(service) / 1e6:.0f} MB, {pulse}")


def ended(api: Api, job: Shape, *, every_s: float = 0.5) -> Shape:
    """Wait for the end, looking seldom: each look costs what is being measured."""

    def look() -> Shape | None:
        now = api.job(job["id"])
        return now if now["status"] in FINAL else None

    return until(look, f"the end of {job['kind']}", seconds=MINUTES, every_s=every_s)


def seconds(job: Shape) -> float:
    """How long a job took, from its submit on."""
    began, ended = (datetime.fromisoformat(job[at]) for at in ("created_at", "finished_at"))
    return (ended - began).total_seconds()


def peak_bytes(service: Service) -> int:
    """The most memory that the process had resident, ever or since `forget_peak` (Linux)."""
    status = Path(f"/proc/{service.present.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def forget_peak(service: Service) -> None:
    """Let `peak_bytes` tell the most since now (Linux)."""
    Path(f"/proc/{service.present.pid}/clear_refs").write_text("5")


def resident_bytes(service: Service) -> int:
    """The memory that the process has resident now (Linux)."""
    status = Path(f"/proc/{service.present.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@contextmanager
def running(name: str, argv: Sequence[str]) -> Generator[tuple[Service, Api, argparse.Namespace]]:
    """A service in a folder of its own, beside a sample Stash or the one that is named."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench {name}")
    parser.add_argument("--scenes", type=int, default=5_000, help="of the sample Stash")
    parser.add_argument("--stash", metavar="URL")
    parser.add_argument("--api-key", metavar="KEY")
    parser.add_argument("--changes", type=int, default=1_000, help="of the bench apply")
    parser.add_argument("--per-scene", type=int, default=1, help="changes, of the bench apply")
    parser.add_argument("--watchers", type=int, default=100, help="of the bench watchers")
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = options.stash
        if url is None:
            sample = SampleStash(generate_library(options.scenes))
            url = stack.enter_context(Stash(sample)).url
        options.url = url
        key = {"STASHHOG_STASH__API_KEY": options.api_key} if options.api_key else {}
        start = time.perf_counter()
        service = stack.enter_context(
            Service(home, url, env={**key, "TZ": os.environ.get("TZ", "")})
        )
        took, peak = time.perf_counter() - start, peak_bytes(service) / 1e6
        print(f"ready after {took:.2f} s, {peak:.0f} MB")
        yield service, Api(service.url), options


def run_analyze(argv: Sequence[str]) -> int:
    """Learning, which the first analysis does, and looking at all scenes, without a model."""
    with running("analyze", argv) as (service, api, _):
        api.ended(api.sync("full"), seconds=MINUTES)
        first = api.get("/scenes", size=1)
        with measured(service, "learning"):
            ended(api, api.analyse(scene_ids=[first["items"][0]["id"]]), every_s=0.1)
        with measured(service, "analysis", first["total"]):
            job = ended(api, api.analyse(filter={"all": True}))
        print(f"  {job['result']}")
    return 0
