"""The model's client against a server that behaves, and one that does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from stashhog.core.config import OpenAISettings
from stashhog.core.exceptions import (
    ModelAnswerError,
    ModelAuthError,
    ModelRefusedError,
    ModelUnavailableError,
    OpenAIError,
)
from stashhog.llm import ModelSwitch
from stashhog.llm.answers import usage_of
from tests.fakes.model import (
    Answer,
    FakeModel,
    completion,
    cut,
    error,
    hang,
    raw,
    redirect,
    serve_fake_model,
    zipped,
)
from tests.llm.questions import KEY, QUESTION, SCHEMA, settings


async def test_an_answer_comes_with_what_it_cost(server: FakeModel, switch: ModelSwitch) -> None:
    reply = await switch.ask(QUESTION)
    assert json.loads(reply.text) == {"answer": "ok"}
    assert (reply.input_tokens, reply.output_tokens, reply.cached_tokens) == (120, 30, 100)
    assert reply.model == "small-2026-01-01"
    assert reply.request_id == "req-1"
    assert switch.state.status == "ok"


async def test_a_question_is_sent_once_with_its_schema_and_its_limit(
    server: FakeModel, switch: ModelSwitch
) -> None:
    await switch.ask(QUESTION)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.body["messages"] == [
        {"role": "system", "content": QUESTION.system},
        {"role": "user", "content": QUESTION.user},
    ]
    assert seen.body["max_tokens"] == 500
    assert seen.body["response_format"]["json_schema"] == {
        "name": "naming",
        "schema": SCHEMA,
        "strict": True,
    }


async def test_the_operators_limit_holds_over_the_questions(server: FakeModel) -> None:
    switch = ModelSwitch()
    await switch.configure(settings(server, max_tokens=64))
    await switch.ask(QUESTION)
    await switch.aclose()
    assert server.seen[0].body["max_tokens"] == 64


async def test_only_needed_headers_leave_the_machine(
    server: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-somebody-elses-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-somebody")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Their-Secret: canary")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for key, authorization in ((KEY, f"Bearer {KEY}"), (None, None)):
        switch = ModelSwitch()
        await switch.configure(settings(server, api_key=key))
        await switch.ask(QUESTION)
        await switch.aclose()
        headers = dict(server.seen[-1].headers)
        assert headers.pop("authorization", None) == authorization
        assert set(headers) == {
            "accept",
            "accept-encoding",
            "content-length",
            "content-type",
            "host",
            "user-agent",
        }


@pytest.mark.parametrize(
    ("answer", "kind", "code", "status"),
    [
        (error(401, f"bad key {KEY}"), ModelAuthError, "model_unauthorized", "down"),
        (error(403), ModelAuthError, "model_unauthorized", "down"),
        (error(404), OpenAIError, "model_not_found", "down"),
        (error(400, code="model_not_found"), OpenAIError, "model_not_found", "down"),
        (error(400, code="context_length_exceeded"), OpenAIError, "prompt_too_long", "ok"),
        (error(400, code="content_filter"), ModelRefusedError, "model_refused", "ok"),
        (error(429), ModelUnavailableError, "model_unavailable", "down"),
        (error(429, code="insufficient_quota"), OpenAIError, "model_quota", "down"),
        (error(500), ModelUnavailableError, "model_unavailable", "down"),
        (error(503), ModelUnavailableError, "model_unavailable", "down"),
        (error(418), OpenAIError, "model_error", "down"),
        (raw(200, b"<html>Login</html>"), ModelAnswerError, "bad_answer", "down"),
        (raw(200, b"[" * 100_000), ModelAnswerError, "bad_answer", "down"),
        (raw(200, b"\xff\xfe"), ModelAnswerError, "bad_answer", "down"),
        (raw(200, b'{"choices": []}'), ModelAnswerError, "bad_answer", "down"),
        (raw(200, b'{"choices": [{"message": "x"}]}'), ModelAnswerError, "bad_answer", "down"),
        (raw(200, b" " * 10_000_000), ModelAnswerError, "answer_too_long", "down"),
        (raw(500, b" " * 10_000_000), ModelAnswerError, "answer_too_long", "down"),
        (zipped(), ModelAnswerError, "bad_answer", "down"),
        (cut, ModelUnavailableError, "model_unavailable", "down"),
        (completion("no JSON at all"), ModelAnswerError, "bad_answer", "ok"),
        (completion("[1, 2]"), ModelAnswerError, "bad_answer", "ok"),
        (completion(None), ModelAnswerError, "bad_answer", "ok"),
        (completion('{"answer": "o', finish_reason="length"), ModelAnswerError, "answer_cut", "ok"),
        (completion(None, finish_reason="length"), ModelAnswerError, "answer_cut", "ok"),
        (completion(None, refusal="I must not"), ModelRefusedError, "model_refused", "ok"),
        (completion("", finish_reason="content_filter"), ModelRefusedError, "model_refused", "ok"),
    ],
)
async def test_each_failure_says_whose_fault_it_is(
    server: FakeModel,
    switch: ModelSwitch,
    answer: Answer,
    *,
    kind: type[OpenAIError],
    code: str,
    status: str,
) -> None:
    server.script.append(answer)
    with pytest.raises(OpenAIError) as caught:
        await switch.ask(QUESTION)
    assert type(caught.value) is kind
    assert caught.value.public_code == code
    assert (switch.state.status, switch.state.detail_code) == (
        status,
        None if status == "ok" else code,
    )
    assert len(server.seen) == 1
    assert KEY not in f"{caught.value!r} {caught.value.context}"
    assert json.loads((await switch.ask(QUESTION)).text) == {"answer": "ok"}
    assert switch.state.status == "ok"


@pytest.mark.parametrize(
    "answer",
    [
        completion("no JSON"),
        completion("", finish_reason="content_filter"),
        completion("{", finish_reason="length"),
    ],
)
async def test_a_useless_answer_is_booked_all_the_same(
    server: FakeModel, switch: ModelSwitch, answer: Answer
) -> None:
    server.script.append(answer)
    with pytest.raises(OpenAIError) as caught:
        await switch.ask(QUESTION)
    assert usage_of(caught.value) == {
        "input_tokens": 120,
        "output_tokens": 30,
        "cached_tokens": 100,
        "model": "small-2026-01-01",
    }


@pytest.mark.parametrize(
    "usage", [None, 5, {"prompt_tokens": "many", "completion_tokens": -1}, {"prompt_tokens": True}]
)
async def test_usage_that_is_not_told_is_estimated(
    server: FakeModel, switch: ModelSwitch, usage: Any
) -> None:
    server.script.append(completion(usage=usage))
    reply = await switch.ask(QUESTION)
    assert reply.input_tokens == 10
    assert reply.output_tokens == 6
    assert reply.cached_tokens == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after": "1000000"}, 3600.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.5),
        ({"retry_after": "nan"}, 0.5),
        ({"retry_after": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
async def test_a_server_says_when_to_come_back(
    server: FakeModel, switch: ModelSwitch, headers: dict[str, str], seconds: float
) -> None:
    server.script.append(error(429, **headers))
    with pytest.raises(ModelUnavailableError) as caught:
        await switch.ask(QUESTION)
    assert caught.value.retry_after_seconds == seconds


async def test_a_redirect_is_not_followed_and_the_key_stays(server: FakeModel) -> None:
    async with serve_fake_model(FakeModel()) as other:
        switch = ModelSwitch()
        await switch.configure(settings(server))
        for target in (f"{other.url}/chat/completions", f"{server.url}/elsewhere"):
            server.script.append(redirect(target))
            with pytest.raises(ModelAnswerError):
                await switch.ask(QUESTION)
        await switch.aclose()
        assert other.seen == []
        assert len(server.seen) == 2


async def test_a_server_that_never_answers_is_given_up_in_time(server: FakeModel) -> None:
    switch = ModelSwitch()
    await switch.configure(settings(server, timeout=0.5))
    server.script.append(hang)
    with pytest.raises(ModelUnavailableError):
        await switch.ask(QUESTION)
    await server.gone.wait()
    await switch.aclose()
    assert switch.state.status == "unset"


async def test_the_wait_for_others_does_not_count_as_the_servers_time(server: FakeModel) -> None:
    switch = ModelSwitch()
    await switch.configure(settings(server, timeout=0.5, concurrency=1))
    server.script.extend([hang, hang])
    ends: list[str] = []

    async def ask() -> None:
        try:
            ends.append((await switch.ask(QUESTION)).text)
        except ModelUnavailableError:
            ends.append("late")

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
    await switch.aclose()
    assert ends == ["late", "late", '{"answer": "ok"}']


async def test_nobody_at_the_address_is_unavailable() -> None:
    with trio.socket.socket() as free:
        await free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        switch = ModelSwitch()
        await switch.configure(OpenAISettings(base_url=f"http://127.0.0.1:{port}/v1"))
        with pytest.raises(ModelUnavailableError):
            await switch.ask(QUESTION)
        await switch.aclose()


async def test_cancelling_hangs_up_on_the_server(server: FakeModel, switch: ModelSwitch) -> None:
    server.script.append(hang)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(switch.ask, QUESTION)
        await server.asked.wait()
        nursery.cancel_scope.cancel()
    await server.gone.wait()
    assert json.loads((await switch.ask(QUESTION)).text) == {"answer": "ok"}


async def test_no_more_requests_run_at_once_than_allowed(server: FakeModel) -> None:
    switch = ModelSwitch()
    await switch.configure(settings(server, concurrency=2))
    server.script.extend([hang, hang])
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(switch.ask, QUESTION)
        while len(server.seen) < 2:
            await trio.testing.wait_all_tasks_blocked()
        for _ in range(20):
            await trio.lowlevel.checkpoint()
        assert len(server.seen) == 2
        nursery.cancel_scope.cancel()
    await switch.aclose()
