"""What Stash told by hooks and events since it was last looked at: a bounded box, and its reader.

Rules:
- The box outlives the sync manager's lives; what a crashed life had in hand is put back.
- However many hooks come, the box holds at most `MOST_SCENES` ids: past that it only knows that
  anything may have changed.
- A hook says that something was written, not by whom. Who wrote it is told by what Stash holds
  now: where that is what the copy holds, or what our journal says, nothing has to be done. A write
  of ours whose answer is not recorded yet is looked at again in the next round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import trio

from stashhog.domain.events import EntityHook, Hook, OtherHook, SceneHook
from stashhog.ports import Stash
from stashhog.ports.events import OwnWrites

WINDOW_S = 2.0
"""Hooks and events of so many seconds are looked at together."""
MOST_SCENES = 1000
CHUNK = 200


@dataclass(frozen=True, slots=True)
class NewsCounts:
    """What came in so far, and what of it was known already."""

    hooks: int = 0
    events: int = 0
    known: int = 0


@dataclass(slots=True)
class Batch:
    """What was told within a window; `anything` says why anything may have changed."""

    scene_ids: dict[str, None] = field(default_factory=dict)
    entities: dict[EntityHook, None] = field(default_factory=dict)
    anything: str | None = None

    def __bool__(self) -> bool:
        return bool(self.scene_ids or self.entities or self.anything)

    def add(self, hook: Hook) -> None:
        """Add a hook; too many of them become one."""
        match hook:
            case SceneHook(scene_id):
                self.scene_ids[scene_id] = None
            case EntityHook():
                self.entities[hook] = None
            case OtherHook(type_):
                self.anything = self.anything or f"hook {type_[:64]}"
        if len(self.scene_ids) + len(self.entities) > MOST_SCENES:
            self.scene_ids.clear()
            self.entities.clear()
            self.anything = self.anything or "many hooks"

    def merge(self, other: Batch) -> None:
        """Add all of another batch."""
        self.anything = self.anything or other.anything
        for scene_id in other.scene_ids:
            self.add(SceneHook(scene_id))
        for hook in other.entities:
            self.add(hook)


class News:
    """The box: filled by hooks and events, emptied once in a while by the sync manager."""

    def __init__(self) -> None:
        self._box = Batch()
        self._in_hand = Batch()
        self._arrived = trio.Event()
        self.counts = NewsCounts()

    def hook(self, hook: Hook) -> None:
        """Take a hook; never blocks."""
        self._count(hooks=1)
        self._box.add(hook)
        self._arrived.set()

    def anything(self, reason: str) -> None:
        """Take that anything may have changed; never blocks."""
        self._box.anything = self._box.anything or reason
        self._arrived.set()

    def event(self) -> None:
        """Count a live event."""
        self._count(events=1)

    def known(self, number: int) -> None:
        """Count what told nothing that is not known."""
        self._count(known=number)

    def _count(self, hooks: int = 0, events: int = 0, known: int = 0) -> None:
        now = self.counts
        self.counts = NewsCounts(now.hooks + hooks, now.events + events, now.known + known)

    # --- reading --------------------------------------------------------------------------------

    async def arrived(self) -> None:
        """Wait until there is something."""
        await self._arrived.wait()

    def take(self) -> Batch:
        """Empty the box; what is taken counts as in hand until `settled`."""
        self._in_hand, self._box = self._box, Batch()
        self._arrived = trio.Event()
        return self._in_hand

    def settled(self, left: Batch | None = None) -> None:
        """What was in hand is dealt with, but for what is `left` for the next round."""
        self._in_hand = left or Batch()
        self.put_back()

    def put_back(self) -> None:
        """Put what is in hand back into the box."""
        self._box.merge(self._in_hand)
        self._in_hand = Batch()
        if self._box:
            self._arrived.set()


@dataclass(frozen=True, slots=True)
class Foreign:
    """What of a batch somebody else did: these scenes, or anything; `left` is not clear yet."""

    scene_ids: tuple[str, ...]
    anything: str | None
    left: Batch
    known: int = 0


async def sort_out(batch: Batch, stash: Stash, writes: OwnWrites, *, writing: bool) -> Foreign:
    """Tell what somebody else did from our own writes.

    Args:
        batch: What was told.
        stash: Asked for the scenes as they are now.
        writes: What we wrote, and what the copy holds.
        writing: Whether an apply or undo is at work, so that an answer may still come.

    Raises:
        StashHogException: Stash or the store could not be asked.
    """
    left = Batch()
    anything = batch.anything
    ids = list(batch.scene_ids)
    if writing and ids:
        waiting = await writes.unsettled(ids)
        left.scene_ids = dict.fromkeys(one for one in ids if one in waiting)
        ids = [one for one in ids if one not in waiting]
    changed: list[str] = []
    for start in range(0, len(ids), CHUNK):
        changed += await _changed(ids[start : start + CHUNK], stash, writes)
    ours = await writes.by_us(tuple(batch.entities)) if batch.entities else frozenset()
    strange = [hook for hook in batch.entities if hook not in ours]
    if writing:
        pending = [hook for hook in strange if hook.action != "update"]
        left.entities = dict.fromkeys(pending)
        strange = [hook for hook in strange if hook.action == "update"]
    if strange:
        anything = anything or f"{strange[0].kind} {strange[0].action}"
    known = len(ids) - len(changed) + len(ours)
    return Foreign(tuple(sorted(changed, key=int)), anything, left, known)


async def _changed(ids: Sequence[str], stash: Stash, writes: OwnWrites) -> Iterable[str]:
    """Those of these scenes that Stash has otherwise than the copy, or one of them not at all."""
    found = await stash.scenes(ids)
    same = await writes.as_held(found.scenes)
    here = await writes.held(found.missing)
    failed = {failure.item for failure in found.failures}
    return [
        one
        for one in ids
        if one in here or one in failed or (one not in found.missing and one not in same)
    ]
