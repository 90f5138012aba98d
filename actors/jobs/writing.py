"""Writing to Stash and taking it back: the one story behind apply and undo.

For each scene: read → judge each change → commit the intent → send one mutation → check what Stash
answers → commit the outcome.

Rules:
- What was surely not executed may be sent again; what may have been executed is read, never resent
  blindly.
- An intent that a crash or a lost reply left open is settled by reading before anything is sent.
- "Send and record" is shielded (`ctx.finishing`), and so is one short look after a lost reply: a
  cancel lands between scenes, a stop leaves the intent open for the next start.
- Nothing is written on the word of an old read. What Stash takes between our last read and our
  write (a round trip, for a batch at most `FRESH_S`) it cannot tell us: it has no conditional
  update.
- A refused mutation of several changes is sent again change by change, so only the bad one fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ParamSpec

import trio

from actors.jobs.context import JobContext
from actors.jobs.entities import with_entities
from actors.jobs.looking import Seen, look, read, seen_in
from actors.jobs.patience import TRIES, UNSAVED, asked_pause, patiently, pause_before
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
from stashhog.domain.library import Library, Scene
from stashhog.domain.merge import SceneUpdate, Verdict, present_value
from stashhog.domain.plans import Change, ChangeError, ChangeStatus, Value
from stashhog.ports import ChangeOutcome, SceneWork

P = ParamSpec("P")

BATCH = 8
"""Scenes read in one request."""
FRESH_S = 0.1
"""A scene read longer ago than this is read again before anything is written to it."""
STALE_S = 1.0
"""So long may committing the intent take (a full disk, a locked file) before we read anew."""


@dataclass(frozen=True, slots=True)
class Direction:
    """What tells an apply from an undo."""

    judge: Callable[[Change, Value], Verdict]
    landed: Callable[[Change, Value], bool]
    update: Callable[[str, Iterable[Change]], SceneUpdate]
    done: ChangeStatus
    conflict: ChangeStatus
    failed: ChangeStatus
    creates: bool


@dataclass(frozen=True, slots=True)
class _Story:
    """What stays the same for all scenes of one run; `tries` counts how often a change was sent."""

    ctx: JobContext
    direction: Direction
    library: Library
    tries: Counter[int] = field(default_factory=Counter)

    def present(self, scene: Scene, change: Change) -> Value:
        return present_value(scene, change, self.library)

    def settled(self, scene: Scene, change: Change) -> bool:
        """Whether reading the scene told how an open intent ended for this change."""
        present = self.present(scene, change)
        return (
            self.direction.landed(change, present)
            or self.direction.judge(change, present) is not Verdict.SEND
        )

    def failed(self, change: Change, error: ChangeError) -> ChangeOutcome:
        return ChangeOutcome(change.id, self.direction.failed, error=error)


async def write_all(ctx: JobContext, direction: Direction) -> None:
    """Handle all changes of the job, scene by scene, until none is left."""
    story = _Story(ctx, direction, await patiently(ctx, ctx.ports.journal.library))
    while work := await patiently(ctx, ctx.ports.journal.next_work, ctx.job.id, BATCH):
        await _batch(story, work)


async def _batch(story: _Story, work: Sequence[SceneWork]) -> None:
    ctx = story.ctx
    at = trio.current_time()
    found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
    for item in work:
        story.tries.clear()
        if await _scene(story, item, seen_in(found, item.scene_id, at)):
            ctx.progress(ctx.done + len(item.changes), ctx.total, unit="changes")


# --- one scene ----------------------------------------------------------------------------------


async def _scene(story: _Story, item: SceneWork, seen: Seen | ChangeError) -> bool:
    """Handle a scene; False where a person came in between and it has to be looked at anew."""
    changes = list(item.changes)
    if isinstance(seen, Seen):
        if story.direction.creates:
            changes = await _resolve(story, changes)
        if seen.older_than(FRESH_S):
            seen = await read(story.ctx, item.scene_id)
    if isinstance(seen, ChangeError):
        await _fail(story, changes, seen, intent_id=item.intent_id)
        return True
    if item.intent_id is not None:
        about = [c for c in changes if c.id in item.intent_change_ids]
        await _settle(story, seen.scene, about, item.intent_id)
        changes = [c for c in changes if c not in about or not story.settled(seen.scene, c)]
    return await _judge_and_send(story, seen, changes)


async def _settle(story: _Story, scene: Scene, changes: Sequence[Change], intent_id: int) -> None:
    """Close an open intent by what Stash has now: ours, somebody else's, or never arrived.

    What was observed before is what the intent noted.
    """
    ctx = story.ctx
    outcomes = []
    for change in changes:
        present = story.present(scene, change)
        if story.direction.landed(change, present):
            outcomes.append(_done(story.direction, change, None, present))
        elif story.settled(scene, change):
            outcomes.append(ChangeOutcome(change.id, story.direction.conflict, observed=present))
    if not outcomes:
        await _firmly(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent_id)
        return
    await _firmly(
        ctx,
        ctx.ports.journal.record_outcomes,
        ctx.job.id,
        outcomes,
        intent_id=intent_id,
        scene=scene,
        now=ctx.now(),
    )


async def _resolve(story: _Story, changes: Sequence[Change]) -> list[Change]:
    """Give each change about a new entity that entity's id, creating it where nobody has it."""
    ready: list[Change] = []
    failed: list[ChangeOutcome] = []
    for change in changes:
        try:
            ready.append(await with_entities(story.ctx, story.library, change))
        except StashRejectedError as error:
            failed.append(_failure(story, change, error))
    if failed:
        await _record(story.ctx, failed)
    return ready


async def _judge_and_send(
    story: _Story, seen: Seen | ChangeError, changes: Sequence[Change]
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


async def _judge(story: _Story, scene: Scene, changes: Sequence[Change]) -> list[Change]:
    """Record what needs no sending, and return the rest."""
    direction = story.direction
    outcomes: list[ChangeOutcome] = []
    to_send: list[Change] = []
    for change in changes:
        present = story.present(scene, change)
        match direction.judge(change, present):
            case Verdict.SEND:
                to_send.append(change)
            case Verdict.ALREADY:
                already = ChangeOutcome(change.id, direction.done, present, present, "already")
                outcomes.append(already)
            case Verdict.CONFLICT:
                outcomes.append(ChangeOutcome(change.id, direction.conflict, present))
    if outcomes:
        await _record(story.ctx, outcomes, scene=scene)
    return to_send


# --- sending ------------------------------------------------------------------------------------

_Again = tuple[Seen | ChangeError, Sequence[Change]] | None
"""The scene read anew and what is still to do; None where nothing is."""


async def _send(story: _Story, seen: Seen, changes: Sequence[Change]) -> _Again:
    """Commit the intent, send one mutation, and commit what came of it.

    Raises:
        ConflictError: a person decided one of the changes otherwise meanwhile; nothing was sent.
    """
    ctx, scene_id = story.ctx, seen.scene.id
    observed = {change.id: story.present(seen.scene, change) for change in changes}
    update = story.direction.update(scene_id, changes)
    ids = [change.id for change in changes]
    intent = await patiently(
        ctx, ctx.ports.journal.record_intent, ctx.job.id, scene_id, ids, observed, update
    )
    story.tries.update(ids)
    if seen.older_than(STALE_S):
        await _release(ctx, intent)
        return await read(ctx, scene_id), changes
    try:
        unsaved = await _send_and_record(story, update, changes, observed, intent)
    except StashUnknownOutcomeError as error:
        ctx.log("warning", f"scene {scene_id}: {error.detail}; reading it again")
        return await _after_lost_reply(story, scene_id, changes, intent)
    except (StashConnectionError, StashBusyError, StashProtocolError) as error:
        await _release(ctx, intent)
        ctx.log("warning", f"scene {scene_id}: {error.detail}")
        await trio.sleep(max(_pause(story, changes), asked_pause(error)))
        return await read(ctx, scene_id), changes
    except StashGoneError as error:
        failed = [_failure(story, change, error) for change in changes]
        await _record(ctx, failed, intent_id=intent)
        return None
    except StashRejectedError as error:
        await _refused(story, scene_id, changes, intent, error)
        return None
    except StashHogException:
        await _release(ctx, intent)
        raise
    if unsaved is not None:
        answered, outcomes = unsaved
        await _record(ctx, outcomes, intent_id=intent, scene=answered)
    return None


def _pause(story: _Story, changes: Sequence[Change]) -> float:
    return pause_before(max(story.tries[change.id] for change in changes))


async def _send_and_record(
    story: _Story,
    update: SceneUpdate,
    changes: Sequence[Change],
    observed: Mapping[int, Value],
    intent: int,
) -> tuple[Scene, list[ChangeOutcome]] | None:
    """The shielded pair; returns what could not be saved yet (a full disk), else None."""
    ctx = story.ctx
    with ctx.finishing():
        answered = await ctx.ports.stash.update_scene(update)
        outcomes = _checked(story, answered, changes, observed)
        try:
            await ctx.ports.journal.record_outcomes(
                ctx.job.id, outcomes, intent_id=intent, scene=answered, now=ctx.now()
            )
        except UNSAVED as error:
            ctx.log("warning", f"the outcome could not be saved yet: {error.detail}")
            return answered, outcomes
    return None


async def _after_lost_reply(
    story: _Story, scene_id: str, changes: Sequence[Change], intent: int
) -> _Again:
    seen = await look(story.ctx, scene_id)
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
    story: _Story,
    scene_id: str,
    changes: Sequence[Change],
    intent: int,
    error: StashRejectedError,
) -> None:
    """Fail the one bad change; several are sent again, each alone."""
    ctx = story.ctx
    if len(changes) == 1:
        await _record(ctx, [_failure(story, changes[0], error)], intent_id=intent)
        return
    await _release(ctx, intent)
    for change in changes:
        await _judge_and_send(story, await read(ctx, scene_id), [change])


def _checked(
    story: _Story,
    answered: Scene,
    changes: Sequence[Change],
    observed: Mapping[int, Value],
) -> list[ChangeOutcome]:
    """Compare what Stash answered with what was asked for."""
    outcomes = []
    for change in changes:
        present = story.present(answered, change)
        if story.direction.landed(change, present):
            outcomes.append(_done(story.direction, change, observed[change.id], present))
        else:
            error = ChangeError("not_taken", "Stash answered without an error but kept its value")
            outcomes.append(replace(story.failed(change, error), observed=present))
    return outcomes


def _done(direction: Direction, change: Change, observed: Value, written: Value) -> ChangeOutcome:
    return ChangeOutcome(change.id, direction.done, observed, written, "sent")


GAVE_UP = ChangeError("gave_up", f"Stash failed {TRIES} times to take it; its value is as it was")
GONE_CODES = frozenset({"gone", "missing_reference"})


def _failure(story: _Story, change: Change, error: StashHogException) -> ChangeOutcome:
    code = "gone" if error.public_code in GONE_CODES else error.public_code
    return story.failed(change, ChangeError(code, error.detail))


async def _fail(
    story: _Story,
    changes: Sequence[Change],
    error: ChangeError,
    *,
    intent_id: int | None = None,
) -> None:
    if changes:
        failed = [story.failed(change, error) for change in changes]
        await _record(story.ctx, failed, intent_id=intent_id)


async def _firmly(
    ctx: JobContext, write: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Commit also while the job is cancelled; a disk that is full is waited for in the open."""
    try:
        with ctx.finishing():
            await write(*args, **kwargs)
    except UNSAVED:
        await patiently(ctx, write, *args, **kwargs)


async def _release(ctx: JobContext, intent: int) -> None:
    await _firmly(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)


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
