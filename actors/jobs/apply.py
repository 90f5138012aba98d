"""The apply job: write a plan's accepted changes to Stash, never over somebody else's edit."""

from __future__ import annotations

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.jobs.settling import settle_applies
from actors.jobs.story import Direction
from actors.jobs.writing import write_all
from actors.tasks import Slot, task
from stashhog.domain.jobs import JobKind
from stashhog.domain.merge import judge_apply, landed_apply, update_for_apply
from stashhog.domain.plans import ChangeStatus

APPLY = Direction(
    judge=judge_apply,
    landed=landed_apply,
    update=update_for_apply,
    done=ChangeStatus.APPLIED,
    conflict=ChangeStatus.CONFLICT,
    failed=ChangeStatus.FAILED,
    creates=True,
)


@task(JobKind.APPLY, slot=Slot.STASH_WRITER)
async def run(ctx: JobContext) -> None:
    """Apply from where the journal stands."""
    await settle_applies(ctx)
    await write_all(ctx, APPLY)
    tally = (await patiently(ctx, ctx.ports.journal.checkpoint, ctx.job.id)).tally
    if tally.get("applied"):
        ctx.library_changed("apply")
