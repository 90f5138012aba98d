"""Caps hold whatever the server says or does, and nothing is paid for twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import trio

from stashhog.db import model_calls
from stashhog.db.model_calls import spending_of
from stashhog.db.plans import delete_plan
from stashhog.domain.asking import Caps, Wanted
from stashhog.domain.jobs import JobStatus
from stashhog.ports.model import ModelUsage, Reservation, Settlement
from tests.asking.conftest import SCENES
from tests.asking.lab import Lab, laboratory, small_library, vague_scenes
from tests.fakes.model import completion, cut, error, hang
from tests.fakes.readers import asked_lines, first, reading

FREE = {"requests": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0}
UNPRICED = {"input_usd_per_million": None, "output_usd_per_million": None}


def asked(lab: Lab) -> Counter[str]:
    return Counter(str(line["path"]) for line in asked_lines(lab.model.seen))


async def test_what_a_cap_stopped_goes_on_later_and_is_not_paid_for_twice(lab: Lab) -> None:
    async with lab.working():
        job = await lab.analyse(use_llm="always", max_tokens=4_000)
        runs = [job]
        while "stopped" in (runs[-1].result or {}):
            result = runs[-1].result or {}
            assert runs[-1].status is JobStatus.COMPLETED
            assert result["stopped"] == "budget"
            assert result["cost"]["input_tokens"] + result["cost"]["output_tokens"] <= 4_000
            assert result["cost"]["requests"] > 0
            runs.append(
                await lab.analyse(plan_id=job.params["plan_id"], use_llm="always", max_tokens=4_000)
            )
            assert len(runs) < 20
        plan = await lab.plan(job)
    results = [run.result or {} for run in runs]
    assert len(runs) > 1
    assert sum(result["scenes"] for result in results) == SCENES == plan["scenes"]
    assert set(asked(lab).values()) == {1}
    assert len(asked(lab)) == SCENES
    for part in ("requests", "input_tokens", "output_tokens"):
        assert plan["cost"][part] == sum(result["cost"][part] for result in results)
    assert plan["cost"]["requests"] == len(lab.model.seen)


async def test_scenes_that_need_no_model_are_done_whatever_the_budget(lab: Lab) -> None:
    async with lab.working():
        doubtful = await lab.doubtful()
        job = await lab.analyse(use_llm="auto", max_tokens=0)
        assert job.result is not None
        assert job.result["stopped"] == "budget"
        assert job.result["scenes"] == SCENES - doubtful == job.progress.done
        assert not lab.model.seen
        rest = await lab.analyse(plan_id=job.params["plan_id"], use_llm="never")
    assert rest.result is not None
    assert rest.result["scenes"] == doubtful
    assert "stopped" not in rest.result


USAGES: list[Any] = [
    None,
    {},
    {"prompt_tokens": 0, "completion_tokens": 0},
    {"prompt_tokens": 1, "completion_tokens": 1},
    {"prompt_tokens": -5, "completion_tokens": "many"},
    {"prompt_tokens": 10**12, "completion_tokens": 10**12},
    {"prompt_tokens": 1e400, "completion_tokens": None},
    "free of charge",
]


@pytest.mark.parametrize("usage", USAGES)
async def test_no_cap_is_exceeded_by_a_server_that_lies_about_usage(lab: Lab, usage: Any) -> None:
    lab.model.answer = completion('{"files": []}', usage=usage)
    async with lab.working():
        job = await lab.analyse(use_llm="always", max_tokens=6_000, max_cost_usd=0.02)
    assert job.result is not None
    cost = job.result["cost"]
    assert cost["input_tokens"] + cost["output_tokens"] <= 6_000
    assert 0 < cost["usd"] <= 0.02
    # By the letters that were really sent (some four make a token) it is not exceeded either.
    letters = sum(
        len(message["content"]) for seen in lab.model.seen for message in seen.body["messages"]
    )
    assert letters / 5 < 2 * 6_000


@pytest.mark.parametrize("answer", [hang, cut])
async def test_a_call_that_may_have_been_executed_counts_with_its_worst_case(
    lab: Lab, answer: Any
) -> None:
    lab.model.answer = answer
    await lab.configure(openai={"timeout": 0.5}, jobs={"model_wait_seconds": 0.2})
    async with lab.working():
        job = await lab.analyse(use_llm="auto", max_cost_usd=0.05)
    assert job.status is JobStatus.COMPLETED
    assert job.result is not None
    assert 0 < job.result["cost"]["usd"] <= 0.05
    assert job.result["cost"]["requests"] > 0


async def test_a_call_that_was_surely_not_executed_costs_nothing(lab: Lab) -> None:
    lab.model.answer = error(503, retry_after_ms="5")
    async with lab.working():
        job = await lab.analyse(use_llm="auto")
    assert job.result is not None
    assert job.result["cost"] == FREE
    assert (await lab.db.read(spending_of, lab.now))["month"] == FREE


async def test_a_day_and_a_month_have_caps_over_all_jobs(lab: Lab) -> None:
    # Eleven cents a call.
    lab.model.answer = completion(
        '{"files": [{"n": 1, "picks": ["p0"], "title": null}]}',
        usage={"prompt_tokens": 700, "completion_tokens": 400},
    )
    await lab.configure(
        analysis={"max_cost_usd_per_day": 0.5, "max_cost_usd_per_month": 1.2},
        openai={
            "scenes_per_request": 1,
            "input_usd_per_million": 100.0,
            "output_usd_per_million": 100.0,
        },
    )
    days, plan_id = [], None
    async with lab.working():
        for _ in range(4):
            job = await lab.analyse(plan_id=plan_id, use_llm="always")
            plan_id = job.params["plan_id"]
            assert (job.result or {})["stopped"] == "budget"
            days.append((await lab.db.read(spending_of, lab.now))["day"]["usd"])
            lab.now += timedelta(days=1)
        month = (await lab.db.read(spending_of, lab.now))["month"]["usd"]
        calls = len(lab.model.seen)
        lab.now += timedelta(days=10)
        await lab.analyse(plan_id=plan_id, use_llm="always")
    assert days == pytest.approx([0.44, 0.44, 0.22, 0.0])
    assert month == pytest.approx(1.1)
    assert calls == 10
    assert len(lab.model.seen) == 14  # in December


async def test_jobs_at_the_same_time_share_one_budget(lab: Lab) -> None:
    caps = Caps(day_usd=0.1)
    wanted = Wanted(1_000, 1_000, 0.011)
    outcomes: list[object] = []

    async def reserve(number: int) -> None:
        call = Reservation(f"job-{number % 3}", 1, wanted, caps)
        outcomes.extend(await lab.db.model.book([], [call], lab.now))

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(reserve, number)
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 9
    assert outcomes.count("budget") == 21


async def test_what_a_dead_process_left_on_its_way_is_booked_once(lab: Lab) -> None:
    async with lab.working():
        job = await lab.analyse(use_llm="always", max_tokens=0)
        plan_id = job.params["plan_id"]
    left = Reservation(job.id, plan_id, Wanted(700, 300, 0.5), Caps())
    await lab.db.model.book([], [left], lab.now)
    await lab.configure(analysis={"max_cost_usd_per_day": 0.5})
    for _ in range(2):
        async with lab.working():
            stopped = await lab.analyse(plan_id=plan_id, use_llm="always")
            assert (stopped.result or {})["stopped"] == "budget"
            plan = await lab.plan(job)
            assert plan["cost"] == {
                "requests": 1, "input_tokens": 700, "output_tokens": 300, "usd": 0.5,
            }  # fmt: skip
    assert not lab.model.seen


async def test_the_same_analysis_once_more_is_free_and_finds_the_same(lab: Lab) -> None:
    def told(changes: list[dict[str, Any]]) -> list[Any]:
        parts = ("scene_id", "field", "proposed", "confidence", "source", "reason", "evidence")
        return sorted(([change[part] for part in parts] for change in changes), key=str)

    async with lab.working():
        before = await lab.analyse(use_llm="always")
        changes = await lab.changes(before)
        asked_before = len(lab.model.seen)
        await lab.db.write(delete_plan, before.params["plan_id"])
        await lab.configure(openai={"scenes_per_request": 3})
        again = await lab.analyse(use_llm="always")
        assert len(lab.model.seen) == asked_before
        assert again.result is not None
        assert again.result["cost"] == FREE
        assert told(await lab.changes(again)) == told(changes)
        assert any("model" in change["evidence"] for change in changes)
        await lab.db.write(delete_plan, again.params["plan_id"])
        await lab.configure(openai={"model": "another"})
        await lab.analyse(use_llm="always")
    assert len(lab.model.seen) > asked_before


async def test_answers_are_kept_for_a_year(lab: Lab) -> None:
    async with lab.working():
        job = await lab.analyse(use_llm="always")
        asked_once = len(lab.model.seen)
        await lab.db.write(delete_plan, job.params["plan_id"])
        lab.now += timedelta(days=364)
        again = await lab.analyse(use_llm="always")
        assert len(lab.model.seen) == asked_once
        await lab.db.write(delete_plan, again.params["plan_id"])
        lab.now += timedelta(days=2)
        await lab.analyse(use_llm="always")
    assert len(lab.model.seen) == 2 * asked_once


async def test_of_too_many_answers_the_oldest_go(lab: Lab, monkeypatch) -> None:
    monkeypatch.setattr(model_calls, "MOST_KEPT", 10)
    monkeypatch.setattr(model_calls, "MOST_FORGOTTEN", 15)

    async def keep(first: int) -> None:
        call = Reservation("job", 1, Wanted(1, 1, 0.0), Caps())
        (call_id,) = await lab.db.model.book([], [call], lab.now)
        answers = {str(key): {"picks": [], "title": None} for key in range(first, first + 15)}
        usage = ModelUsage("m", 1, 1, 0.0, 1, 0.0)
        await lab.db.model.book([Settlement(int(call_id), usage, answers)], [], lab.now)

    await keep(0)
    lab.now += timedelta(days=1)
    await keep(15)
    assert [await lab.db.model.forget_answers(lab.now) for _ in range(3)] == [15, 5, 0]
    left = await lab.db.model.kept_answers([str(key) for key in range(30)])
    assert len(left) == 10
    assert all(int(key) >= 15 for key in left)


async def test_an_answer_that_came_before_a_stop_is_not_paid_for_again(tmp_path) -> None:
    async with laboratory(tmp_path, small_library(), vague_scenes(60)) as lab:
        lab.model.answer = reading(first)
        await lab.configure(
            openai={"scenes_per_request": 2, "concurrency": 2}, analysis={"batch_size": 7}
        )
        lab.model.latency_s = 0.02
        async with lab.working():
            job = await lab.submit(use_llm="always")
            async with lab.actors.registry.watch(job.id) as frames:
                async for _ in frames:
                    if len(lab.model.seen) >= 8:
                        break
        seen = len(lab.model.seen)
        async with lab.working(resume=True):
            done = await lab.ended(job)
        assert done.status is JobStatus.COMPLETED
        assert done.result is not None
        assert done.result["scenes"] == 60
        assert seen < len(lab.model.seen)
        twice = [path for path, times in asked(lab).items() if times > 1]
        assert len(twice) <= 2 * 2  # only what was on its way when it stopped
        assert len(asked(lab)) == 60


async def test_an_unknown_price_is_unknown_and_no_cap_in_money_is_pretended(lab: Lab) -> None:
    await lab.configure(openai=UNPRICED)
    async with lab.working():
        job = await lab.analyse(use_llm="always", max_tokens=100_000)
        assert job.result is not None
        assert job.result["cost"]["usd"] is None
        assert job.result["cost"]["requests"] > 0
        assert (await lab.plan(job))["cost"]["usd"] is None
        await lab.configure(analysis={"max_cost_usd_per_month": 5.0}, openai={"model": "other"})
        seen = len(lab.model.seen)
        job = await lab.analyse(use_llm="always")
    assert len(lab.model.seen) == seen
    assert job.result is not None
    assert job.result["skipped"]["price_unknown"] == SCENES
    assert job.result["scenes"] == SCENES


async def test_an_estimate_comes_near_what_is_used_and_asks_nothing(lab: Lab) -> None:
    scenes = vague_scenes(SCENES)
    async with lab.working():
        options = {"use_llm": "always"}
        before = await lab.actors.planner.estimate(scenes, SCENES, options)
        assert not lab.model.seen
        job = await lab.analyse(**options)
        after = await lab.actors.planner.estimate(scenes, SCENES, options)
        none = await lab.actors.planner.estimate(scenes, SCENES, {"use_llm": "never"})
        sampled = await lab.actors.planner.estimate(scenes[:10], 3_000, {**options, "fields": []})
    assert job.result is not None
    cost = job.result["cost"]
    assert (before.scenes, before.llm_scenes) == (SCENES, SCENES)
    assert before.llm_requests == cost["requests"]
    # Of the text alone: a stand-in that counts four letters a token leaves the schema out.
    assert cost["input_tokens"] * 0.7 < before.input_tokens < cost["input_tokens"] * 1.6
    assert cost["output_tokens"] * 0.5 < before.output_tokens < cost["output_tokens"] * 2
    assert before.cost_usd is not None
    assert cost["usd"] * 0.5 < before.cost_usd < cost["usd"] * 2
    assert (after.llm_scenes, after.cost_usd) == (0, 0.0)
    assert (none.scenes, none.llm_scenes, none.cost_usd) == (SCENES, 0, 0.0)
    assert (sampled.scenes, sampled.llm_scenes) == (3_000, 0)


async def test_what_calls_came_to_is_counted_for_metrics(lab: Lab) -> None:
    lab.model.script.append(error(503, retry_after_ms="5"))
    async with lab.working():
        job = await lab.analyse(use_llm="always")
        calls = lab.actors.planner.model_calls
    assert job.result is not None
    assert calls.counts == {"model_unavailable": 1, "answered": 3}
    assert calls.used == {
        name: pytest.approx(job.result["cost"][name])
        for name in ("input_tokens", "output_tokens", "usd")
    }
