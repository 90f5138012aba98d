"""Undo a big plan, a tenth of it edited since, while the service is killed again and again.

The count is of changes; it is killed twenty times, or once for every hundred changes where there
are fewer. What nobody touched has to be back, what was edited has to be an `undo_conflict`, and
the rest of the library exactly as it was.
"""

from __future__ import annotations

import time

from stashhog.demo.faults import delay
from tests.reliability.site import MINUTES, Row, accepted_plan, site
from tests.reliability.trial import Trial
from tests.rig.changes import LINKS, TEXTS
from tests.rig.installation import Installation
from tests.rig.stash import differences
from tests.rig.waiting import pause

USUAL = 2_000
KILLS = 20
THEIRS = {"title": "Edited since", "date": "1999-12-31", "details": "Edited since"}
LATE_S = 0.005
ENV = {"STASHHOG_STASH__TIMEOUT": "10"}


def run(trial: Trial) -> None:
    """Apply in peace, edit, undo under kills, compare, and undo once more."""
    with site(trial, scenes=max(4, trial.count // 3 + 1), env=ENV) as at:
        plan_id, taken = accepted_plan(at, trial.count)
        before = at.stash.library()
        at.api.ended(at.api.apply(plan_id), seconds=MINUTES)
        applied = at.api.changes(plan_id, status="applied")
        trial.check(len(applied) == len(taken), "everything is applied", len(applied))
        edited = _edit(trial, at, [c for c in applied if c["outcome"] == "sent"])
        began = time.monotonic()
        killed, sent = _undo_under_kills(trial, at, plan_id)
        trial.figures.update(
            changes=len(applied),
            edited=len(edited),
            kills=killed,
            mutations=sent,
            scenes=len({c["scene_id"] for c in applied}),
            wall_s=round(time.monotonic() - began, 1),
        )
        extra = sent - len({c["scene_id"] for c in applied})
        trial.check(extra <= killed, "at most the mutation in flight is sent again", extra)
        _look(trial, at, plan_id, before, edited)
        again = at.api.ended(at.api.undo(plan_id), seconds=MINUTES)["result"]
        trial.check(again["undone"] == 0, "a second undo finds nothing to do", again)
        _look(trial, at, plan_id, before, edited)


def _edit(trial: Trial, at: Installation, applied: list[Row]) -> dict[int, Row]:
    """Edit what a tenth of the changes wrote; returns those changes by id."""
    edited: dict[int, Row] = {}
    for change in trial.chance.sample(applied, len(applied) // 10):
        scene = at.stash.scenes([change["scene_id"]])[change["scene_id"]]
        name = change["field"]
        if name in TEXTS:
            values = {name: THEIRS[name]}
        elif name == "studio":
            values = {"studio_id": None}
        else:
            ours = int(change["proposed"]["id"])
            values = {LINKS[name]: [i for i in scene[LINKS[name]] if i != ours]}
        at.stash.edit(change["scene_id"], **values)
        edited[change["id"]] = change
    return edited


def _undo_under_kills(trial: Trial, at: Installation, plan_id: int) -> tuple[int, int]:
    at.stash.fault(delay(LATE_S), "graphql", times=None)
    wanted = min(KILLS, max(1, trial.count // 100))
    sent = sum(at.stash.written().values())
    job = at.api.undo(plan_id)
    kills = 0
    while kills < wanted:
        at.api.running(job)
        pause(trial.chance.uniform(0.0, 0.15 + trial.count / wanted * LATE_S / 2))
        if at.api.job(job["id"])["status"] == "completed":
            break
        at.service.kill()
        kills += 1
        at.service.start()
    ended = at.api.final(job, seconds=MINUTES)
    at.stash.heal()
    trial.check(ended["status"] == "completed", "the undo completes", ended)
    trial.figures["result"] = ended["result"]
    return kills, sum(at.stash.written().values()) - sent


def _look(
    trial: Trial, at: Installation, plan_id: int, before: Row, edited: dict[int, Row]
) -> None:
    for change in at.api.changes(plan_id):
        if change["status"] == "proposed":
            continue
        wanted = "undo_conflict" if change["id"] in edited else "undone"
        trial.check(change["status"] == wanted, f"what is to be {wanted} is", change)
    left = differences(before, at.stash.library())
    theirs = {f"scenes/{change['scene_id']}" for change in edited.values()}
    trial.check(left.keys() <= theirs, "scenes nobody edited are as before", sorted(left)[:3])
    for place, (was, now) in left.items():
        fields = {name for name in was if was[name] != now[name]}
        allowed = {
            {"studio": "studio_id", **LINKS}.get(c["field"], c["field"])
            for c in edited.values()
            if f"scenes/{c['scene_id']}" == place
        }
        trial.check(fields <= allowed, "only the edited fields differ", (place, fields))
