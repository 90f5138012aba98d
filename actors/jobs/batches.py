"""Writing some scenes at a time: one read and two commits for all of them, where all goes well.

Rules:
- All intents of a batch are on disk before its first mutation; what a crash leaves open of them is
  settled by reading (`actors.jobs.settling`), so no scene is written to twice because of it.
- A cancel lands between two mutations: what was answered is committed, what was not sent is
  released, and nothing is sent any more.
- The first failure ends the batch; its scene is somebody else's, and so is every scene with
  something unusual about it from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import trio

from actors.jobs.looking import FRESH_S, Seen, seen_in
from actors.jobs.patience import firmly, patiently
from actors.jobs.story import Story, checked, judged
from stashhog.core.exceptions import StashHogException
from stashhog.domain.plans import ENTITY_FIELDS, Change, ChangeError, Value
from stashhog.ports.journal import Intent, SceneOutcomes, SceneWork


@dataclass(frozen=True, slots=True)
class Trouble:
    """A scene whose mutation failed; its intent is open."""

    scene_id: str
    changes: Sequence[Change]
    intent: int
    error: StashHogException


@dataclass(slots=True)
class Written:
    """What became of a batch.

    Attributes:
        handled: How many changes have an outcome.
        trouble: The scene that ended it.
        apart: Scenes that have to be handled one by one, as they were read.
        late: It took too long for its last scenes; they were let go.
    """

    handled: int = 0
    trouble: Trouble | None = None
    apart: list[tuple[SceneWork, Seen | ChangeError]] = field(default_factory=list)
    late: bool = False


@dataclass(slots=True)
class _Batch:
    """A batch on its way: what is to be sent, and what is to be committed at its end."""

    story: Story
    at: float
    written: Written = field(default_factory=Written)
    to_send: list[tuple[Intent, Sequence[Change]]] = field(default_factory=list)
    outcomes: list[SceneOutcomes] = field(default_factory=list)


async def write_batch(story: Story, work: Sequence[SceneWork]) -> Written:
    """Write the scenes that go smoothly.

    Raises:
        StashHogException: they could not be read, or the journal could not be written.
    """
    ctx = story.ctx
    batch = _Batch(story, trio.current_time())
    found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
    for item in work:
        _sort_in(batch, item, seen_in(found, item.scene_id, batch.at))
    intents: Sequence[int | None] = ()
    if batch.to_send:
        intents = await patiently(
            ctx, ctx.ports.journal.record_intents, ctx.job.id, [one for one, _ in batch.to_send]
        )
    unsent = [intent for intent in intents if intent is not None]
    try:
        await _send(batch, intents, unsent)
    finally:
        if batch.outcomes or unsent:
            await firmly(
                ctx,
                ctx.ports.journal.record_scenes,
                ctx.job.id,
                batch.outcomes,
                released=unsent,
                now=ctx.now(),
            )
    batch.written.handled = sum(len(each.outcomes) for each in batch.outcomes)
    return batch.written


def _sort_in(batch: _Batch, item: SceneWork, seen: Seen | ChangeError) -> None:
    story = batch.story
    if isinstance(seen, ChangeError) or any(_names_nobody(each) for each in item.changes):
        batch.written.apart.append((item, seen))
        return
    outcomes, to_send = judged(story, seen.scene, item.changes)
    if outcomes:
        batch.outcomes.append(SceneOutcomes(tuple(outcomes), scene=seen.scene))
    if to_send:
        observed: dict[int, Value] = {c.id: story.present(seen.scene, c) for c in to_send}
        update = story.direction.update(item.scene_id, to_send)
        batch.to_send.append((Intent(item.scene_id, observed, update), to_send))


def _names_nobody(change: Change) -> bool:
    """Whether a change is about an entity that may not exist yet."""
    value = change.proposed
    if change.field not in ENTITY_FIELDS or value is None or isinstance(value, str):
        return False
    return value.get("id") is None


async def _send(batch: _Batch, intents: Sequence[int | None], unsent: list[int]) -> None:
    """Send one mutation after the other; `unsent` keeps the intents that were not begun with."""
    ctx = batch.story.ctx
    for (planned, changes), intent in zip(batch.to_send, intents, strict=True):
        if intent is None:
            continue  # a person came in between: `next_work` leaves that change out
        if trio.current_time() - batch.at > FRESH_S:
            batch.written.late = True
            return
        await trio.lowlevel.checkpoint_if_cancelled()
        unsent.remove(intent)
        try:
            with ctx.finishing():
                answered = await ctx.ports.stash.update_scene(planned.update)
                outcomes = checked(batch.story, answered, changes, planned.observed)
                batch.outcomes.append(SceneOutcomes(tuple(outcomes), (intent,), answered))
        except StashHogException as error:
            batch.written.trouble = Trouble(planned.scene_id, changes, intent, error)
            return
