"""Learning from the library: once for a state of it, kept over restarts, off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import trio

from actors.cpu import Checkpoint, Cpu
from stashhog.core.interpreter import uncollected
from stashhog.domain.learning import Knowledge, learn_again
from stashhog.domain.learning.decisions import corrections, trust
from stashhog.domain.learning.keeping import lesson_key, packed, unpacked
from stashhog.domain.library import Scene
from stashhog.ports import PlanStore

PAGE = 500
PATHS_PAGE = 5_000
LEARNING = "learning from organised scenes"

Tell = Callable[[str], None]
"""Told on the event loop what is being done."""


async def learned(plans: PlanStore, revision: int, cpu: Cpu, tell: Tell) -> Knowledge:
    """What the present library teaches: as it was kept, or learned now and kept.

    Raises:
        StorageError: the library could not be read.
    """
    library = await plans.library()
    content = await plans.kept_knowledge()

    def work(checkpoint: Checkpoint) -> tuple[Knowledge, bytes | None]:
        key = lesson_key(library)
        kept = None if content is None else unpacked(content, key, checkpoint)
        with uncollected():
            if kept is not None and kept.revision == revision:
                return kept.lesson.recalled(library, checkpoint), None
            knowledge, lesson = learn_again(
                None if kept is None else kept.lesson,
                library,
                _organized(plans, tell),
                _paths(plans, tell),
                checkpoint=checkpoint,
            )
            return knowledge, packed(lesson, key, revision) if lesson.blocks else None

    knowledge, fresh = await cpu(work)
    if fresh is not None:
        await plans.keep_knowledge(fresh)
    return knowledge


async def with_decisions(plans: PlanStore, knowledge: Knowledge) -> Knowledge:
    """The same knowledge, with what people decided about earlier proposals.

    Raises:
        StorageError: the decisions could not be read.
    """
    decided = await plans.decided()
    return replace(knowledge, corrections=corrections(decided), trust=trust(decided))


def _organized(plans: PlanStore, tell: Tell) -> Iterator[Scene]:
    """The organised scenes page by page, asked for from inside the learning thread."""
    after: str | None = None
    read = 0
    while True:
        page = trio.from_thread.run(plans.organized, after, PAGE)
        yield from page
        if not page:
            return
        after = page[-1].id
        read += len(page)
        trio.from_thread.run_sync(tell, f"{LEARNING}: {read} so far")


def _paths(plans: PlanStore, tell: Tell) -> Iterator[tuple[str, datetime]]:
    """All scenes' paths with when they came in, page by page, from inside the learning thread."""
    after: str | None = None
    while True:
        page = trio.from_thread.run(plans.paths, after, PATHS_PAGE)
        yield from ((one.path, one.came) for one in page)
        if not page:
            break
        after = page[-1].scene_id
    trio.from_thread.run_sync(tell, f"{LEARNING}: weighing what they say")
