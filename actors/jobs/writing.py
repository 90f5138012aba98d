"""Writing to Stash and taking it back: the one story behind apply and undo.

For each scene: read → judge each change → commit the intent → send one mutation → check what Stash
answers → commit the outcome.

Rules:
- What was surely not executed may be sent again; what may have been executed is read, never resent
  blindly.
- An intent that a crash or a lost reply left open is settled by reading before anything is sent.
- "Send and record" is shielded (`ctx.finishing`): a cancel lands between scenes, a stop leaves the
  intent open for the next start.
- A refused mutation of several changes is sent again change by change, so only the bad one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import trio

from actors.jobs.context import JobContext
from actors.jobs.entities import with_entities
from actors.jobs.patience import patiently
from stashhog.core.exceptions import (
    StashBusyError,
    StashConnectionError,
    StashGoneError,
    StashHogException,
    StashRejectedError,
    StashUnknownOutcomeError,
    StorageError,
)
from stashhog.domain.library import Library, Scene
from stashhog.domain.merge import SceneUpdate, Verdict, present_value
from stashhog.domain.plans import Change, ChangeError, ChangeStatus, Value
from stashhog.ports import ChangeOutcome, SceneWork

BATCH = 8
"""Scenes read in one request."""
FRESH_S = 0.1
"""A scene read longer ago than this is read again before anything is written to it."""
TRIES = 5
"""How often one scene's mutation is sent at the most; the adapter never sends one twice."""
FIRST_PAUSE_S = 0.1


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
    """What stays the same for all scenes of one run."""

    ctx: JobContext
    direction: Direction
    library: Library

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
    read_at = trio.current_time()
    found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
    scenes = {scene.id: scene for scene in found.scenes}
    reasons = {failure.item: failure.reason for failure in found.failures}
    for item in work:
        scene = scenes.get(item.scene_id)
        if scene is not None and trio.current_time() - read_at > FRESH_S:
            scene = await _read(ctx, item.scene_id)
        if scene is not None:
            await _scene(story, item, scene)
        else:
            unreadable = reasons.get(item.scene_id)
            error = ChangeError("unreadable", unreadable) if unreadable else GONE
            failed = [story.failed(change, error) for change in item.changes]
            await _record(ctx, failed, intent_id=item.intent_id)
        ctx.progress(ctx.done + len(item.changes), ctx.total, unit="changes")


async def _read(ctx: JobContext, scene_id: str) -> Scene | None:
    found = await patiently(ctx, ctx.ports.stash.scenes, [scene_id])
    return found.scenes[0] if found.scenes else None


async def _scene(story: _Story, item: SceneWork, scene: Scene) -> None:
    changes = list(item.changes)
    if story.direction.creates:
        changes = await _resolve(story, changes)
    if item.intent_id is not None:
        about = [c for c in changes if c.id in item.intent_change_ids]
        await _settle(story, scene, about, item.intent_id)
        changes = [c for c in changes if c not in about or not story.settled(scene, c)]
    await _judge_and_send(story, scene, changes)


async def _settle(story: _Story, scene: Scene, changes: Sequence[Change], intent_id: int) -> None:
    """Close an open intent by what Stash has now: ours, somebody else's, or never arrived."""
    outcomes = []
    for change in changes:
        present = story.present(scene, change)
        if story.direction.landed(change, present):
            outcomes.append(_done(story.direction, change, change.current, present))
        elif story.settled(scene, change):
            outcomes.append(ChangeOutcome(change.id, story.direction.conflict, observed=present))
    if outcomes:
        await _record(story.ctx, outcomes, intent_id=intent_id, scene=scene)
    else:
        await _release(story.ctx, intent_id)


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


async def _judge_and_send(story: _Story, scene: Scene, changes: Sequence[Change]) -> None:
    for attempt in range(TRIES):
        if attempt:
            await trio.sleep(FIRST_PAUSE_S * 2**attempt)
        to_send = await _judge(story, scene, changes)
        if not to_send:
            return
        again = await _send(story, scene, to_send)
        if again is None:
            return
        scene, changes = again
    spent = ChangeError("gave_up", f"Stash did not take it in {TRIES} tries; nothing was written")
    await _record(story.ctx, [story.failed(change, spent) for change in changes])


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


_Again = tuple[Scene, Sequence[Change]] | None
"""The scene read anew and what is still to do; None where nothing is."""


async def _send(story: _Story, scene: Scene, changes: Sequence[Change]) -> _Again:
    """Commit the intent, send one mutation, and commit what came of it."""
    ctx = story.ctx
    observed = {change.id: story.present(scene, change) for change in changes}
    update = story.direction.update(scene.id, changes)
    ids = [change.id for change in changes]
    intent = await patiently(
        ctx, ctx.ports.journal.record_intent, ctx.job.id, scene.id, ids, observed, update
    )
    try:
        unsaved = await _send_and_record(story, update, changes, observed, intent)
    except StashUnknownOutcomeError as error:
        ctx.log("warning", f"scene {scene.id}: {error.detail}; reading it again")
        return await _after_lost_reply(story, scene.id, changes, intent)
    except (StashConnectionError, StashBusyError) as error:
        await _release(ctx, intent)
        ctx.log("warning", f"scene {scene.id}: {error.detail}")
        return await _read_for_retry(story, scene.id, changes)
    except StashGoneError as error:
        failed = [_failure(story, change, error) for change in changes]
        await _record(ctx, failed, intent_id=intent)
        return None
    except StashRejectedError as error:
        await _refused(story, scene.id, changes, intent, error)
        return None
    except StashHogException:
        await _release(ctx, intent)
        raise
    if unsaved is not None:
        answered, outcomes = unsaved
        await _record(ctx, outcomes, intent_id=intent, scene=answered)
    return None


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
        except StorageError as error:
            ctx.log("warning", f"the outcome could not be saved yet: {error.detail}")
            return answered, outcomes
    return None


async def _after_lost_reply(
    story: _Story, scene_id: str, changes: Sequence[Change], intent: int
) -> _Again:
    scene = await _read(story.ctx, scene_id)
    if scene is None:
        failed = [story.failed(change, GONE) for change in changes]
        await _record(story.ctx, failed, intent_id=intent)
        return None
    await _settle(story, scene, changes, intent)
    left = [change for change in changes if not story.settled(scene, change)]
    return (scene, left) if left else None


async def _read_for_retry(story: _Story, scene_id: str, changes: Sequence[Change]) -> _Again:
    scene = await _read(story.ctx, scene_id)
    if scene is None:
        await _record(story.ctx, [story.failed(change, GONE) for change in changes])
        return None
    return scene, changes


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
        scene = await _read(ctx, scene_id)
        if scene is None:
            await _record(ctx, [story.failed(change, GONE)])
        else:
            await _judge_and_send(story, scene, [change])


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


GONE = ChangeError("gone", "Stash no longer has this scene")
GONE_CODES = frozenset({"gone", "missing_reference"})


def _failure(story: _Story, change: Change, error: StashHogException) -> ChangeOutcome:
    code = "gone" if error.public_code in GONE_CODES else error.public_code
    return story.failed(change, ChangeError(code, error.detail))


async def _release(ctx: JobContext, intent: int) -> None:
    await patiently(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)


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
