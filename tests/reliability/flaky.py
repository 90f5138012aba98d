"""Apply over a Stash that fails one call in five, one in twenty after it has executed it.

The count is of changes. Every one has to end applied, or failed with a reason; the whole library is
what it was before, with what is applied and nothing else; nothing is sent again that was not read
in between, and nothing more than five times.
"""

from __future__ import annotations

import time
from collections import Counter

from stashhog.demo.faults import (
    Fault,
    cut,
    graphql_error,
    html,
    http_error,
    locked,
    login_redirect,
    lost_reply,
    reset,
)
from tests.reliability.site import MINUTES, accepted_plan, site
from tests.reliability.trial import Trial
from tests.rig.changes import carried_out, unlike
from tests.rig.installation import Installation
from tests.rig.stash import Request, differences

USUAL = 5_000
TRIES = 5
LOST = (lost_reply(), cut(), graphql_error("context canceled", execute=True))
UNDONE = (
    reset(),
    http_error(503),
    http_error(429, retry_after=1),
    http_error(502),
    http_error(500),
    locked(),
    html(),
    login_redirect(),
)


def run(trial: Trial) -> None:
    """Apply under fire, look, and undo in peace."""
    with site(trial, scenes=max(4, trial.count // 3 + 1)) as at:
        plan_id, taken = accepted_plan(at, trial.count)
        before = at.stash.library()
        asked = len(at.stash.requests())
        rules = [at.stash.fault(f, "mutation", times=None, chance=0.05 / 3) for f in LOST]
        rules += [at.stash.fault(f, "graphql", times=None, chance=0.02) for f in UNDONE]
        rules.append(at.stash.fault(Fault(execute=True), "graphql", times=None))
        began = time.monotonic()
        job = at.api.final(at.api.apply(plan_id), seconds=MINUTES)
        under_fire = time.monotonic() - began
        at.stash.heal()
        trial.check(job["status"] == "completed", "the apply completes", job)
        hits, calls = sum(rule.hits for rule in rules[:-1]), sum(rule.hits for rule in rules)
        trial.figures.update(
            changes=len(taken), calls=calls, struck=round(hits / calls, 3), result=job["result"]
        )
        _look(trial, at, plan_id, before)
        _requests(trial, at.stash.requests()[asked:])
        began = time.monotonic()
        at.api.ended(at.api.undo(plan_id), seconds=MINUTES)
        ratio = under_fire / (time.monotonic() - began)
        trial.figures.update(wall_s=round(under_fire, 1), wall_to_undo_in_peace=round(ratio, 2))
        left = differences(before, at.stash.library())
        trial.check(not left, "undo puts everything back", list(left.items())[:3])


def _look(trial: Trial, at: Installation, plan_id: int, before: dict) -> None:
    applied = []
    for change in at.api.changes(plan_id):
        if change["status"] == "applied":
            applied.append(change)
        elif change["status"] != "proposed":
            said = change["status"] == "failed" and change["error"] and change["error"]["detail"]
            trial.check(said, "what is not applied failed with a reason", change)
            trial.figures[f"failed_{change['error']['code']}"] = (
                trial.figures.get(f"failed_{change['error']['code']}", 0) + 1
            )
    wrong = unlike(carried_out(before["scenes"], applied), at.stash.scenes())
    trial.check(not wrong, "every value is the one that its change says", list(wrong.items())[:3])
    trial.check(applied, "something was applied")


def _requests(trial: Trial, requests: list[Request]) -> None:
    """Between two mutations of a scene it was read; none was sent more often than may be."""
    sent: Counter[str] = Counter()
    unread: set[str] = set()
    blind = 0
    for request in requests:
        if request.writes:
            (scene_id,) = request.scene_ids
            sent[scene_id] += 1
            blind += scene_id in unread
            unread.add(scene_id)
        else:
            unread -= request.scene_ids
    most = max(sent.values())
    trial.check(blind == 0, "nothing is sent again blindly", blind)
    trial.check(most <= TRIES, "no scene is written to more than five times", most)
    trial.figures["tries"] = dict(sorted(Counter(sent.values()).items()))
