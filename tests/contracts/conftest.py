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

LOCKED = {"api_key": "sample-key-1"}
SAMPLES: dict[str, dict[str, str]] = {
    "newest": {**LOCKED, "zone": "Asia/Kolkata"},
    "oldest": {"zone": "America/Los_Angeles", "version": "v0.25.1"},
    "newest-open": {},
    "oldest-locked": {**LOCKED, "version": "v0.25.1"},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try each test on the newest and the oldest Stash, and doors also locked and open."""
    if "stash" not in metafunc.fixturenames:
        return
    names = [*SAMPLES] if metafunc.module.__name__.endswith("transport") else [*SAMPLES][:2]
    metafunc.parametrize("stash", ["given"] if URL in os.environ else names, indirect=True)


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


@pytest.fixture
async def stash(request: pytest.FixtureRequest) -> AsyncGenerator[Speaker]:
    """A client of the Stash that is tried."""
    plain = httpx.AsyncClient(timeout=30, verify=False)  # noqa: S501 - no certificates to load
    async with _server(request.param) as (base_url, key), plain as http:
        speaker = Speaker(base_url, key, http)
        speaker.version = (await speaker.ask("{version{version}}"))["version"]["version"]
        yield speaker
        await speaker.tidy()
