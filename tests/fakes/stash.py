"""A sample Stash on a port of its own, for a test."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio

from stashhog.demo import SampleLibrary, SampleStash, StashOptions, serve_sample_stash


@asynccontextmanager
async def running_stash(
    library: SampleLibrary | None = None, **options: Any
) -> AsyncGenerator[tuple[SampleStash, str]]:
    """Serve a sample Stash while the block runs; keywords are those of `StashOptions`.

    Yields:
        The sample Stash and its base URL.
    """
    stash = SampleStash(library, StashOptions(**options))
    async with trio.open_nursery() as nursery:
        base_url = await nursery.start(serve_sample_stash, stash)
        yield stash, base_url
        nursery.cancel_scope.cancel()
