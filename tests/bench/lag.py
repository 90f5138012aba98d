"""How late the event loop is while the service works: in its own process, on the wall clock.

Each while is told twice: as its pulse feels it (`tests.bench.heart`), and as somebody does who asks
for `/health` 20 times a second. The other core is not left free: Stash works there meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stashhog.demo import SampleStash, generate_library
from tests.bench.heart import Lag
from tests.bench.service import MINUTES, Latencies, forget_peak, peak_bytes, pulse_of
from tests.rig.api import Api
from tests.rig.service import Service
from tests.rig.stash import Stash
from tests.rig.waiting import pause

IDLE_S = 3.0
APPLY_S = 20.0


@dataclass(frozen=True, slots=True)
class While:
    """One while of a service: what it cost, and what somebody outside felt of it."""

    name: str
    began: float
    ended: float
    worked: float
    peak: int
    pulse: Latencies

    def told(self, beats: Path) -> str:
        """What there is to say of it, in one line."""
        lag = Lag.between(beats, self.began, self.ended)
        return (
            f"{self.name}: {self.ended - self.began:.1f} s ({self.worked:.1f} s of work), at most "
            f"{self.peak / 1e6:.0f} MB, the loop is late by p50 {lag.p50:.1f} p99 {lag.p99:.1f} "
            f"max {lag.most:.1f} ms ({lag.beats} beats); {self.pulse}"
        )


class Whiles:
    """What is measured: named whiles, judged once the service has ended and its beats are there."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._whiles: list[While] = []

    @contextmanager
    def of(self, name: str) -> Generator[None]:
        """One while."""
        with pulse_of(self._service.url) as pulse:
            forget_peak(self._service)
            began, worked = time.time(), self._service.cpu_seconds
            yield
            ended, worked = time.time(), self._service.cpu_seconds - worked
        peak = peak_bytes(self._service)
        self._whiles.append(While(name, began, ended, worked, peak, pulse))

    def tell(self, beats: Path) -> None:
        """Print a line for each."""
        for one in self._whiles:
            print(one.told(beats))
        self._whiles.clear()


def run(argv: Sequence[str]) -> int:
    """Idle, sync, analyse, look through the plan, decide all of it, apply a part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench lag")
    parser.add_argument("--scenes", type=int, default=20_000, help="of the sample Stash")
    parser.add_argument("--stash", metavar="URL", help="a real one; nothing is written there")
    parser.add_argument("--api-key", metavar="KEY")
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = options.stash
        if url is None:
            url = stack.enter_context(Stash(SampleStash(generate_library(options.scenes)))).url
        beats = home / "beats"
        service = Service(
            home / "service",
            url,
            env={"STASHHOG_STASH__API_KEY": options.api_key} if options.api_key else {},
            program=("-m", "tests.bench.heart", str(beats)),
        )
        with service:
            whiles = Whiles(service)
            _work(Api(service.url), whiles, apply=options.stash is None)
            service.stop()
        whiles.tell(beats)
    return 0


def _work(api: Api, whiles: Whiles, *, apply: bool) -> None:
    with whiles.of("idle"):
        pause(IDLE_S)
    with whiles.of("full sync"):
        api.ended(api.sync("full"), seconds=MINUTES)
    with whiles.of("sync, nothing changed"):
        api.ended(api.sync("incremental"), seconds=MINUTES)
    with whiles.of("full sync again"):
        api.ended(api.sync("full"), seconds=MINUTES)
    with whiles.of("analysis, learning included"):
        everything = {"overwrite": ["title", "date", "studio"], "min_confidence": 0.0}
        options = {**everything, "include_organized": True}
        done = api.ended(api.analyse(options=options), seconds=MINUTES)
    plan = done["result"]["plan_id"]
    print(f"a plan of {done['result']['changes']:,} changes in {done['result']['scenes']:,} scenes")
    with whiles.of("a look through its changes"):
        api.changes(plan)
    with whiles.of("accepting all, rejecting all, accepting all"):
        for status in ("accepted", "rejected", "accepted"):
            api.decide(plan, status, filter={"all": True})
    with whiles.of("export"):
        api.send("GET", f"/analysis/plans/{plan}/export")
    if apply:
        with whiles.of("apply, and its cancel"):
            job = api.running(api.apply(plan), done=1)
            pause(APPLY_S)
            api.send("DELETE", f"/jobs/{job['id']}")
            api.final(job)
