"""Reading scenes for a write: what was seen, when, and why it was not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from stashhog.core.exceptions import StashError
from stashhog.domain.library import Scene
from stashhog.domain.plans import ChangeError
from stashhog.ports import ScenesById

FRESH_S = 0.1
"""A scene read longer ago than this is read again before anything is written to it."""
SETTLE_S = 2.0
"""How long a cancel waits for the look at what became of a mutation whose reply was lost."""
GONE = ChangeError("gone", "Stash no longer has this scene")


@dataclass(frozen=True, slots=True)
class Seen:
    """A scene, and when we began to read it."""

    scene: Scene
    at: float

    def older_than(self, seconds: float) -> bool:
        """Whether it was read longer ago than that."""
        return trio.current_time() - self.at > seconds


def seen_in(found: ScenesById, scene_id: str, at: float) -> Seen | ChangeError:
    """A scene out of an answer that was asked for at that time, or why it is not there."""
    for scene in found.scenes:
        if scene.id == scene_id:
            return Seen(scene, at)
    for failure in found.failures:
        if failure.item == scene_id:
            return ChangeError("unreadable", failure.reason)
    return GONE


async def read(ctx: JobContext, scene_id: str) -> Seen | ChangeError:
    """Read a scene, waiting for Stash where it is away."""
    at = trio.current_time()
    return seen_in(await patiently(ctx, ctx.ports.stash.scenes, [scene_id]), scene_id, at)


async def look(ctx: JobContext, scene_id: str) -> Seen | ChangeError:
    """Read a scene after a lost reply: for a moment also while the job is cancelled."""
    with ctx.finishing(), trio.move_on_after(SETTLE_S), suppress(StashError):
        at = trio.current_time()
        return seen_in(await ctx.ports.stash.scenes([scene_id]), scene_id, at)
    return await read(ctx, scene_id)
