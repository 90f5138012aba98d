"""The undo job: put back what a plan wrote, where Stash still has it."""

from __future__ import annotations

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import OURS, TRIES, patiently, pause_before
from actors.jobs.settling import settle
from actors.jobs.story import UNDO, Story
from actors.jobs.writing import write_all
from actors.tasks import Slot, task
from stashhog.core.exceptions import (
    StashBusyError,
    StashConnectionError,
    StashGoneError,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.domain.jobs import JobKind
from stashhog.ports.journal import Creation

LOOK_AGAIN = (
    *OURS,
    StashBusyError,
    StashConnectionError,
    StashGoneError,
    StashProtocolError,
    StashUnknownOutcomeError,
)
"""After these only Stash knows whether an entity is still there."""


@task(JobKind.UNDO, slot=Slot.STASH_WRITER)
async def run(ctx: JobContext) -> None:
    """Undo from where the journal stands."""
    await write_all(Story(ctx, UNDO, await settle(ctx)))
    if ctx.job.params.get("remove_created"):
        plan_id: int = ctx.job.params["plan_id"]
        for creation in await patiently(ctx, ctx.ports.journal.created_entities, plan_id):
            await _remove(ctx, creation)
    tally = (await patiently(ctx, ctx.ports.journal.checkpoint, ctx.job.id)).tally
    if tally.get("undone") or tally.get("removed"):
        ctx.library_changed("undo")


async def _remove(ctx: JobContext, creation: Creation) -> None:
    """Remove an entity that we created, if nothing in Stash uses it."""
    kind, name, entity_id = creation.kind, creation.name, creation.entity_id
    if entity_id is None:
        return
    async with ctx.shared.entity_lock:
        for attempt in range(TRIES):
            await trio.sleep(pause_before(attempt))
            uses = await patiently(ctx, ctx.ports.stash.entity_uses, kind, entity_id)
            if uses is None:
                await patiently(ctx, ctx.ports.journal.record_removal, ctx.job.id, creation.id)
                return
            if uses:
                ctx.log("info", f"{kind} {name!r} stays: used {uses} times")
                return
            try:
                with ctx.finishing():
                    await ctx.ports.stash.destroy_entity(kind, entity_id)
                    await ctx.ports.journal.record_removal(ctx.job.id, creation.id)
            except StashRejectedError as error:
                ctx.log("warning", f"{kind} {name!r} stays: {error.detail}")
                return
            except LOOK_AGAIN as error:
                ctx.log("warning", f"{kind} {name!r}: {error.detail}; looking again")
            else:
                return
    ctx.log("warning", f"{kind} {name!r} stays: Stash failed {TRIES} times to remove it")
