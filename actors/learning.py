"""Learning from the library: once for a state of it, kept over restarts, off the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import trio

from actors.cpu import Checkpoint, Cpu
from stashhog.core.interpreter import uncollected
from stashhog.domain.learning import Knowledge, learn
from stashhog.domain.learning.decisions import corrections, trust
from stashhog.domain.learning.keeping import knowledge_key, packed, unpacked
from stashhog.domain.library import Scene
from stashhog.ports import PlanStore

PAGE = 500
PATHS_PAGE = 5_000


async def learned(plans: PlanStore, revision: int, cpu: Cpu) -> Knowledge:
    """What the present library teaches: as it was kept, or learned now and kept.

    Raises:
        StorageError: the library could not be read.
    """
    library = await plans.library()
    kept = await plans.kept_knowledge()

    def work(checkpoint: Checkpoint) -> tuple[Knowledge, bytes | None]:
        key = knowledge_key(library, revision)
        found = None if kept is None else unpacked(kept, library, key, checkpoint)
        if found is not None:
            return found, None
        with uncollected():
            fresh = learn(library, _organized(plans), _paths(plans), checkpoint=checkpoint)
        return fresh, packed(fresh, key) if fresh.organized_scenes else None

    knowledge, content = await cpu(work)
    if content is not None:
        await plans.keep_knowledge(content)
    return knowledge


async def with_decisions(plans: PlanStore, knowledge: Knowledge) -> Knowledge:
    """The same knowledge, with what people decided about earlier proposals.

    Raises:
        StorageError: the decisions could not be read.
    """
    decided = await plans.decided()
    return replace(knowledge, corrections=corrections(decided), trust=trust(decided))


def _organized(plans: PlanStore) -> Iterator[Scene]:
    """The organised scenes page by page, asked for from inside the learning thread."""
    after: str | None = None
    while True:
        page = trio.from_thread.run(plans.organized, after, PAGE)
        yield from page
        if not page:
            return
        after = page[-1].id


def _paths(plans: PlanStore) -> Iterator[tuple[str, datetime]]:
    """All scenes' paths with when they came in, page by page, from inside the learning thread."""
    after: str | None = None
    while True:
        page = trio.from_thread.run(plans.paths, after, PATHS_PAGE)
        yield from ((one.path, one.came) for one in page)
        if not page:
            return
        after = page[-1].scene_id
