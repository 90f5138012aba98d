"""A model that fails in every way: each scene is done, by rules where need be, and says why."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
import trio

from stashhog.domain.jobs import JobStatus
from tests.asking.conftest import SCENES
from tests.asking.lab import Lab
from tests.fakes.model import (
    Answer,
    Said,
    Seen,
    completion,
    cut,
    error,
    hang,
    knows_no,
    raw,
    zipped,
)
from tests.fakes.readers import asked_lines, first, lines_of, reading

WHOLE = {"use_llm": "always"}


def sent(lab: Lab) -> Counter[str]:
    """How often each scene was sent."""
    return Counter(str(line["path"]) for line in asked_lines(lab.model.seen))


def spoiled_by(word: str, answer: Answer) -> Answer:
    """Fail where one scene is among those asked about, answer well elsewhere."""

    def say(seen: Seen) -> Said:
        if word in seen.body["messages"][-1]["content"]:
            return answer(seen)
        return reading(first)(seen)

    return say


def other_shape(shape: Any) -> Answer:
    return completion(shape if isinstance(shape, str) else json.dumps(shape))


GOOD = json.dumps({"files": [{"n": n, "picks": ["p0"], "title": None} for n in range(1, 51)]})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (completion("{", finish_reason="length"), "model_answer_cut"),
        (completion(None, refusal="no"), "model_refused"),
        (error(400, code="content_filter"), "model_refused"),
        (error(400, code="context_length_exceeded"), "model_prompt_too_long"),
        (other_shape("no JSON"), "model_bad_answer"),
        (other_shape({"files": "none"}), "model_bad_answer"),
        (other_shape({"files": [{"n": "x", "picks": {}}]}), "model_bad_answer"),
        (raw(200, b"<html>Login</html>"), "model_bad_answer"),
        (raw(200, b" " * 10_000_000), "model_answer_too_long"),
        (zipped(), "model_bad_answer"),
        (error(500, retry_after_ms="10"), "model_failed"),
        (cut, "model_failed"),
    ],
)
async def test_a_scene_that_spoils_every_answer_costs_only_itself(
    lab: Lab, answer: Answer, reason: str
) -> None:
    await lab.configure(openai={"response_format": "json_schema"})
    lab.model.answer = spoiled_by("shelf 7/", answer)
    async with lab.working():
        job = await lab.analyse(**WHOLE)
    assert job.status is JobStatus.COMPLETED, job
    assert job.result is not None
    # A server that fails spoils the call of ten; every other failure is narrowed down to one scene.
    spoiled = 10 if reason == "model_failed" else 1
    assert job.result["skipped"][reason] == spoiled
    assert job.result["scenes"] == job.progress.done == SCENES
    assert max(sent(lab).values()) == 3
    assert "stopped" not in job.result
    by_model = {c["scene_id"] for c in await lab.changes(job) if "model" in c["evidence"]}
    assert len(by_model) == SCENES - spoiled
    assert reason in await lab.log(job)


@pytest.mark.parametrize(
    "answer",
    [
        other_shape(f"```json\n{GOOD}\n```"),
        other_shape(f"<think>Hm. {{}}</think>Here you are: {GOOD} Bye!"),
        knows_no("json_schema", other_shape(GOOD)),
        knows_no("response_format", other_shape(GOOD)),
        knows_no("max_tokens", other_shape(GOOD)),
    ],
)
async def test_fences_chatter_and_servers_that_know_no_schemas_are_coped_with(
    lab: Lab, answer: Answer
) -> None:
    lab.model.answer = answer
    async with lab.working():
        job = await lab.analyse(**WHOLE)
    assert job.status is JobStatus.COMPLETED
    assert job.result is not None
    assert not any(reason.startswith("model") for reason in job.result["skipped"])
    assert (
        len({c["scene_id"] for c in await lab.changes(job) if "model" in c["evidence"]}) == SCENES
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error(401), "model_unauthorized"),
        (error(404), "model_not_found"),
        (error(429, code="insufficient_quota"), "model_quota"),
    ],
)
@pytest.mark.parametrize("use", ["auto", "always"])
async def test_what_no_retry_can_mend_is_not_tried_again(
    lab: Lab, answer: Answer, code: str, use: str
) -> None:
    lab.model.answer = answer
    async with lab.working():
        job = await lab.analyse(use_llm=use)
    assert len(lab.model.seen) <= 6  # those that were on their way together
    if use == "always":
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert job.error.code == code
        return
    assert job.status is JobStatus.COMPLETED
    assert job.result is not None
    assert job.result["skipped"][code] > 0
    assert job.result["scenes"] == SCENES
    assert job.result["cost"] == {"requests": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0}


@pytest.mark.parametrize(
    "answer", [error(503, retry_after_ms="10"), error(429, retry_after_ms="10")]
)
async def test_a_model_that_stays_away_is_waited_for_and_then_done_without(
    lab: Lab, answer: Answer
) -> None:
    lab.model.answer = answer
    async with lab.working():
        doubtful = await lab.doubtful()
        job = await lab.analyse(use_llm="auto")
        assert job.status is JobStatus.COMPLETED
        assert job.result is not None
        assert job.result["skipped"]["model_unavailable"] == doubtful
        assert job.result["scenes"] == SCENES
        assert len(await lab.changes(job)) > 0
        assert max(sent(lab).values()) <= 3
        assert "going on without" in await lab.log(job)
        job = await lab.analyse(use_llm="always")
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert job.error.code == "model_unavailable"


async def test_a_model_that_comes_back_is_asked_again(lab: Lab) -> None:
    await lab.configure(jobs={"model_wait_seconds": 60.0})
    away = True

    def answer(seen: Seen) -> Said:
        return error(503, retry_after_ms="10")(seen) if away else reading(first)(seen)

    lab.model.answer = answer
    async with lab.working():
        job = await lab.submit(use_llm="auto")
        async with lab.actors.registry.watch(job.id) as frames:
            async for _ in frames:
                now = lab.actors.registry.live().get(job.id)
                if now is not None and now.waiting is not None:
                    break
        assert now is not None
        assert now.waiting is not None
        assert now.waiting.code == "model_unavailable"
        away = False
        done = await lab.ended(job)
    assert done.status is JobStatus.COMPLETED
    assert done.result is not None
    assert not any(reason.startswith("model_un") for reason in done.result["skipped"])
    assert "the model is back" in await lab.log(done)


async def test_a_server_that_asks_to_wait_hears_nothing_until_then(lab: Lab) -> None:
    told: list[float] = []

    def answer(seen: Seen) -> Said:
        told.append(trio.current_time())
        if len(told) == 1:
            return error(429, retry_after_ms="400")(seen)
        return reading(first)(seen)

    lab.model.answer = answer
    await lab.configure(openai={"concurrency": 1})
    async with lab.working():
        job = await lab.analyse(**WHOLE)
    assert job.status is JobStatus.COMPLETED
    assert told[1] - told[0] >= 0.4
    assert job.result is not None
    assert not any(reason.startswith("model") for reason in job.result["skipped"])


async def test_a_server_whose_limit_is_used_up_hears_nothing_until_it_is_reset(lab: Lab) -> None:
    told: list[float] = []

    def answer(seen: Seen) -> Said:
        told.append(trio.current_time())
        said = reading(first)(seen)
        left = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
        return Said(said.status, said.body, {**said.headers, **left})

    lab.model.answer = answer
    await lab.configure(openai={"concurrency": 1})
    async with lab.working():
        await lab.analyse(**WHOLE)
    assert len(told) == 3
    assert all(later - sooner >= 0.3 for sooner, later in pairwise(told))


async def test_never_more_requests_at_a_time_than_the_settings_say(lab: Lab) -> None:
    await lab.configure(openai={"concurrency": 3, "scenes_per_request": 1})
    lab.model.latency_s = 0.02
    async with lab.working():
        job = await lab.analyse(**WHOLE)
    assert job.status is JobStatus.COMPLETED
    assert lab.model.most_at_once == 3


@pytest.mark.parametrize("use", ["auto", "always"])
async def test_a_cancel_ends_a_call_at_once_and_its_cost_is_booked(lab: Lab, use: str) -> None:
    lab.model.answer = hang
    async with lab.working():
        job = await lab.submit(use_llm=use)
        await lab.model.asked.wait()
        began = trio.current_time()
        await lab.actors.registry.cancel(job.id)
        done = await lab.ended(job)
        assert trio.current_time() - began < 2
        with trio.fail_after(30):
            await lab.model.gone.wait()
    assert done.status is JobStatus.CANCELLED
    assert done.result is not None
    assert done.result["cost"]["requests"] >= 1
    assert done.result["cost"]["usd"] > 0


async def test_scenes_of_one_answer_are_told_apart_by_their_numbers_only(lab: Lab) -> None:
    chosen: dict[str, str] = {}

    def backwards(seen: Seen) -> Said:
        files = []
        for line in reversed(lines_of(seen)):
            picks = ["p0"] if line["n"] % 2 else []
            if picks:
                chosen[str(line["path"])] = str(line["p"][0])
            files.append({"n": line["n"], "picks": picks, "title": None})
        return completion(json.dumps({"files": files}))(seen)

    lab.model.answer = backwards
    async with lab.working():
        job = await lab.analyse(**WHOLE)
    paths = {f"v/shelf {n}/": str(n) for n in range(1, SCENES + 1)}
    taken = {paths[path.split("Cleo")[0]]: name for path, name in chosen.items()}
    assert len(taken) == SCENES // 2
    told = [change for change in await lab.changes(job) if change["field"] == "performers"]
    assert told
    for change in told:
        agrees = taken.get(change["scene_id"]) == change["proposed"]["name"]
        assert change["evidence"]["model"] == ("agrees" if agrees else "disagrees")
