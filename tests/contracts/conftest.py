"""Which Stash the contract is tried on: sample ones, or the one that the command line names."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest

from stashhog.demo import generate_library
from tests.contracts.speaking import KEY, URL, Speaker
from tests.fakes.stash import running_stash

SAMPLES: dict[str, dict[str, str]] = {
    "newest": {},
    "locked-east": {"api_key": "sample-key-1", "zone": "Asia/Kolkata"},
    "oldest-west": {
        "api_key": "sample-key-1",
        "zone": "America/Los_Angeles",
        "version": "v0.25.1",
    },
}


@asynccontextmanager
async def _server(name: str) -> AsyncGenerator[tuple[str, str | None]]:
    if name == "given":
        yield os.environ[URL].rstrip("/"), os.environ.get(KEY)
        return
    options = SAMPLES[name]
    started = datetime.now(UTC)
    clock = (started + timedelta(seconds=second) for second in count())
    running = running_stash(generate_library(40), **options, time=lambda: next(clock))
    async with running as (_, base_url):
        yield base_url, options.get("api_key")


@pytest.fixture(params=["given"] if URL in os.environ else sorted(SAMPLES))
async def stash(request: pytest.FixtureRequest) -> AsyncGenerator[Speaker]:
    """A client of the Stash that is tried."""
    async with _server(request.param) as (base_url, key), httpx.AsyncClient(timeout=30) as http:
        speaker = Speaker(base_url, key, http)
        speaker.version = (await speaker.ask("{version{version}}"))["version"]["version"]
        yield speaker
        await speaker.tidy()
