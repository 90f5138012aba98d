"""The apply job: write a plan's accepted changes to Stash, never over somebody else's edit."""

from __future__ import annotations

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.jobs.settling import settle
from actors.jobs.story import APPLY, Story
from actors.jobs.writing import write_all
from actors.tasks import Slot, task
from stashhog.domain.jobs import JobKind


@task(JobKind.APPLY, slot=Slot.STASH_WRITER)
async def run(ctx: JobContext) -> None:
    """Apply from where the journal stands."""
    await write_all(Story(ctx, APPLY, await settle(ctx)))
    tally = (await patiently(ctx, ctx.ports.journal.checkpoint, ctx.job.id)).tally
    if tally.get("applied"):
        ctx.library_changed("apply")
