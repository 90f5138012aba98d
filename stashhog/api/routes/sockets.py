"""What is watched live: one job, or all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from quart import Blueprint, websocket

from stashhog.api.contract import parse_query, socket
from stashhog.api.dependencies import get_actors, get_db
from stashhog.api.schemas.jobs import EventsSocketQuery, JobSocketQuery
from stashhog.api.sockets import converse
from stashhog.db import jobs as db_jobs

bp = Blueprint("sockets", __name__)


@bp.websocket("/jobs/<job:job_id>/ws")
@socket(
    "One job, live",
    "Frames are JSON with `seq` rising: `snapshot` first (or, with `?after=SEQ`, what came after "
    "that where it is still kept), then `progress`, `log` and `status`. After a final status the "
    'server closes with 1000, at shutdown with 1012. A client may send `{"type":"cancel"}`.',
    query=JobSocketQuery,
)
async def watch_job(job_id: str) -> None:
    """Snapshot first, then what happens to the job."""
    query = parse_query(JobSocketQuery, websocket.args.lists())
    registry = get_actors().registry

    async def hear(said: Mapping[str, Any]) -> bool:
        if said != {"type": "cancel"}:
            return False
        await registry.cancel(job_id)
        return True

    if job_id in registry.live():
        async with registry.watch(job_id, query.after) as frames:
            await converse(frames, hear)
        return
    ended = await get_db().read(db_jobs.get_job, job_id)
    await converse(_once({"type": "snapshot", "seq": ended["seq"], "job": ended}), hear)


async def _once(frame: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    yield frame


@bp.websocket("/events")
@socket(
    "All jobs, live",
    "The frames of all jobs with `job_id` and `job_seq`, under a stream `seq` and a `boot` id of "
    'their own, and `{"type":"library","reason":…}` when the library changed: `sync`, `apply`, '
    "`undo` here, `stash` where Stash told of something that is still to be read. Go on after a "
    "lost connection by `?boot=BOOT&after=SEQ`; an unknown boot gets snapshots of all live jobs.",
    query=EventsSocketQuery,
)
async def watch_all() -> None:
    """Everything that happens to jobs and to the library."""
    query = parse_query(EventsSocketQuery, websocket.args.lists())
    async with get_actors().registry.watch_all(query.boot, query.after) as frames:
        await converse(frames)
