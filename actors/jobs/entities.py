"""Performers, tags and studios that a plan wants and Stash may not have: created once, journalled.

Rules:
- One lock for the process: two changes that name the same new entity create it once.
- That Stash is about to be asked is journalled before it is: what a crash or a lost reply leaves
  behind is found by name then, and is ours.
- What Stash turns out to have already is used, and is not ours to remove.
"""

from __future__ import annotations

from dataclasses import replace

import trio

from actors.jobs.context import JobContext
from actors.jobs.patience import TRIES, UNSAVED, patiently, pause_before
from stashhog.core.exceptions import (
    StashBusyError,
    StashConnectionError,
    StashNameConflictError,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.domain.library import Entity, EntityKind, Library
from stashhog.domain.newnames import twin
from stashhog.domain.plans import ENTITY_FIELDS, Change
from stashhog.ports.journal import Creation


async def with_entities(ctx: JobContext, library: Library, change: Change) -> Change:
    """Return the change with its new entity's id filled in; others come back as they are.

    Raises:
        StashRejectedError: Stash does not take the name.
    """
    kind = ENTITY_FIELDS.get(change.field)
    value = change.proposed
    if kind is None or isinstance(value, str) or value is None or value.get("id") is not None:
        return change
    async with ctx.shared.entity_lock:
        entity = await _found_or_created(ctx, library, change.plan_id, kind, str(value["name"]))
    return replace(change, proposed={"id": entity.id, "name": entity.name})


async def _found_or_created(
    ctx: JobContext, library: Library, plan_id: int, kind: EntityKind, name: str
) -> Entity:
    wish = await patiently(ctx, ctx.ports.journal.creation, ctx.job.id, plan_id, kind, name)
    if wish.entity_id is not None:
        return library.of(kind).get(wish.entity_id) or Entity(kind, wish.entity_id, wish.name)
    asked = wish.ours
    for attempt in range(TRIES):
        await trio.sleep(pause_before(attempt))
        present = await patiently(ctx, ctx.ports.stash.find_entity, kind, name)
        if present is None and not asked:
            present = twin(library, kind, name)
        if present is not None:
            await patiently(ctx, ctx.ports.journal.record_creation, wish.id, present, ours=asked)
            return present
        await patiently(ctx, ctx.ports.journal.record_asked, wish.id)
        try:
            return await _created(ctx, wish)
        except StashNameConflictError:
            ctx.log("info", f"Stash has the {kind} {name!r} by now, or one that it takes for it")
        except StashUnknownOutcomeError:
            asked = True
            ctx.log("warning", f"no answer to creating {kind} {name!r}; looking for it")
        except (StashConnectionError, StashBusyError, StashProtocolError) as error:
            ctx.log("warning", f"{kind} {name!r}: {error.detail}")
    raise StashRejectedError(f"Stash does not take the name {name!r}")


async def _created(ctx: JobContext, wish: Creation) -> Entity:
    """Create and record, whatever is cancelled meanwhile."""
    with ctx.finishing():
        made = await ctx.ports.stash.create_entity(wish.kind, wish.name)
        try:
            await ctx.ports.journal.record_creation(wish.id, made, ours=True)
        except UNSAVED as error:
            ctx.log("warning", f"{wish.kind} {wish.name!r} could not be saved yet: {error.detail}")
        else:
            return made
    await patiently(ctx, ctx.ports.journal.record_creation, wish.id, made, ours=True)
    return made
