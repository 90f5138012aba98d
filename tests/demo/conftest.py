"""A sample Stash on a port, and plain words to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from stashhog.demo import SampleStash, generate_library
from stashhog.demo.faults import Faults
from tests.fakes.stash import running_stash


@dataclass
class Talk:
    """A sample Stash and a client of it; `faults` are the stash's own or of a proxy before it."""

    stash: SampleStash
    url: str
    http: httpx.AsyncClient
    faults: Faults

    async def post(self, query: str, **variables: Any) -> httpx.Response:
        """Send an operation."""
        body = {"query": query, "variables": variables}
        headers = {"Accept": "application/json"}
        return await self.http.post(self.url + "/graphql", json=body, headers=headers)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        answer = (await self.post(query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
async def talk() -> AsyncGenerator[Talk]:
    """A sample Stash with thirty scenes, and a client of it."""
    plain = httpx.AsyncClient(timeout=30, verify=False)  # noqa: S501 - no certificates to load
    async with running_stash(generate_library(30)) as (stash, url), plain as http:
        yield Talk(stash, url, http, stash.faults)
