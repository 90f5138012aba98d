"""The adapter on sample Stashes, or on the one that the command line names."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import stamina

from stashhog.core.config import StashSettings
from stashhog.demo import SampleStash, generate_library
from stashhog.domain.library import Scene
from stashhog.domain.sync import EVERYTHING, Stamp, Window
from stashhog.stash import StashClient, open_stash
from tests.contracts.speaking import KEY, URL, Speaker
from tests.fakes.stash import running_stash

SAMPLES = {
    "newest": {"api_key": "sample-key-1", "zone": "Asia/Kolkata"},
    "oldest": {"zone": "America/Los_Angeles", "version": "v0.25.1"},
}


@dataclass(frozen=True)
class Real:
    """The adapter, and somebody else at the same Stash."""

    client: StashClient
    other: Speaker


@dataclass(frozen=True)
class Sample:
    """The adapter, and a sample Stash that can be looked into."""

    client: StashClient
    stash: SampleStash
    url: str

    @property
    def asked(self) -> list[str | None]:
        """The operations that came in."""
        return [asked.operation for asked in self.stash.asked]


async def everything(real: Real, size: int) -> list[Scene]:
    found: list[Scene] = []
    after = None
    while True:
        page = await real.client.scenes_after(after, size)
        scenes, failures = page.read()
        assert failures == ()
        assert len(scenes) <= size
        found.extend(scenes)
        after = page.last_id
        if after is None:
            return found


async def all_stamps(real: Real, window: Window = EVERYTHING) -> list[Stamp]:
    found: list[Stamp] = []
    while True:
        after = found[-1].id if found else None
        stamps = await real.client.stamps_after(after, 7, window=window)
        found.extend(stamps)
        if len(stamps) < 7:
            return found


@pytest.fixture(autouse=True)
def _no_pauses() -> Generator[None]:
    """Try again at once."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real" in metafunc.fixturenames:
        names = ["given"] if URL in os.environ else [*SAMPLES]
        metafunc.parametrize("real", names, indirect=True)


@asynccontextmanager
async def _server(name: str) -> AsyncGenerator[tuple[str, str | None]]:
    if name == "given":
        yield os.environ[URL], os.environ.get(KEY)
        return
    async with running_stash(generate_library(30), **SAMPLES[name]) as (_, url):
        yield url, SAMPLES[name].get("api_key")


@pytest.fixture
async def real(request: pytest.FixtureRequest) -> AsyncGenerator[Real]:
    """A Stash whose inside nobody can look into."""
    plain = httpx.AsyncClient(timeout=30, verify=False)  # noqa: S501 - no certificates to load
    async with _server(request.param) as (url, key), plain as http:
        settings = StashSettings(url=url, api_key=key)
        other = Speaker(str(settings.url), key, http)
        other.version = (await other.ask("{version{version}}"))["version"]["version"]
        async with open_stash(settings) as client:
            yield Real(client, other)
        await other.tidy()


@pytest.fixture
async def sample() -> AsyncGenerator[Sample]:
    """A sample Stash of 40 scenes, and the adapter with a short time-out."""
    async with (
        running_stash(generate_library(40)) as (stash, url),
        open_stash(StashSettings(url=url, timeout=5)) as client,
    ):
        yield Sample(client, stash, url)
