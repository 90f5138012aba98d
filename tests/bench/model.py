"""How near the calls to a model come to their ideal rate, and what they send.

The stand-in answers each request after `--latency` seconds; with `--concurrency` requests at a time
the ideal is concurrency / latency. The rate is taken where all seats could be full: from the first
request to the last one, as the stand-in sees them. Nothing else is asked of the service meanwhile.

The stand-in and the sockets take some milliseconds of their own, so a bare client that does nothing
but send the same requests once more, as many at a time, says what can be reached here.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import trio

from stashhog.demo import SampleStash, generate_library
from stashhog.domain.asking.tokens import usual
from tests.bench.service import MINUTES, ended, seconds
from tests.fakes.model import FakeModel, Said, Seen
from tests.fakes.readers import asked_lines, first, reading
from tests.rig.api import Api
from tests.rig.model import Model
from tests.rig.service import Service
from tests.rig.stash import Stash


class _Clocked(FakeModel):
    """Notes when each request came in."""

    def __init__(self, latency_s: float) -> None:
        super().__init__()
        self.latency_s = latency_s
        self.times: list[float] = []
        good = reading(first)

        def answer(seen: Seen) -> Said:
            self.times.append(time.perf_counter())
            return good(seen)

        self.answer = answer


def run(argv: Sequence[str]) -> int:
    """Analyse a sample library with a model that takes its time."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench model")
    parser.add_argument("--scenes", type=int, default=4_000, help="of the sample Stash")
    parser.add_argument("--stash", metavar="URL", help="a real one in place of the sample")
    parser.add_argument("--api-key", metavar="KEY")
    parser.add_argument("--latency", type=float, default=0.2, metavar="SECONDS")
    parser.add_argument("--concurrency", type=int, default=8)
    options = parser.parse_args(argv)
    fake = _Clocked(options.latency)
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        url = options.stash
        if url is None:
            sample = SampleStash(generate_library(options.scenes))
            url = stack.enter_context(Stash(sample)).url
        model = stack.enter_context(Model(fake))
        env = {
            "STASHHOG_OPENAI__BASE_URL": model.url,
            "STASHHOG_OPENAI__MODEL": "stand-in",
            "STASHHOG_OPENAI__CANDIDATES": "codes",
            "STASHHOG_OPENAI__CONCURRENCY": str(options.concurrency),
        }
        if options.api_key is not None:
            env["STASHHOG_STASH__API_KEY"] = options.api_key
        service = stack.enter_context(Service(home, url, env=env))
        api = Api(service.url)
        api.ended(api.sync("full"), seconds=MINUTES)
        for use in ("auto", "always"):
            fake.seen.clear()
            fake.times.clear()
            job = ended(api, api.analyse(options={"use_llm": use}))
            print(f"analysis, use_llm {use}: {seconds(job):.2f} s")
            _show(fake, options, job["result"])
    return 0


def _show(fake: _Clocked, options: argparse.Namespace, result: dict[str, object]) -> None:
    sent, times = list(fake.seen), list(fake.times)
    scenes = len(list(asked_lines(sent)))
    if len(times) <= options.concurrency or not scenes:
        print(f"  {len(times)} requests: too few to tell; {result}")
        return
    ideal = options.concurrency / options.latency
    rate = _rate(times, options.concurrency)
    tokens = sum(usual(json.dumps(seen.body["messages"], ensure_ascii=False)) for seen in sent)
    print(
        f"  {len(times)} requests, {rate:.1f}/s of {ideal:.1f}/s ideal ({rate / ideal:.1%}), at "
        f"most {fake.most_at_once} at once; {scenes} scenes sent, about {tokens / scenes:.0f} "
        f"prompt tokens each; {result}"
    )
    fake.times.clear()
    trio.run(_send_again, f"{fake.url}/chat/completions", sent, options.concurrency)
    bare = _rate(fake.times, options.concurrency)
    print(f"  the same by a bare client: {bare:.1f}/s; so {rate / bare:.1%} of what it reaches")


def _rate(times: Sequence[float], concurrency: int) -> float:
    return (len(times) - concurrency) / (times[-1] - times[0])


async def _send_again(url: str, sent: Sequence[Seen], concurrency: int) -> None:
    left = iter(sent)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def lane() -> None:
            for seen in left:
                (await client.post(url, json=seen.body)).raise_for_status()

        async with trio.open_nursery() as nursery:
            for _ in range(concurrency):
                nursery.start_soon(lane)
