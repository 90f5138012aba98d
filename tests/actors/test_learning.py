"""What the process learns from its library: once for a state of it, and told while it lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import trio

from actors.analysis_planner import KnowledgeCache
from actors.cpu import Checkpoint, on_cpu
from actors.learning import LEARNING, PAGE
from stashhog.domain.learning import FIT_AGAIN
from tests.domain.detection.libraries import library, organized
from tests.fakes.stores import FakePlanStore

T = TypeVar("T")

SCENES = [
    organized(f"/v/box/npr{at:04d} walk.mp4", at, studio="1", title="Walk")
    for at in range(1, PAGE + 2)
]


SLOT = trio.CapacityLimiter(1)


async def cpu(work: Callable[[Checkpoint], T]) -> T:
    return await on_cpu(work, SLOT)


def store(scenes: int) -> FakePlanStore:
    return FakePlanStore(organized_scenes=SCENES[:scenes], entities=library(studios=("Pier",)))


async def test_the_same_library_is_learned_once_also_by_the_next_process() -> None:
    plans, told = store(30), list[str]()
    cache = KnowledgeCache(plans)
    knowledge = await cache.knowledge(cpu, told.append)
    assert (knowledge.organized_scenes, plans.reads) == (30, 1)
    assert (await cache.knowledge(cpu)).counts is knowledge.counts
    assert plans.reads == 1

    told.clear()
    recalled = await KnowledgeCache(plans).knowledge(cpu, told.append)
    assert (recalled.counts, recalled.weights) == (knowledge.counts, knowledge.weights)
    assert told == []


async def test_a_person_hears_how_far_the_learning_is() -> None:
    told = list[str]()
    await KnowledgeCache(store(PAGE + 1)).knowledge(cpu, told.append)
    assert told == [
        f"{LEARNING}: {PAGE} so far",
        f"{LEARNING}: {PAGE + 1} so far",
        f"{LEARNING}: weighing what they say",
    ]


async def test_a_cancel_ends_the_learning_at_once_and_spoils_nothing() -> None:
    plans = store(PAGE + 1)
    cache = KnowledgeCache(plans)
    with trio.CancelScope() as scope:
        await cache.knowledge(cpu, lambda _: scope.cancel())
    assert scope.cancelled_caught
    assert plans.kept is None
    assert (await cache.knowledge(cpu)).organized_scenes == PAGE + 1


async def test_one_more_scene_counts_in_the_next_analysis_and_in_the_next_process() -> None:
    plans = store(FIT_AGAIN)
    cache = KnowledgeCache(plans)
    first = await cache.knowledge(cpu)
    plans.organized_scenes, plans.revision = SCENES[: FIT_AGAIN + 1], 2
    for one in (cache, KnowledgeCache(plans)):
        knowledge = await one.knowledge(cpu)
        assert knowledge.counts.slots["S"][""] == {"": 101, "1": 101}
        assert knowledge.weights == first.weights


async def test_another_name_in_the_library_is_looked_for_in_all_scenes() -> None:
    plans = store(FIT_AGAIN)
    await KnowledgeCache(plans).knowledge(cpu)
    plans.entities, plans.revision = library(studios=("Pier",), tags=("Walk",)), 2
    scene = replace(SCENES[0], tag_ids=("1",))
    plans.organized_scenes = [scene, *SCENES[1:FIT_AGAIN]]
    knowledge = await KnowledgeCache(plans).knowledge(cpu)
    seen = knowledge.counts.slots["t@title"]["walk"]
    assert seen == {"": FIT_AGAIN, "1": 1}


async def test_a_library_without_organised_scenes_is_not_calibrated_and_keeps_nothing() -> None:
    plans = store(0)
    knowledge = await KnowledgeCache(plans).knowledge(cpu)
    assert (knowledge.organized_scenes, knowledge.calibrated, plans.kept) == (0, False, None)
