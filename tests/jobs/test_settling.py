"""What an apply sent and could not record any more is learned by the plan's next job."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from actors.jobs import batches
from stashhog.db.plan_rows import PlanRow, plan_row
from stashhog.demo.faults import reset
from stashhog.domain.jobs import ApplySubmission, ChangeSelection, UndoSubmission
from stashhog.domain.plans import ChangeStatus
from tests.jobs.changes import full_set, title
from tests.jobs.desk import Desk


@pytest.fixture(autouse=True)
def _in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that stalls a batch may come too late, and is read again: another story."""
    monkeypatch.setattr(batches, "FRESH_S", 60.0)


async def _left_open(at: Desk) -> int:
    """A plan whose apply died: scene 1 and 2 were written, 3 was not, and nothing is recorded.

    Then somebody gave scene 2 a title of their own.
    """
    plan_id = await at.plan(*full_set("1"), title("2"), title("3"))
    at.sample.faults.add(reset(), "mutation", skip=2)
    await _dying(at, "record_scenes", at.apply(plan_id))
    scenes = at.sample.state.scenes
    assert [scenes[n].title for n in (1, 2, 3)] == ["Title 1", "Title 2", ""]
    assert await at.statuses(plan_id) == ["applying"] * 7
    assert await at.db.read(_open) == 3
    scenes[2].title = "Mine"
    return plan_id


async def _dying(at: Desk, step: str, job: Any, *, after: bool = False) -> None:
    """Run a job that dies at a step of the journal, before or after it was committed."""
    real = getattr(at.db.journal, step)

    async def dies(*args: Any, **kwargs: Any) -> None:
        if after:
            await real(*args, **kwargs)
        raise RuntimeError("as if the power went")

    setattr(at.db.journal, step, dies)  # a crash, arranged
    with pytest.raises(RuntimeError, match="power"):
        await job
    setattr(at.db.journal, step, real)


def _open(s: Session) -> int:
    text = "SELECT count(*) FROM journal WHERE settled_at IS NULL"
    return int(s.connection().exec_driver_sql(text).scalar_one())


async def _by_scene(at: Desk, plan_id: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for change in await at.changes(plan_id):
        found.setdefault(change["scene_id"], set()).add(change["status"])
    plan: PlanRow = await at.db.read(plan_row, plan_id)
    statuses = await at.statuses(plan_id)
    assert plan.counts == {one: statuses.count(one) for one in statuses}
    return found


def _bare(at: Desk, scene_id: int) -> bool:
    scene = at.sample.state.scenes[scene_id]
    return not (scene.title or scene.date or scene.studio_id or scene.performer_ids)


async def _ids(at: Desk, plan_id: int, field: str) -> tuple[int, ...]:
    changes = await at.changes(plan_id)
    return tuple(c["id"] for c in changes if c["scene_id"] == "1" and c["field"] == field)


async def test_an_undo_takes_back_what_arrived_and_leaves_what_is_somebody_elses(at: Desk) -> None:
    plan_id = await _left_open(at)
    before = len(at.sample.state.mutations)
    job = await at.undo(plan_id)
    assert (job.status, job.result["undone"], job.result["skipped"]) == ("completed", 5, 2)
    assert job.progress.done == job.progress.total == 7
    assert await _by_scene(at, plan_id) == {"1": {"undone"}, "2": {"conflict"}, "3": {"accepted"}}
    assert _bare(at, 1)
    assert at.sample.state.scenes[2].title == "Mine"
    assert len(at.sample.state.mutations) - before == 1
    assert await at.db.read(_open) == 0
    assert (await at.apply(plan_id)).result["applied"] == 1
    assert (await at.undo(plan_id)).result["undone"] == 1
    assert _bare(at, 3)


async def test_an_apply_counts_what_arrived_and_sends_only_what_did_not(at: Desk) -> None:
    plan_id = await _left_open(at)
    before = len(at.sample.state.mutations)
    job = await at.apply(plan_id)
    assert (job.result["applied"], job.result["conflicts"], job.result["skipped"]) == (6, 1, 0)
    assert job.progress.done == job.progress.total == 7
    assert await _by_scene(at, plan_id) == {"1": {"applied"}, "2": {"conflict"}, "3": {"applied"}}
    assert len(at.sample.state.mutations) - before == 1
    assert at.sample.state.scenes[2].title == "Mine"
    assert (await at.undo(plan_id)).result["undone"] == 6
    assert _bare(at, 1)
    assert _bare(at, 3)


async def test_a_part_that_is_undone_leaves_the_rest_known_as_ours(at: Desk) -> None:
    plan_id = await _left_open(at)
    chosen = ChangeSelection(change_ids=await _ids(at, plan_id, "title"))
    job = await at.run(UndoSubmission(plan_id, chosen))
    assert job.result["undone"] == 1
    assert sorted(await at.statuses(plan_id))[1:-2] == ["applied"] * 4
    assert (await at.undo(plan_id)).result["undone"] == 4
    assert _bare(at, 1)


async def test_a_part_that_is_applied_leaves_the_rest_known_as_ours(at: Desk) -> None:
    plan_id = await _left_open(at)
    chosen = ChangeSelection(change_ids=await _ids(at, plan_id, "title"))
    before = len(at.sample.state.mutations)
    job = await at.run(ApplySubmission(plan_id, chosen))
    assert (job.result["applied"], job.progress.done, job.progress.total) == (1, 1, 1)
    assert len(at.sample.state.mutations) == before
    assert {c["outcome"] for c in await at.changes(plan_id) if c["scene_id"] == "1"} == {"sent"}
    assert (await at.undo(plan_id)).result["undone"] == 5
    assert _bare(at, 1)


@pytest.mark.parametrize("step", ["settle", "record_scenes"])
@pytest.mark.parametrize("after", [False, True])
async def test_an_undo_that_dies_on_the_way_is_taken_up_by_the_next(
    at: Desk, step: str, after: bool
) -> None:
    plan_id = await _left_open(at)
    await _dying(at, step, at.undo(plan_id), after=after)
    await at.undo(plan_id)
    assert await _by_scene(at, plan_id) == {"1": {"undone"}, "2": {"conflict"}, "3": {"accepted"}}
    assert _bare(at, 1)
    assert await at.db.read(_open) == 0


async def test_a_scene_that_is_gone_by_then_ends_as_failed(at: Desk) -> None:
    plan_id = await _left_open(at)
    del at.sample.state.scenes[1]
    job = await at.undo(plan_id)
    assert (job.status, job.result["undone"]) == ("completed", 0)
    assert await _by_scene(at, plan_id) == {"1": {"failed"}, "2": {"conflict"}, "3": {"accepted"}}
    codes = {c["error"]["code"] for c in await at.changes(plan_id) if c["scene_id"] == "1"}
    assert codes == {"gone"}


async def test_a_scene_that_cannot_be_read_stays_open_for_the_next_job(at: Desk) -> None:
    plan_id = await _left_open(at)
    scene = at.sample.state.scenes[1]
    read_as, scene.updated_at = scene.updated_at, "nonsense"
    job = await at.undo(plan_id)
    assert (job.status, job.result["undone"], job.result["skipped"]) == ("completed", 0, 7)
    assert await _by_scene(at, plan_id) == {"1": {"applying"}, "2": {"conflict"}, "3": {"accepted"}}
    scene.updated_at = read_as
    assert (await at.undo(plan_id)).result["undone"] == 5
    assert _bare(at, 1)


# --- an undo whose outcome was never saved ------------------------------------------------------


async def _undo_left_open(at: Desk) -> int:
    """A plan whose undo died: scenes 1 and 2 are as before, 3 is not, and nothing is recorded.

    Then somebody gave scene 2 a title of their own.
    """
    plan_id = await at.plan(*full_set("1"), title("2"), title("3"))
    await at.apply(plan_id)
    at.sample.faults.add(reset(), "mutation", skip=2)
    await _dying(at, "record_scenes", at.undo(plan_id))
    scenes = at.sample.state.scenes
    assert [scenes[n].title for n in (1, 2, 3)] == ["", "", "Title 3"]
    assert await at.statuses(plan_id) == ["applied"] * 7
    assert await at.db.read(_open) == 3
    scenes[2].title = "Mine"
    return plan_id


SETTLED_UNDO = {"1": {"undone"}, "2": {"undo_conflict"}, "3": {"applied"}}


async def test_a_part_that_is_undone_leaves_the_rest_known_as_undone(at: Desk) -> None:
    plan_id = await _undo_left_open(at)
    before = len(at.sample.state.mutations)
    chosen = ChangeSelection(change_ids=await _ids(at, plan_id, "title"))
    job = await at.run(UndoSubmission(plan_id, chosen))
    assert (job.result["undone"], job.result["conflicts"], job.result["skipped"]) == (1, 0, 0)
    assert job.progress.done == job.progress.total == 1
    assert await _by_scene(at, plan_id) == SETTLED_UNDO
    assert len(at.sample.state.mutations) == before
    assert await at.db.read(_open) == 0
    rest = await at.undo(plan_id)
    assert (rest.result["undone"], rest.result["conflicts"]) == (1, 1)
    assert [at.sample.state.scenes[n].title for n in (2, 3)] == ["Mine", ""]


async def test_an_apply_learns_of_the_undo_before_it_and_counts_only_its_own(at: Desk) -> None:
    plan_id = await _undo_left_open(at)
    await at.undo(plan_id)
    first = await _ids(at, plan_id, "date")
    await at.decide(plan_id, ChangeStatus.ACCEPTED, first)
    await at.apply(plan_id)
    await _dying(at, "record_scenes", at.undo(plan_id))
    await at.decide(plan_id, ChangeStatus.ACCEPTED, await _ids(at, plan_id, "title"))
    job = await at.apply(plan_id)
    assert (job.result["applied"], job.progress.total) == (1, 1)
    dates = {c["status"] for c in await at.changes(plan_id) if c["id"] in first}
    assert dates == {"undone"}
    assert (at.sample.state.scenes[1].date, at.sample.state.scenes[1].title) == (None, "Title 1")
    assert await at.db.read(_open) == 0


async def test_an_undone_scene_that_cannot_be_read_stays_open_for_the_next_job(at: Desk) -> None:
    plan_id = await _undo_left_open(at)
    scene = at.sample.state.scenes[1]
    read_as, scene.updated_at = scene.updated_at, "nonsense"
    job = await at.undo(plan_id)
    assert (job.result["undone"], job.result["conflicts"], job.result["skipped"]) == (1, 1, 5)
    assert (await _by_scene(at, plan_id))["1"] == {"applied"}
    assert await at.db.read(_open) == 1
    scene.updated_at = read_as
    assert (await at.undo(plan_id)).result["undone"] == 5
    assert (await _by_scene(at, plan_id))["1"] == {"undone"}
    assert await at.db.read(_open) == 0
