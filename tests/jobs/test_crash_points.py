"""A crash at each step of the journal, before and after its commit; the plan's next job goes on."""

from __future__ import annotations

from typing import Any

import pytest

from stashhog.domain.jobs import Job
from tests.jobs.changes import full_set, new_change
from tests.jobs.desk import Desk

NOBODY = {"id": None, "name": "Ludmila Prewitt"}
MOST_STEPS = 60


class PowerCutError(Exception):
    """As if the power went."""


class Dying:
    """A journal that dies at its nth call, before or after what that call commits."""

    def __init__(self, journal: Any, nth: int, *, after: bool) -> None:
        self._journal, self._nth, self._after = journal, nth, after
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._journal, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            dies = len(self.calls) == self._nth
            if dies and not self._after:
                raise PowerCutError(name)
            answer = await real(*args, **kwargs)
            if dies:
                raise PowerCutError(name)
            return answer

        return call


async def dies_at(at: Desk, nth: int, job: Any, *, after: bool) -> str | None:
    """Run a job that dies at its nth step; returns the step, None where it ended before."""
    real = at.db.journal
    dying: Any = Dying(real, nth, after=after)
    at.db.journal = dying
    try:
        await job
    except PowerCutError as error:
        return str(error)
    finally:
        at.db.journal = real
    return None


async def made_plan(at: Desk) -> int:
    performer = new_change("2", "performers", NOBODY, creates=True)
    return await at.plan(*full_set("1"), performer)


def sent(at: Desk) -> int:
    return sum(one.operation == "bulkSceneUpdate" for one in at.sample.state.mutations)


def looks(at: Desk) -> Any:
    scenes = [at.sample.state.scenes[n] for n in (1, 2)]
    names = {row.name for row in at.sample.state.performers.rows.values()}
    return [(s.title, s.date, s.studio_id, [*s.performer_ids], [*s.tag_ids]) for s in scenes], names


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["apply", "undo"])
async def test_whatever_step_a_job_dies_at_the_next_one_ends_what_it_began(
    at: Desk, kind: str, after: bool
) -> None:
    await at.plan(*full_set("3"))
    bare, steps = looks(at), set[str]()
    for nth in range(1, MOST_STEPS):
        plan_id = await made_plan(at)
        before = sent(at)
        died = None
        if kind == "apply":
            died = await dies_at(at, nth, at.apply(plan_id), after=after)
        applied = await at.apply(plan_id)
        assert await at.statuses(plan_id) == ["applied"] * 6, (nth, died)
        assert {change["outcome"] for change in await at.changes(plan_id)} == {"sent"}
        assert sent(at) - before == 2, (nth, died)
        written = looks(at)
        if kind == "undo":
            undo = at.undo(plan_id, remove_created=True)
            died = await dies_at(at, nth, undo, after=after)
        undone: Job = await at.undo(plan_id, remove_created=True)
        assert (applied.status, undone.status) == ("completed", "completed")
        assert written != bare
        assert looks(at) == bare, (nth, died)
        assert await at.statuses(plan_id) == ["undone"] * 6, (nth, died)
        assert sent(at) - before == 4, (nth, died)
        if died is None:
            break
        steps.add(died)
    else:
        pytest.fail("it never came to its end")
    wanted = {"library", "open_scenes", "next_work", "record_scenes", "checkpoint"}
    assert steps >= wanted | {"creation" if kind == "apply" else "record_removal"}
