"""Apply and undo where something comes in between: people, refusals, lost replies, outages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import trio

from stashhog.core.exceptions import StashAuthError
from stashhog.demo.faults import (
    Fault,
    cut,
    graphql_error,
    html,
    http_error,
    locked,
    login_redirect,
    lost_reply,
    overtaken,
    reset,
    unauthorized,
)
from stashhog.domain.jobs import JobStatus
from stashhog.domain.plans import ChangeStatus, NewChange
from tests.jobs.changes import full_set, new_change, title
from tests.jobs.desk import Desk

PASSING = (
    reset(),
    cut(),
    http_error(503),
    http_error(429, retry_after=0),
    http_error(500),
    locked(),
    html(),
    login_redirect(),
    graphql_error("context canceled", execute=True),
)
NOBODY = {"id": None, "name": "Ludmila Prewitt"}


def _new_performer(*scene_ids: str) -> list[NewChange]:
    return [new_change(i, "performers", NOBODY, creates=True) for i in scene_ids]


async def test_what_arrived_is_known_as_ours_though_stash_fails_to_show_it_at_first(
    at: Desk,
) -> None:
    plan_id = await at.plan(*full_set("1"), title("2"))
    at.sample.faults.add(lost_reply(), "mutation")
    at.sample.faults.add(graphql_error("internal system error"), "query", skip=1, times=4)
    job = await at.apply(plan_id)
    assert (job.result["applied"], job.result["failed"]) == (6, 0)
    assert set(await at.statuses(plan_id)) == {"applied"}
    at.sample.faults.add(lost_reply(), "mutation")
    at.sample.faults.add(graphql_error("internal system error"), "query", skip=1, times=4)
    job = await at.undo(plan_id)
    assert (job.result["undone"], job.result["failed"], job.result["conflicts"]) == (6, 0, 0)
    assert _sent(at) == 4


def _sent(at: Desk, operation: str = "bulkSceneUpdate") -> int:
    return sum(m.operation == operation for m in at.sample.state.mutations)


async def test_a_change_that_a_person_takes_back_meanwhile_is_left_out_and_the_rest_goes_on(
    at: Desk,
) -> None:
    plan_id = await at.plan(*full_set("1"), title("2"))
    ids = {c["field"]: c["id"] for c in await at.changes(plan_id) if c["scene_id"] == "1"}
    real, once = at.db.journal.record_intents, []

    async def record_intents(*args: Any) -> Any:
        if not once:
            once.append(None)
            await at.decide(plan_id, ChangeStatus.REJECTED, [ids["title"]])
        return await real(*args)

    at.db.journal.record_intents = record_intents  # type: ignore[method-assign]  # a race, arranged
    job = await at.apply(plan_id)
    assert (job.status, job.result["applied"], job.result["skipped"]) == ("completed", 5, 1)
    assert sorted(await at.statuses(plan_id)) == ["applied"] * 5 + ["rejected"]
    assert (at.sample.state.scenes[1].title, at.sample.state.scenes[2].title) == ("", "Title 2")
    assert job.progress.done == job.progress.total == 6


@pytest.mark.parametrize("fault", PASSING)
async def test_a_mutation_that_fails_is_looked_up_and_sent_at_most_once_more(
    at: Desk, fault: Fault
) -> None:
    plan_id = await at.plan(*full_set("1"))
    rule = at.sample.faults.add(fault, "mutation")
    job = await at.apply(plan_id)
    assert (rule.hits, job.result["applied"]) == (1, 5)
    assert _sent(at) == 1
    assert {c["outcome"] for c in await at.changes(plan_id)} == {"sent"}
    await at.undo(plan_id)
    assert at.sample.state.scenes[1].performer_ids == []


async def test_what_always_fails_is_given_up_after_five_tries_with_a_reason(at: Desk) -> None:
    plan_id = await at.plan(title("1"), title("2"))
    rule = at.sample.faults.add(locked(), "mutation", times=5)
    job = await at.apply(plan_id)
    assert (rule.hits, job.result["applied"], job.result["failed"]) == (5, 1, 1)
    first, second = await at.changes(plan_id)
    assert (first["status"], first["error"]["code"]) == ("failed", "gave_up")
    assert second["status"] == "applied"
    assert at.sample.state.scenes[1].title == ""


async def test_a_refused_key_ends_the_job_at_once_and_leaves_the_rest_accepted(at: Desk) -> None:
    plan_id = await at.plan(title("1"), title("2"), title("3"))
    at.sample.faults.add(unauthorized(), "mutation", skip=1, times=None)
    asked = len(at.sample.asked)
    with pytest.raises(StashAuthError):
        await at.apply(plan_id)
    assert await at.statuses(plan_id) == ["applied", "accepted", "accepted"]
    assert len(at.sample.asked) - asked == 3
    at.sample.faults.clear()
    assert (await at.apply(plan_id)).result["applied"] == 2


async def test_what_the_intent_waited_too_long_for_is_read_again_before_it_is_sent(
    at: Desk,
) -> None:
    plan_id = await at.plan(title("1"))
    real = at.db.journal.record_intents

    async def late(*args: Any) -> Any:
        intent = await real(*args)
        if at.sample.state.scenes[1].title == "":
            at.sample.state.scenes[1].title = "Mine"
            await trio.sleep(1.1)
        return intent

    at.db.journal.record_intents = late  # type: ignore[method-assign]  # a slow disk, arranged
    job = await at.apply(plan_id)
    assert (job.result["conflicts"], _sent(at)) == (1, 0)
    assert at.sample.state.scenes[1].title == "Mine"


async def test_a_cancel_during_a_lost_reply_still_learns_what_became_of_it(at: Desk) -> None:
    plan_id = await at.plan(title("1"), title("2"))
    with trio.CancelScope() as scope:
        at.sample.faults.add(Fault(before=lambda _: scope.cancel(), end="hang"), "mutation")
        await at.apply(plan_id)
    assert scope.cancelled_caught
    assert await at.statuses(plan_id) == ["applied", "accepted"]
    assert at.sample.state.scenes[1].title == "Title 1"


# --- entities -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [reset(), lost_reply(), http_error(503), http_error(500), locked(), html(), cut()],
)
async def test_an_entity_is_created_once_whatever_its_creation_meets(
    at: Desk, fault: Fault
) -> None:
    plan_id = await at.plan(*_new_performer("1", "2"))
    at.sample.faults.add(fault, "performerCreate")
    job = await at.apply(plan_id)
    assert (job.result["applied"], job.result["created"]["performers"]) == (2, 1)
    assert _sent(at, "performerCreate") == 1
    undone = await at.undo(plan_id, remove_created=True)
    assert undone.result["removed"] == 1
    assert "Ludmila Prewitt" not in {p.name for p in at.sample.state.performers.rows.values()}


async def test_an_entity_that_a_crash_left_unrecorded_is_ours_all_the_same(at: Desk) -> None:
    plan_id = await at.plan(*_new_performer("1"))
    real = at.db.journal.record_creation

    async def dies(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("as if the power went")

    at.db.journal.record_creation = dies  # type: ignore[method-assign]  # a crash, arranged
    with pytest.raises(RuntimeError):
        await at.apply(plan_id)
    at.db.journal.record_creation = real  # type: ignore[method-assign]
    job = await at.apply(plan_id)
    assert job.result["created"]["performers"] == 1
    assert _sent(at, "performerCreate") == 1
    assert (await at.undo(plan_id, remove_created=True)).result["removed"] == 1


async def test_an_entity_that_somebody_else_made_first_is_used_and_stays(at: Desk) -> None:
    plan_id = await at.plan(*_new_performer("1"))

    def make(variables: Mapping[str, Any]) -> None:
        at.sample.state.performers.create({"name": NOBODY["name"]})

    at.sample.faults.add(overtaken(make), "performerCreate")
    job = await at.apply(plan_id)
    assert (job.result["applied"], job.result["created"]["performers"]) == (1, 0)
    undone = await at.undo(plan_id, remove_created=True)
    assert (undone.result["undone"], undone.result["removed"]) == (1, 0)
    assert NOBODY["name"] in {p.name for p in at.sample.state.performers.rows.values()}


@pytest.mark.parametrize(
    ("fault", "removed"),
    [
        (lost_reply(), 1),
        (reset(), 1),
        (http_error(503), 1),
        (html(), 1),
        (graphql_error("cannot delete tag used as a primary tag in scene markers"), 0),
        (graphql_error("performer with id 9 not found", execute=True), 1),
    ],
)
async def test_an_undo_ends_well_whatever_removing_an_entity_meets(
    at: Desk, fault: Fault, removed: int
) -> None:
    plan_id = await at.plan(*_new_performer("1"))
    await at.apply(plan_id)
    at.sample.faults.add(fault, "performerDestroy")
    job = await at.undo(plan_id, remove_created=True)
    assert (job.status, job.result["undone"]) == (JobStatus.COMPLETED, 1)
    assert job.result["removed"] == removed
    assert _sent(at, "performerDestroy") == removed
