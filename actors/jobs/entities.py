"""Performers, tags and studios that a plan wants and Stash may not have: created once, journalled.

Rules:
- One lock for the process: two changes that name the same new entity create it once.
- The wish is journalled before anything is sent, so that a crash leaves a trace to look for.
- What Stash turns out to have already is used, and is not ours to remove.
"""

from __future__ import annotations

from dataclasses import replace

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from stashhog.core.exceptions import (
    StashNameConflictError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.domain.library import Entity, EntityKind, Library
from stashhog.domain.plans import ENTITY_FIELDS, Change
from stashhog.ports import Creation


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
    present = await patiently(ctx, ctx.ports.stash.find_entity, kind, name)
    if present is not None:
        return await _keep(ctx, wish, present, ours=False)
    return await _created(ctx, wish)


async def _created(ctx: JobContext, wish: Creation) -> Entity:
    try:
        with ctx.finishing():
            made = await ctx.ports.stash.create_entity(wish.kind, wish.name)
            return await _keep(ctx, wish, made, ours=True)
    except StashNameConflictError:
        ours = False
    except StashUnknownOutcomeError:
        ours = True
        ctx.log("warning", f"no answer to creating {wish.kind} {wish.name!r}; looking for it")
    present = await patiently(ctx, ctx.ports.stash.find_entity, wish.kind, wish.name)
    if present is None:
        raise StashRejectedError(f"Stash does not take the name {wish.name!r}")
    return await _keep(ctx, wish, present, ours=ours)


async def _keep(ctx: JobContext, wish: Creation, entity: Entity, *, ours: bool) -> Entity:
    await ctx.ports.journal.record_creation(wish.id, entity, ours=ours)
    return entity
