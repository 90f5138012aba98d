"""Apply while a colleague edits the same scenes in Stash: before, in the same second, in between.

The count is of changes. Three in ten scenes are edited, a third of them each:

- after the analysis and before the apply: some fields that the plan wants to set (each has to end
  as a conflict, or as `already` where the colleague came to the same), and others beside them;
- while the apply runs, in fields that the plan does not touch and in its lists: nothing of it may
  be lost;
- between our read of a scene and our write to it. Stash has no conditional update, so a text that
  is set there in the same field is overwritten: those are counted, and are the only ones.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from stashhog.demo.faults import overtaken
from tests.reliability.site import MINUTES, Row, accepted_plan, site
from tests.reliability.trial import Trial
from tests.rig.changes import LINKS, carried_out, unlike
from tests.rig.installation import Installation

USUAL = 2_000
THEIRS = "Set by somebody else"


def run(trial: Trial) -> None:
    """Edit, apply, edit meanwhile, and compare the whole library."""
    with site(trial, scenes=max(12, trial.count // 3 + 1)) as at:
        plan_id, taken = accepted_plan(at, trial.count)
        scenes = sorted({change["scene_id"] for change in taken}, key=int)
        chosen = trial.chance.sample(scenes, len(scenes) * 3 // 10)
        before, meanwhile, between = chosen[::3], set(chosen[1::3]), set(chosen[2::3])
        colleague = _Colleague(trial, at, taken)
        for scene_id in before:
            colleague.edit_before(scene_id)
        start = at.stash.scenes()
        meddle = overtaken(lambda variables: colleague.overtake(variables, between))
        at.stash.fault(meddle, "bulkSceneUpdate", times=None)
        job = at.api.apply(plan_id)
        thread = threading.Thread(target=colleague.edit_beside, args=(meanwhile,))
        thread.start()
        ended = at.api.final(job, seconds=MINUTES)
        thread.join()
        at.stash.heal()
        trial.check(ended["status"] == "completed", "the apply completes", ended)
        trial.figures.update(changes=len(taken), edited=len(chosen), result=ended["result"])
        changes = [c for c in at.api.changes(plan_id) if c["status"] != "proposed"]
        _look(trial, colleague, start, changes, at.stash.scenes())


def _look(
    trial: Trial,
    colleague: _Colleague,
    start: Mapping[str, Row],
    changes: list[Row],
    now: Mapping[str, Row],
) -> None:
    for change in changes:
        same = colleague.taken_fields.get(change["scene_id"], {}).get(change["field"])
        if same is not None and change["action"] == "set":
            held = (change["status"], change["observed"]) == ("conflict", same)
            trial.check(held, "an edit of the same field is a conflict", change)
        else:
            trial.check(change["status"] == "applied", "everything else is applied", change)
    wanted = carried_out(start, [c for c in changes if c["status"] == "applied"])
    for scene_id, values in colleague.beside.items():
        for name, value in values.items():
            if name in LINKS.values():
                wanted[scene_id][name] = [*{*wanted[scene_id][name], *value}]
            else:
                wanted[scene_id][name] = value
    lost = unlike(wanted, now)
    trial.check(not lost, "no edit of somebody else is lost", list(lost.items())[:3])
    trial.figures.update(
        same_field_edits=sum(len(fields) for fields in colleague.taken_fields.values()),
        edits_beside=len(colleague.beside),
        overwritten_in_the_window=colleague.overwritten,
    )


class _Colleague:
    """Somebody with Stash's own page open; remembers what was set where."""

    def __init__(self, trial: Trial, at: Installation, taken: list[Row]) -> None:
        self._chance = trial.chance
        self._at = at
        self._wants: dict[str, set[str]] = {}
        for change in taken:
            self._wants.setdefault(change["scene_id"], set()).add(change["field"])
        self.taken_fields: dict[str, dict[str, str]] = {}
        self.beside: dict[str, dict[str, Any]] = {}
        self.overwritten = 0

    def edit_before(self, scene_id: str) -> None:
        """Set a text that the plan wants to set, where it wants one, and something beside it."""
        mine: dict[str, Any] = {"rating100": self._chance.randrange(1, 100)}
        wanted = self._wants[scene_id] & {"title", "date"}
        for name in wanted:
            text = THEIRS if name == "title" else "1999-12-31"
            mine[name] = text
            self.taken_fields.setdefault(scene_id, {})[name] = text
        self._at.stash.edit(scene_id, **mine)

    def edit_beside(self, scene_ids: set[str]) -> None:
        """Edit, one after the other, what the plan leaves alone."""
        for scene_id in sorted(scene_ids, key=int):
            mine = {"director": THEIRS, "rating100": self._chance.randrange(1, 100)}
            self._at.stash.edit(scene_id, **mine)
            self.beside.setdefault(scene_id, {}).update(mine)

    def overtake(self, variables: Mapping[str, Any], wanted: set[str]) -> None:
        """Be faster than a mutation that is just coming in."""
        (scene_id,) = variables["input"]["ids"]
        if scene_id not in wanted:
            return
        wanted.discard(scene_id)
        mine: dict[str, Any] = {"director": THEIRS, "code": "between"}
        present = self._at.stash.scene_here(scene_id)
        self.beside.setdefault(scene_id, {}).update(mine)
        if "tag_ids" not in variables["input"]:
            more = sorted({*present["tag_ids"], 1, 2})
            self.beside[scene_id]["tag_ids"] = more
            mine["tag_ids"] = more
        if "title" in variables["input"]:
            mine["title"] = THEIRS
            self.overwritten += 1
        self._at.stash.edit_here(scene_id, **mine)
