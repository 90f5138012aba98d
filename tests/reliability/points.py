"""Cancel an apply, and then an undo, at each of its awaits, one after the other.

The count is of points at the most, spread over all; 0 takes every one. After each cancel what was
executed is recorded and nothing else is, no intent is open, and nothing is sent any more; the next
job does the rest, and no scene is written to twice. One of the scenes loses the reply to its
mutation, and another one gets a performer that does not exist yet.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import trio
from sqlalchemy.orm import Session

from stashhog.demo.faults import lost_reply
from stashhog.domain.plans import ChangeStatus
from tests.jobs.changes import full_set, new_change, title
from tests.jobs.desk import Desk, desk
from tests.reliability.trial import Trial
from tests.rig.library import small_library
from tests.rig.stash import scenes_written

USUAL = 0
NOBODY = {"id": None, "name": "Ludmila Prewitt"}
DONE = {"apply": ChangeStatus.APPLIED, "undo": ChangeStatus.UNDONE}
OPEN = {
    "apply": {ChangeStatus.ACCEPTED, ChangeStatus.UNDONE},
    "undo": {ChangeStatus.APPLIED},
}


def run(trial: Trial) -> None:
    """Try all points of both."""
    trio.run(_run, trial)


async def _run(trial: Trial) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = small_library(scenes=3, organized=0, seed=trial.seed)
        async with desk(Path(folder), library, timeout=5.0) as at:
            plan_id = await at.plan(
                *full_set("1"),
                title("2"),
                title("3"),
                new_change("3", "performers", NOBODY, creates=True),
            )
            for kind in ("apply", "undo"):
                await _clear(at, plan_id)
                if kind == "undo":
                    await at.apply(plan_id)
                await _points(trial, at, plan_id, kind)


async def _points(trial: Trial, at: Desk, plan_id: int, kind: str) -> None:
    await _one_point(trial, at, plan_id, kind, None)
    last = at.steps
    points = range(1, last + 1)
    if trial.count and trial.count // 2 < last:
        points = sorted(trial.chance.sample(points, trial.count // 2))
    for nth in points:
        await _one_point(trial, at, plan_id, kind, nth)
    trial.figures[f"awaits_of_{kind}"] = last
    trial.figures[f"points_of_{kind}"] = len(points)


async def _one_point(trial: Trial, at: Desk, plan_id: int, kind: str, nth: int | None) -> None:
    """Start, cancel, look, go on, look, and bring everything back to where it began."""
    start: Any = at.apply if kind == "apply" else at.undo
    at.sample.faults.clear()
    at.sample.faults.add(lost_reply(), "bulkSceneUpdate", skip=1)
    seen = len(at.sample.state.mutations)
    await start(plan_id, cancel_at=nth)
    executed = scenes_written(at.sample.state.mutations[seen:])
    for change in await at.changes(plan_id):
        wanted = {DONE[kind]} if executed[change["scene_id"]] else OPEN[kind]
        trial.check(
            change["status"] in wanted, f"{kind}: what was executed is recorded", (nth, change)
        )
    left = await at.db.read(_open_intents)
    trial.check(left == 0, f"{kind}: no intent stays open", (nth, left))
    asked = len(at.sample.asked)
    await start(plan_id)
    trial.check(
        nth is not None or len(at.sample.asked) == asked, f"{kind}: nothing is left to ask", nth
    )
    statuses = set(await at.statuses(plan_id))
    trial.check(statuses == {DONE[kind]}, f"{kind}: the next job does the rest", (nth, statuses))
    sent = scenes_written(at.sample.state.mutations[seen:])
    once = Counter({"1": 1, "2": 1, "3": 1})
    trial.check(sent == once, f"{kind}: each scene is written to once", (nth, sent))
    at.sample.faults.clear()
    if kind == "apply":
        await at.undo(plan_id, remove_created=True)
        await _clear(at, plan_id)
    else:
        await at.decide(plan_id, ChangeStatus.ACCEPTED)
        await at.apply(plan_id)


async def _clear(at: Desk, plan_id: int) -> None:
    """All accepted, and Stash as it began."""
    await at.decide(plan_id, ChangeStatus.ACCEPTED)
    row = at.sample.state.scenes[1]
    assert (row.title, row.performer_ids) == ("", []), row
    names = {each.name for each in at.sample.state.performers.rows.values()}
    assert NOBODY["name"] not in names


def _open_intents(s: Session) -> int:
    text = "SELECT count(*) FROM journal WHERE settled_at IS NULL"
    return int(s.connection().exec_driver_sql(text).scalar_one())
