"""WebSocket clients of every kind on one long job; `count` is how many there are.

A third reads quickly; the others are slow, deaf, dead, flooding, or return again and again.
"""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from stashhog.demo import SampleStash, generate_library
from stashhog.demo.faults import delay
from tests.reliability.trial import Trial
from tests.rig.api import Api
from tests.rig.crowd import RETURNS, Client, Crowd
from tests.rig.service import Service
from tests.rig.stash import Stash
from tests.rig.waiting import until

USUAL = 50
KINDS = ("quick", "slow", "returning", "quick", "deaf", "dead", "quick", "flooding")
ALIVE = ("quick", "slow", "returning")
GONE_S = 15.0
ROUNDS = 3


def run(trial: Trial) -> None:
    """Watch a sync of some seconds, unwatched and watched in turns."""
    watch(trial, scenes=4000, delay_s=0.02, rounds=ROUNDS)


def watch(trial: Trial, *, scenes: int, delay_s: float, rounds: int) -> None:
    """Compare syncs that nobody watches with those that everybody does."""
    with tempfile.TemporaryDirectory(prefix="stashhog-watchers-") as folder:
        env = {"STASHHOG_STASH__PAGE_SIZE": "20", "STASHHOG_LOGGING__LEVEL": "info"}
        with (
            Stash(SampleStash(generate_library(scenes))) as stash,
            Service(Path(folder), stash.url, env=env) as service,
        ):
            api = Api(service.url)
            api.synced()
            stash.fault(delay(delay_s), "findScenes", times=None)
            alone, watched = [], []
            for _ in range(rounds):
                alone.append(_timed(api, api.sync()))
                watched.append(_crowded(trial, api, service))
            trial.figures["seconds alone"] = [round(s, 2) for s in alone]
            trial.figures["seconds watched"] = [round(s, 2) for s in watched]
            trial.figures["slower by"] = round(min(watched) / min(alone) - 1, 3)
            trial.check("Traceback" not in service.log, "no traceback in the log")


def _timed(api: Api, job: dict[str, Any]) -> float:
    """The seconds that the job itself says it took."""
    done = api.ended(job, seconds=300)
    return _instant(done["finished_at"]) - _instant(done["started_at"])


def _instant(text: str) -> float:
    moment = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return time.mktime(moment) + float("0" + text[19:-1])


def _crowded(trial: Trial, api: Api, service: Service) -> float:
    job = api.sync()
    path = f"/jobs/{job['id']}/ws"
    clients = [Client(KINDS[n % len(KINDS)], path) for n in range(trial.count)]
    with Crowd(service.url, clients):
        seconds = _timed(api, job)
        alive = [client for client in clients if client.kind in ALIVE]
        until(
            lambda: all(client.code is not None for client in alive),
            "everyone who reads was told of the end",
            seconds=60,
        )
        final = api.job(job["id"])
        for client in alive:
            _judge(trial, client, final)
        for client in clients:
            if client.kind == "flooding":
                trial.check(client.code == 1008, "a flood closes with 1008", client.code)
    began = time.monotonic()
    until(
        lambda: api.get("/ready")["checks"]["actors"]["watchers"] == 0,
        "no handler is left",
        seconds=60,
    )
    trial.most("seconds until no handler was left", time.monotonic() - began)
    trial.check(time.monotonic() - began <= GONE_S, "no handler is left 15 s later")
    return seconds


def _judge(trial: Trial, client: Client, final: dict[str, Any]) -> None:
    last = client.frames[-1] if client.frames else {}
    trial.check(last.get("job") == final, "it ends on the final state", (client.kind, last))
    trial.check(client.code == 1000, "it is closed with 1000", (client.kind, client.code))
    seqs = client.seqs
    if client.kind == "returning":
        trial.most("returns", min(client.returns, RETURNS))
        rises = all(a < b or n + 1 in client.starts for n, (a, b) in enumerate(_pairs(seqs)))
        trial.check(rises, "seq rises", (client.kind, seqs))
        trial.check(seqs == sorted(seqs), "seq never falls over returns", (client.kind, seqs))
    else:
        rises = all(a < b for a, b in _pairs(seqs))
        trial.check(rises, "seq rises", (client.kind, seqs))
        trial.check(client.frames[0]["type"] == "snapshot", "the first frame is a snapshot")


def _pairs(seqs: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(seqs))
