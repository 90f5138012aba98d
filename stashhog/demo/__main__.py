"""Runs a sample Stash by itself: `python -m stashhog.demo --port 9999`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import trio

from stashhog.demo import (
    SampleLibrary,
    SampleStash,
    StashOptions,
    generate_library,
    serve_sample_stash,
)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stashhog.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="a folder to read instead of generating")
    parser.add_argument("--api-key")
    parser.add_argument("--zone", default="UTC")
    parser.add_argument("--version", default="v0.30.1")
    return parser.parse_args(arguments)


async def _run(given: argparse.Namespace) -> None:
    if given.corpus is None:
        library = generate_library(given.scenes, given.seed)
    else:
        library = SampleLibrary.from_corpus(given.corpus)
    options = StashOptions(api_key=given.api_key, zone=given.zone, version=given.version)
    stash = SampleStash(library, options)
    async with trio.open_nursery() as nursery:
        serving = partial(serve_sample_stash, stash, host=given.host, port=given.port)
        print(await nursery.start(serving), flush=True)  # noqa: T201 - the caller reads the address


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    try:
        trio.run(_run, _read(arguments))
    except* KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
