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
from actors.jobs.entities import EntityGoneError, with_entities
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


async def write_all(ctx: JobContext, direction: Direction) -> None:
    """Handle all changes of the job, scene by scene, until none is left."""
    library = await patiently(ctx, ctx.ports.journal.library)
    while work := await patiently(ctx, ctx.ports.journal.next_work, ctx.job.id, BATCH):
        await _batch(ctx, direction, library, work)


async def _batch(
    ctx: JobContext, direction: Direction, library: Library, work: Sequence[SceneWork]
) -> None:
    read_at = trio.current_time()
    found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
    scenes = {scene.id: scene for scene in found.scenes}
    reasons = {failure.item: failure.reason for failure in found.failures}
    for item in work:
        scene = scenes.get(item.scene_id)
        if scene is not None and trio.current_time() - read_at > FRESH_S:
            scene = await _read(ctx, item.scene_id)
        if scene is None:
            unreadable = reasons.get(item.scene_id)
            error = (
                ChangeError("unreadable", unreadable)
                if unreadable
                else ChangeError("gone", "Stash no longer has this scene")
            )
            await _fail_all(ctx, direction, item, error)
        else:
            await _scene(ctx, direction, library, item, scene)
        ctx.progress(ctx.done + len(item.changes), ctx.total, unit="changes")


async def _read(ctx: JobContext, scene_id: str) -> Scene | None:
    found = await patiently(ctx, ctx.ports.stash.scenes, [scene_id])
    return found.scenes[0] if found.scenes else None


async def _scene(
    ctx: JobContext, direction: Direction, library: Library, item: SceneWork, scene: Scene
) -> None:
    changes = list(item.changes)
    if item.intent_id is not None:
        about = [c for c in changes if c.id in item.intent_change_ids]
        await _settle(ctx, direction, library, scene, about, item.intent_id)
        changes = [c for c in changes if c.id not in item.intent_change_ids] + [
            c for c in about if not _settled(direction, c, present_value(scene, c, library))
        ]
    if direction.creates:
        changes = await _resolve(ctx, direction, library, item, changes)
    await _judge_and_send(ctx, direction, library, scene, changes)


def _settled(direction: Direction, change: Change, present: Value) -> bool:
    """Whether reading the scene told how an open intent ended for this change."""
    return direction.landed(change, present) or direction.judge(change, present) is not Verdict.SEND


async def _settle(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    scene: Scene,
    changes: Sequence[Change],
    intent_id: int,
) -> None:
    """Close an open intent by what Stash has now: ours, somebody else's, or never arrived."""
    outcomes = []
    for change in changes:
        present = present_value(scene, change, library)
        if direction.landed(change, present):
            outcomes.append(_done(direction, change, change.current, present))
        elif _settled(direction, change, present):
            outcomes.append(ChangeOutcome(change.id, direction.conflict, observed=present))
    if outcomes:
        await _record(ctx, outcomes, intent_id=intent_id, scene=scene)
    else:
        await patiently(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent_id)


async def _resolve(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    item: SceneWork,
    changes: Sequence[Change],
) -> list[Change]:
    """Give each change about a new entity that entity's id, creating it where nobody has it."""
    ready: list[Change] = []
    failed: list[ChangeOutcome] = []
    for change in changes:
        try:
            ready.append(await with_entities(ctx, library, change))
        except (EntityGoneError, StashRejectedError) as error:
            failed.append(_failure(direction, change, error))
    if failed:
        await _record(ctx, failed)
    return ready


async def _judge_and_send(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    scene: Scene,
    changes: Sequence[Change],
) -> None:
    for _ in range(TRIES):
        outcomes: list[ChangeOutcome] = []
        to_send: list[Change] = []
        for change in changes:
            present = present_value(scene, change, library)
            match direction.judge(change, present):
                case Verdict.SEND:
                    to_send.append(change)
                case Verdict.ALREADY:
                    outcomes.append(
                        ChangeOutcome(change.id, direction.done, present, present, "already")
                    )
                case Verdict.CONFLICT:
                    outcomes.append(ChangeOutcome(change.id, direction.conflict, present))
        if outcomes:
            await _record(ctx, outcomes, scene=scene)
        if not to_send:
            return
        again = await _send(ctx, direction, library, scene, to_send)
        if again is None:
            return
        scene, changes = again
    busy = ChangeError("outcome_unknown", f"Stash gave no usable answer in {TRIES} tries")
    await _record(ctx, [_failed(direction, change, busy) for change in changes])


async def _send(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    scene: Scene,
    changes: Sequence[Change],
) -> tuple[Scene, Sequence[Change]] | None:
    """Send one mutation; returns the scene read anew and what is still to do, None if nothing."""
    observed = {c.id: present_value(scene, c, library) for c in changes}
    update = direction.update(scene.id, changes)
    ids = [change.id for change in changes]
    intent = await patiently(
        ctx, ctx.ports.journal.record_intent, ctx.job.id, scene.id, ids, observed, update
    )
    try:
        with ctx.finishing():
            answered = await ctx.ports.stash.update_scene(update)
            outcomes = _checked(direction, library, answered, changes, observed)
            try:
                await ctx.ports.journal.record_outcomes(
                    ctx.job.id, outcomes, intent_id=intent, scene=answered, now=ctx.now()
                )
            except StorageError as error:
                ctx.log("warning", f"the outcome could not be saved yet: {error.detail}")
                unsaved = True
            else:
                unsaved = False
    except StashUnknownOutcomeError as error:
        ctx.log("warning", f"scene {scene.id}: {error.detail}; reading it again")
        return await _after_lost_reply(ctx, direction, library, scene.id, changes, intent)
    except (StashConnectionError, StashBusyError) as error:
        await patiently(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)
        ctx.log("warning", f"scene {scene.id}: {error.detail}")
        return await _read_for_retry(ctx, direction, scene.id, changes)
    except StashGoneError as error:
        await _record(ctx, [_failure(direction, c, error) for c in changes], intent_id=intent)
        return None
    except StashRejectedError as error:
        await _refused(ctx, direction, library, scene, changes, intent, error)
        return None
    except StashHogException:
        await patiently(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)
        raise
    if unsaved:
        await _record(ctx, outcomes, intent_id=intent, scene=answered)
    return None


async def _after_lost_reply(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    scene_id: str,
    changes: Sequence[Change],
    intent: int,
) -> tuple[Scene, Sequence[Change]] | None:
    scene = await _read(ctx, scene_id)
    if scene is None:
        gone = ChangeError("gone", "Stash no longer has this scene")
        failed = [_failed(direction, change, gone) for change in changes]
        await _record(ctx, failed, intent_id=intent)
        return None
    await _settle(ctx, direction, library, scene, changes, intent)
    left = [c for c in changes if not _settled(direction, c, present_value(scene, c, library))]
    return (scene, left) if left else None


async def _read_for_retry(
    ctx: JobContext, direction: Direction, scene_id: str, changes: Sequence[Change]
) -> tuple[Scene, Sequence[Change]] | None:
    scene = await _read(ctx, scene_id)
    if scene is None:
        gone = ChangeError("gone", "Stash no longer has this scene")
        await _record(ctx, [_failed(direction, change, gone) for change in changes])
        return None
    return scene, changes


async def _refused(
    ctx: JobContext,
    direction: Direction,
    library: Library,
    scene: Scene,
    changes: Sequence[Change],
    intent: int,
    error: StashRejectedError,
) -> None:
    if len(changes) == 1:
        failed = [_failure(direction, changes[0], error)]
        await _record(ctx, failed, intent_id=intent)
        return
    await patiently(ctx, ctx.ports.journal.release_intent, ctx.job.id, intent)
    for change in changes:
        present = await _read(ctx, scene.id)
        if present is None:
            gone = ChangeError("gone", "Stash no longer has this scene")
            await _record(ctx, [_failed(direction, change, gone)])
            continue
        await _judge_and_send(ctx, direction, library, present, [change])


def _checked(
    direction: Direction,
    library: Library,
    answered: Scene,
    changes: Sequence[Change],
    observed: Mapping[int, Value],
) -> list[ChangeOutcome]:
    """Compare what Stash answered with what was asked for."""
    outcomes = []
    for change in changes:
        present = present_value(answered, change, library)
        if direction.landed(change, present):
            outcomes.append(_done(direction, change, observed[change.id], present))
        else:
            error = ChangeError("not_taken", "Stash answered without an error but kept its value")
            outcomes.append(replace(_failed(direction, change, error), observed=present))
    return outcomes


def _done(direction: Direction, change: Change, observed: Value, written: Value) -> ChangeOutcome:
    return ChangeOutcome(change.id, direction.done, observed, written, "sent")


def _failed(direction: Direction, change: Change, error: ChangeError) -> ChangeOutcome:
    return ChangeOutcome(change.id, direction.failed, error=error)


GONE_CODES = frozenset({"gone", "missing_reference"})


def _failure(direction: Direction, change: Change, error: StashHogException) -> ChangeOutcome:
    code = "gone" if error.public_code in GONE_CODES else error.public_code
    return _failed(direction, change, ChangeError(code, error.detail))


async def _fail_all(
    ctx: JobContext, direction: Direction, item: SceneWork, error: ChangeError
) -> None:
    failed = [_failed(direction, change, error) for change in item.changes]
    await _record(ctx, failed, intent_id=item.intent_id)


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
