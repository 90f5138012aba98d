"""The model's client against a server that behaves, and one that does not."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
import trio

from stashhog.core.config import LoggingSettings, OpenAISettings
from stashhog.core.exceptions import (
    ModelAnswerError,
    ModelAuthError,
    ModelRefusedError,
    ModelUnavailableError,
    OpenAIError,
)
from stashhog.core.logging import configure_logging
from stashhog.llm import ModelSwitch
from stashhog.llm.answers import usage_of
from stashhog.ports.model import ModelRequest
from tests.fakes.model import (
    Answer,
    FakeModel,
    completion,
    cut,
    error,
    hang,
    knows_no,
    raw,
    redirect,
    serve_fake_model,
    zipped,
)

KEY = "sk-canary-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
QUESTION = ModelRequest("You name things.", "What is this?", "naming", SCHEMA, 500)


@pytest.fixture
async def server() -> AsyncIterator[FakeModel]:
    async with serve_fake_model(FakeModel()) as model:
        yield model


def settings(server: FakeModel, **more: Any) -> OpenAISettings:
    given = {"base_url": server.url, "api_key": KEY, "timeout": 10.0, "model": "small", **more}
    return OpenAISettings.model_validate(given)


@pytest.fixture
async def switch(server: FakeModel) -> AsyncIterator[ModelSwitch]:
    switch = ModelSwitch()
    await switch.configure(settings(server))
    yield switch
    await switch.aclose()


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


# --- how a server wants to be asked -------------------------------------------------------------


def formats(server: FakeModel) -> list[str]:
    return [seen.body.get("response_format", {}).get("type", "text") for seen in server.seen]


async def test_a_server_without_schemas_is_asked_for_json_and_that_is_remembered(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = knows_no("json_schema")
    await switch.ask(QUESTION)
    await switch.ask(QUESTION)
    assert formats(server) == ["json_schema", "json_object", "json_object"]
    assert '"required":["answer"]' in server.seen[-1].body["messages"][0]["content"]


async def test_a_server_without_formats_is_asked_in_words(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = knows_no("response_format", completion('Sure!\n```json\n{"answer": "x"}\n```'))
    assert json.loads((await switch.ask(QUESTION)).text) == {"answer": "x"}
    await switch.ask(QUESTION)
    assert formats(server) == ["json_schema", "json_object", "text", "text"]


async def test_a_server_that_takes_a_schema_and_ignores_it_is_asked_in_words_next(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = completion('{"other": 1}')
    for _ in range(4):
        await switch.ask(QUESTION)
    assert formats(server) == ["json_schema", "json_object", "text", "text"]


async def test_the_other_name_of_the_limit_is_tried_once(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = knows_no("max_tokens")
    await switch.ask(QUESTION)
    await switch.ask(QUESTION)
    named = ["max_tokens" in seen.body for seen in server.seen]
    assert named == [True, False, False]
    assert server.seen[-1].body["max_completion_tokens"] == 500


async def test_a_server_that_refuses_everything_is_left_after_the_last_dialect(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = error(400, "no")
    with pytest.raises(OpenAIError) as caught:
        await switch.ask(QUESTION)
    assert caught.value.public_code == "model_error"
    assert len(server.seen) == 3


async def test_once_understood_a_refusal_is_a_refusal(
    server: FakeModel, switch: ModelSwitch
) -> None:
    await switch.ask(QUESTION)
    server.script.append(error(400, "no"))
    with pytest.raises(OpenAIError):
        await switch.ask(QUESTION)
    assert len(server.seen) == 2


async def test_a_format_that_the_operator_chose_is_kept(server: FakeModel) -> None:
    switch = ModelSwitch()
    await switch.configure(settings(server, response_format="json_object"))
    server.answer = knows_no("response_format")
    with pytest.raises(OpenAIError):
        await switch.ask(QUESTION)
    await switch.aclose()
    assert formats(server) == ["json_object"]


# --- the check ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (completion("ok"), "small-2026-01-01"),
        (completion(None, finish_reason="length"), "small"),
        (completion(None, refusal="no"), "small"),
        (knows_no("max_tokens", completion("ok")), "small-2026-01-01"),
    ],
)
async def test_a_check_proves_that_the_model_is_there(
    server: FakeModel, switch: ModelSwitch, answer: Answer, name: str
) -> None:
    server.answer = answer
    assert await switch.check() == name
    assert switch.state.status == "ok"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error(401), "model_unauthorized"),
        (error(400, "nothing works"), "model_error"),
        (raw(200, b"hello"), "bad_answer"),
        (error(502), "model_unavailable"),
    ],
)
async def test_a_check_says_what_is_wrong(
    server: FakeModel, switch: ModelSwitch, answer: Answer, code: str
) -> None:
    server.answer = answer
    with pytest.raises(OpenAIError) as caught:
        await switch.check()
    assert caught.value.public_code == code


# --- the switch ---------------------------------------------------------------------------------


async def test_a_model_that_is_off_asks_nobody(server: FakeModel) -> None:
    switch = ModelSwitch()
    for off in (None, settings(server, enabled=False)):
        if off is not None:
            await switch.configure(off)
        with pytest.raises(OpenAIError) as caught:
            await switch.ask(QUESTION)
        assert caught.value.public_code == "model_off"
        assert switch.state.status == "unset"
    assert server.seen == []


async def test_nothing_is_known_of_a_server_that_was_not_asked(switch: ModelSwitch) -> None:
    assert switch.state.status == "unknown"
    assert switch.state.since is None


async def test_a_new_server_takes_over_while_old_requests_end_where_they_began(
    server: FakeModel, switch: ModelSwitch
) -> None:
    released = trio.Event()

    class Slow(FakeModel):
        async def _say(self, *args: Any) -> None:
            await released.wait()
            await super()._say(*args)

    async with serve_fake_model(Slow()) as slow, trio.open_nursery() as nursery:
        await switch.configure(settings(slow, model="old"))
        replies: list[str] = []

        async def ask() -> None:
            replies.append((await switch.ask(QUESTION)).model)

        nursery.start_soon(ask)
        await slow.asked.wait()
        await switch.configure(settings(server, model="new"))
        assert (await switch.ask(QUESTION)).model == "new-2026-01-01"
        released.set()
    assert replies == ["old-2026-01-01"]


async def test_a_name_that_leads_to_a_refused_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_args: Any) -> Any:
            return [(2, 1, 6, "", ("169.254.169.254", 80))]

        async def getnameinfo(self, *_args: Any) -> Any:
            raise OSError

    before = trio.socket.set_custom_hostname_resolver(Resolver())
    try:
        switch = ModelSwitch()
        await switch.configure(OpenAISettings(base_url="http://innocent.example/v1"))
        with pytest.raises(OpenAIError, match="refused"):
            await switch.ask(QUESTION)
        await switch.aclose()
    finally:
        trio.socket.set_custom_hostname_resolver(before)


def test_the_heavy_library_is_not_loaded_before_the_first_question() -> None:
    code = "import sys, stashhog.llm; print('openai' in sys.modules, 'httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"


async def test_a_key_that_the_server_repeats_is_not_logged(
    server: FakeModel, switch: ModelSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    stream = io.StringIO()
    configure_logging(LoggingSettings(level="debug"), stream)
    try:
        server.script.append(error(401, f"Incorrect API key provided: {KEY}"))
        with pytest.raises(ModelAuthError):
            await switch.ask(QUESTION)
    finally:
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
    assert "Incorrect API key provided" in stream.getvalue()
    assert KEY not in stream.getvalue()
    assert QUESTION.user not in stream.getvalue()
