"""The undo job: put back what a plan wrote, where Stash still has it."""

from __future__ import annotations

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.jobs.writing import Direction, write_all
from actors.tasks import Slot, task
from stashhog.domain.jobs import JobKind
from stashhog.domain.merge import judge_undo, landed_undo, update_for_undo
from stashhog.domain.plans import ChangeStatus
from stashhog.ports import Creation

UNDO = Direction(
    judge=judge_undo,
    landed=landed_undo,
    update=update_for_undo,
    done=ChangeStatus.UNDONE,
    conflict=ChangeStatus.UNDO_CONFLICT,
    failed=ChangeStatus.APPLIED,
    creates=False,
)


@task(JobKind.UNDO, slot=Slot.STASH_WRITER)
async def run(ctx: JobContext) -> None:
    """Undo from where the journal stands."""
    await write_all(ctx, UNDO)
    if ctx.job.params.get("remove_created"):
        plan_id: int = ctx.job.params["plan_id"]
        for creation in await patiently(ctx, ctx.ports.journal.created_entities, plan_id):
            await _remove(ctx, creation)
    tally = (await patiently(ctx, ctx.ports.journal.checkpoint, ctx.job.id)).tally
    if tally.get("undone") or tally.get("removed"):
        ctx.library_changed("undo")


async def _remove(ctx: JobContext, creation: Creation) -> None:
    """Remove an entity that we created, if nothing in Stash uses it."""
    if creation.entity_id is None:
        return
    async with ctx.shared.entity_lock:
        uses = await patiently(ctx, ctx.ports.stash.entity_uses, creation.kind, creation.entity_id)
        if uses:
            ctx.log("info", f"{creation.kind} {creation.name!r} stays: used {uses} times")
            return
        with ctx.finishing():
            if uses is not None:
                await ctx.ports.stash.destroy_entity(creation.kind, creation.entity_id)
            await ctx.ports.journal.record_removal(ctx.job.id, creation.id)
