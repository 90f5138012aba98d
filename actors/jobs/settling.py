"""Settling what an earlier apply of the plan left open: sent, and its outcome never saved.

That is what a crash leaves, and a cancel while the disk is full. Whoever works on the plan next
finds out by reading before anything is sent, so that an undo takes back what did arrive.

Rules:
- The whole plan is settled, whatever the job was asked to write: one mutation carries several
  changes, and its intent closes for all of them at once.
- Nothing is sent here. A scene that cannot be read stays open, for the next job.
"""

from __future__ import annotations

import trio

from actors.jobs.context import JobContext
from actors.jobs.looking import GONE, Seen, seen_in
from actors.jobs.patience import firmly, patiently
from stashhog.domain.library import Library
from stashhog.domain.merge import Verdict, judge_apply, landed_apply, present_value
from stashhog.domain.plans import Change, ChangeError, ChangeStatus
from stashhog.ports.journal import ChangeOutcome, SceneOutcomes, SceneWork

BATCH = 40
"""Scenes settled with one read and one commit, at the most."""


async def settle_applies(ctx: JobContext) -> None:
    """Learn what became of the plan's changes that are still `applying`, and record it."""
    library: Library | None = None
    after: str | None = None
    journal = ctx.ports.journal
    while work := await patiently(ctx, journal.open_applies, ctx.job.id, after, BATCH):
        if library is None:
            library = await patiently(ctx, journal.library)
        at = trio.current_time()
        found = await patiently(ctx, ctx.ports.stash.scenes, [item.scene_id for item in work])
        settled = []
        for item in work:
            seen = seen_in(found, item.scene_id, at)
            if isinstance(seen, Seen) or seen == GONE:
                settled.append(_settled(item, seen, library))
            else:
                ctx.log(
                    "warning", f"scene {item.scene_id}: {seen.detail}; what was sent stays open"
                )
        await firmly(ctx, journal.settle_applies, ctx.job.id, settled, now=ctx.now())
        after = work[-1].scene_id
    if library is not None:
        stands = await patiently(ctx, journal.checkpoint, ctx.job.id)
        ctx.progress(stands.done, stands.total, unit="changes")


def _settled(item: SceneWork, seen: Seen | ChangeError, library: Library) -> SceneOutcomes:
    outcomes = tuple(
        _ended(change, seen, library, sent=change.id in item.intent_change_ids)
        for change in item.changes
    )
    ours = any(outcome.status is ChangeStatus.APPLIED for outcome in outcomes)
    scene = seen.scene if ours and isinstance(seen, Seen) else None
    return SceneOutcomes(outcomes, item.intent_id, scene)


def _ended(
    change: Change, seen: Seen | ChangeError, library: Library, *, sent: bool
) -> ChangeOutcome:
    """How a change ended, by what Stash has now; without an open intent it surely never arrived."""
    if not sent:
        return ChangeOutcome(change.id, ChangeStatus.ACCEPTED)
    if isinstance(seen, ChangeError):
        return ChangeOutcome(change.id, ChangeStatus.FAILED, error=seen)
    present = present_value(seen.scene, change, library)
    if landed_apply(change, present):
        return ChangeOutcome(change.id, ChangeStatus.APPLIED, written=present, outcome="sent")
    if judge_apply(change, present) is Verdict.SEND:
        return ChangeOutcome(change.id, ChangeStatus.ACCEPTED)
    return ChangeOutcome(change.id, ChangeStatus.CONFLICT, observed=present)
