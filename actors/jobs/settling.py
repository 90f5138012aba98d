"""Settling what earlier jobs of the plan left open: sent, and its outcome never saved.

That is what a crash leaves, and a cancel while the disk is full. Whoever works on the plan next
finds out by reading before anything is sent, so that what did arrive is known as ours.

Rules:
- The whole plan is settled, whatever the job was asked to write: one mutation carries several
  changes, and its intent closes for all of them at once.
- Nothing is sent here. A scene that cannot be read stays open, for the next job; this one leaves
  its open changes alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import trio

from actors.jobs.context import JobContext
from actors.jobs.looking import GONE, Seen, seen_in
from actors.jobs.patience import firmly, patiently
from actors.jobs.story import APPLY, UNDO, Story, done
from stashhog.domain.library import Library
from stashhog.domain.merge import Verdict
from stashhog.domain.plans import ChangeError, ChangeStatus
from stashhog.ports.journal import ChangeOutcome, OpenScene, SceneOutcomes

BATCH = 40
"""Scenes settled with one read and one commit, at the most."""


async def settle(ctx: JobContext) -> Library:
    """Learn what became of what the plan's earlier jobs sent, and record it.

    Returns:
        The names that changes are about, as they were read for it.
    """
    library = await patiently(ctx, ctx.ports.journal.library)
    for direction in (APPLY, UNDO):
        if await _settle(Story(ctx, direction, library)):
            stands = await patiently(ctx, ctx.ports.journal.checkpoint, ctx.job.id)
            ctx.progress(stands.done, stands.total, unit="changes")
    return library


async def _settle(story: Story) -> bool:
    ctx, kind = story.ctx, story.direction.kind
    journal = ctx.ports.journal
    after: str | None = None
    while work := await patiently(ctx, journal.open_scenes, ctx.job.id, kind, after, BATCH):
        at = trio.current_time()
        found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
        settled = []
        for item in work:
            seen = seen_in(found, item.scene_id, at)
            if isinstance(seen, Seen) or seen == GONE:
                settled.append(_settled(story, item, seen))
            else:
                ctx.log(
                    "warning", f"scene {item.scene_id}: {seen.detail}; what was sent stays open"
                )
        await firmly(ctx, journal.settle, ctx.job.id, kind, settled, now=ctx.now())
        after = work[-1].scene_id
    return after is not None


def _settled(story: Story, item: OpenScene, seen: Seen | ChangeError) -> SceneOutcomes:
    outcomes = tuple(_ended(story, item, seen))
    ours = any(outcome.status is story.direction.done for outcome in outcomes)
    scene = seen.scene if ours and isinstance(seen, Seen) else None
    return SceneOutcomes(outcomes, item.intent_ids, scene)


def _ended(story: Story, item: OpenScene, seen: Seen | ChangeError) -> Iterable[ChangeOutcome]:
    """How changes ended, by what Stash has now; without an open intent they surely never arrived.

    What did not arrive is as it was before: an apply's accepted, an undo's without an outcome.
    """
    direction = story.direction
    for change in item.changes:
        present = story.present(seen.scene, change) if isinstance(seen, Seen) else None
        sent = change.id in item.sent
        if sent and isinstance(seen, ChangeError):
            yield story.failed(change, seen)
        elif sent and direction.landed(change, present):
            yield done(direction, change, None, present)
        elif sent and direction.judge(change, present) is not Verdict.SEND:
            yield ChangeOutcome(change.id, direction.conflict, observed=present)
        elif change.status is ChangeStatus.APPLYING:
            yield ChangeOutcome(change.id, ChangeStatus.ACCEPTED)
