"""Writing to Stash and taking it back: the one story behind apply and undo.

For each scene: read → judge each change → commit the intent → send one mutation → check what Stash
answers → commit the outcome. Where all goes well this is done for some scenes at a time
(`actors.jobs.batches`); what does not is done here, one by one.

Rules:
- What was surely not executed may be sent again; what may have been executed is read, never resent
  blindly.
- An intent that a lost reply left open is settled by reading before anything is sent, and so is
  what an earlier job left open (`actors.jobs.settling`).
- "Send and record" is shielded (`ctx.finishing`), and so is one short look after a lost reply: a
  cancel lands between scenes, a stop leaves the intent open for the next start.
- Nothing is written on the word of an old read. What Stash takes between our last read and our
  write (a round trip, for a batch at most `FRESH_S`) it cannot tell us: it has no conditional
  update.
- A refused mutation of several changes is sent again change by change, so only the bad one fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import trio

from actors.jobs.batches import Trouble, write_batch
from actors.jobs.context import JobContext
from actors.jobs.entities import with_entities
from actors.jobs.looking import FRESH_S, GONE, Seen, look, read
from actors.jobs.patience import TRIES, UNSAVED, asked_pause, firmly, patiently, pause_before
from actors.jobs.story import GAVE_UP, Story, checked, done, failure, judged
from stashhog.core.exceptions import (
    ConflictError,
    StashBusyError,
    StashConnectionError,
    StashGoneError,
    StashHogException,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.domain.library import Scene
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.plans import Change, ChangeError, Value
from stashhog.ports.journal import ChangeOutcome, SceneWork

BATCH = 8
"""Scenes written with one read and two commits, at the most."""
STALE_S = 1.0
"""So long may committing the intent take (a full disk, a locked file) before we read anew."""


async def write_all(story: Story) -> None:
    """Handle all changes of the job, some scenes at a time, until none is left."""
    ctx = story.ctx
    most = BATCH
    while work := await patiently(ctx, ctx.ports.journal.next_work, ctx.job.id, most):
        written = await write_batch(story, work)
        _tell(ctx, written.handled)
        if written.trouble is not None:
            await _troubled(story, written.trouble)
        for item, seen in written.apart:
            story.tries.clear()
            if await _scene(story, item, seen):
                _tell(ctx, len(item.changes))
        most = max(1, most // 2) if written.late else min(BATCH, most + 1)


def _tell(ctx: JobContext, handled: int) -> None:
    ctx.progress(ctx.done + handled, ctx.total, unit="changes")


async def _troubled(story: Story, trouble: Trouble) -> None:
    """Go on with the scene whose mutation failed."""
    story.tries.clear()
    story.tries.update(change.id for change in trouble.changes)
    again = await _failed(story, trouble.scene_id, trouble.changes, trouble.intent, trouble.error)
    if again is None or await _judge_and_send(story, *again):
        _tell(story.ctx, len(trouble.changes))


# --- one scene ----------------------------------------------------------------------------------


async def _scene(story: Story, item: SceneWork, seen: Seen | ChangeError) -> bool:
    """Handle a scene; False where a person came in between and it has to be looked at anew."""
    changes = list(item.changes)
    if isinstance(seen, Seen):
        if story.direction.creates:
            changes = await _resolve(story, changes)
        if seen.older_than(FRESH_S):
            seen = await read(story.ctx, item.scene_id)
    if isinstance(seen, ChangeError):
        await _fail(story, changes, seen)
        return True
    return await _judge_and_send(story, seen, changes)


async def _settle(story: Story, scene: Scene, changes: Sequence[Change], intent_id: int) -> None:
    """Close an open intent by what Stash has now: ours, somebody else's, or never arrived.

    What was observed before is what the intent noted.
    """
    ctx = story.ctx
    outcomes = []
    for change in changes:
        present = story.present(scene, change)
        if story.direction.landed(change, present):
            outcomes.append(done(story.direction, change, None, present))
        elif story.settled(scene, change):
            outcomes.append(ChangeOutcome(change.id, story.direction.conflict, observed=present))
    if not outcomes:
        await firmly(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent_id)
        return
    await firmly(
        ctx,
        ctx.ports.journal.record_outcomes,
        ctx.job.id,
        outcomes,
        intent_id=intent_id,
        scene=scene,
        now=ctx.now(),
    )


async def _resolve(story: Story, changes: Sequence[Change]) -> list[Change]:
    """Give each change about a new entity that entity's id, creating it where nobody has it."""
    ready: list[Change] = []
    failed: list[ChangeOutcome] = []
    for change in changes:
        try:
            ready.append(await with_entities(story.ctx, story.library, change))
        except StashRejectedError as error:
            failed.append(failure(story, change, error))
    if failed:
        await _record(story.ctx, failed)
    return ready


async def _judge_and_send(
    story: Story, seen: Seen | ChangeError, changes: Sequence[Change]
) -> bool:
    """Judge and send until nothing is left; False where a person came in between."""
    while True:
        if isinstance(seen, Seen) and seen.older_than(FRESH_S):
            seen = await read(story.ctx, seen.scene.id)
        if isinstance(seen, ChangeError):
            await _fail(story, changes, seen)
            return True
        to_send = await _judge(story, seen.scene, changes)
        spent = [change for change in to_send if story.tries[change.id] >= TRIES]
        await _fail(story, spent, GAVE_UP)
        changes = [change for change in to_send if change not in spent]
        if not changes:
            return True
        try:
            again = await _send(story, seen, changes)
        except ConflictError as error:
            story.ctx.log("info", f"scene {seen.scene.id}: {error.detail}")
            return False
        if again is None:
            return True
        seen, changes = again


async def _judge(story: Story, scene: Scene, changes: Sequence[Change]) -> list[Change]:
    """Record what needs no sending, and return the rest."""
    outcomes, to_send = judged(story, scene, changes)
    if outcomes:
        await _record(story.ctx, outcomes, scene=scene)
    return to_send


# --- sending ------------------------------------------------------------------------------------

_Again = tuple[Seen | ChangeError, Sequence[Change]] | None
"""The scene read anew and what is still to do; None where nothing is."""


async def _send(story: Story, seen: Seen, changes: Sequence[Change]) -> _Again:
    """Commit the intent, send one mutation, and commit what came of it.

    Raises:
        ConflictError: a person decided one of the changes otherwise meanwhile; nothing was sent.
    """
    ctx, scene_id = story.ctx, seen.scene.id
    observed = {change.id: story.present(seen.scene, change) for change in changes}
    update = story.direction.update(scene_id, changes)
    ids = [change.id for change in changes]
    intent = await patiently(
        ctx, ctx.ports.journal.record_intent, ctx.job.id, scene_id, observed, update
    )
    story.tries.update(ids)
    if seen.older_than(STALE_S):
        await _release(ctx, intent)
        return await read(ctx, scene_id), changes
    try:
        unsaved = await _send_and_record(story, update, changes, observed, intent)
    except StashHogException as error:
        return await _failed(story, scene_id, changes, intent, error)
    if unsaved is not None:
        answered, outcomes = unsaved
        await _record(ctx, outcomes, intent_id=intent, scene=answered)
    return None


async def _failed(
    story: Story,
    scene_id: str,
    changes: Sequence[Change],
    intent: int,
    error: StashHogException,
) -> _Again:
    """Do what a mutation's failure calls for.

    Raises:
        StashHogException: the failure, where it would be the next scene's too.
    """
    ctx = story.ctx
    match error:
        case StashUnknownOutcomeError():
            ctx.log("warning", f"scene {scene_id}: {error.detail}; reading it again")
            return await _after_lost_reply(story, scene_id, changes, intent)
        case StashConnectionError() | StashBusyError() | StashProtocolError():
            await _release(ctx, intent)
            ctx.log("warning", f"scene {scene_id}: {error.detail}")
            await trio.sleep(max(_pause(story, changes), asked_pause(error)))
            return await read(ctx, scene_id), changes
        case StashGoneError():
            failed = [failure(story, change, error) for change in changes]
            await _record(ctx, failed, intent_id=intent)
        case StashRejectedError():
            await _refused(story, scene_id, changes, intent, error)
        case _:
            await _release(ctx, intent)
            raise error
    return None


def _pause(story: Story, changes: Sequence[Change]) -> float:
    return pause_before(max(story.tries[change.id] for change in changes))


async def _send_and_record(
    story: Story,
    update: SceneUpdate,
    changes: Sequence[Change],
    observed: Mapping[int, Value],
    intent: int,
) -> tuple[Scene, list[ChangeOutcome]] | None:
    """The shielded pair; returns what could not be saved yet (a full disk), else None."""
    ctx = story.ctx
    with ctx.finishing():
        answered = await ctx.ports.stash.update_scene(update)
        outcomes = checked(story, answered, changes, observed)
        try:
            await ctx.ports.journal.record_outcomes(
                ctx.job.id, outcomes, intent_id=intent, scene=answered, now=ctx.now()
            )
        except UNSAVED as error:
            ctx.log("warning", f"the outcome could not be saved yet: {error.detail}")
            return answered, outcomes
    return None


async def _after_lost_reply(
    story: Story, scene_id: str, changes: Sequence[Change], intent: int
) -> _Again:
    seen = await look(story.ctx, scene_id)
    for attempt in range(1, TRIES):
        if isinstance(seen, Seen) or seen == GONE:
            break
        await trio.sleep(pause_before(attempt))
        seen = await read(story.ctx, scene_id)
    if isinstance(seen, ChangeError):
        await _fail(story, changes, seen, intent_id=intent)
        return None
    await _settle(story, seen.scene, changes, intent)
    left = [change for change in changes if not story.settled(seen.scene, change)]
    if not left:
        return None
    await trio.sleep(_pause(story, left))
    return seen, left


async def _refused(
    story: Story,
    scene_id: str,
    changes: Sequence[Change],
    intent: int,
    error: StashRejectedError,
) -> None:
    """Fail the one bad change; several are sent again, each alone."""
    ctx = story.ctx
    if len(changes) == 1:
        await _record(ctx, [failure(story, changes[0], error)], intent_id=intent)
        return
    await _release(ctx, intent)
    for change in changes:
        await _judge_and_send(story, await read(ctx, scene_id), [change])


async def _fail(
    story: Story,
    changes: Sequence[Change],
    error: ChangeError,
    *,
    intent_id: int | None = None,
) -> None:
    if changes:
        failed = [story.failed(change, error) for change in changes]
        await _record(story.ctx, failed, intent_id=intent_id)


async def _release(ctx: JobContext, intent: int) -> None:
    await firmly(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)


async def _record(
    ctx: JobContext,
    outcomes: Sequence[ChangeOutcome],
    *,
    intent_id: int | None = None,
    scene: Scene | None = None,
) -> None:
    await patiently(
        ctx,
        ctx.ports.journal.record_outcomes,
        ctx.job.id,
        outcomes,
        intent_id=intent_id,
        scene=scene,
        now=ctx.now(),
    )
