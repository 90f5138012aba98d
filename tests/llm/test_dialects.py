"""How a model's server wants to be asked, and how the client finds out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stashhog.core.exceptions import (
    OpenAIError,
)
from stashhog.llm import ModelSwitch
from tests.fakes.model import (
    FakeModel,
    Said,
    Seen,
    completion,
    error,
    knows_no,
)
from tests.llm.questions import QUESTION, settings


def formats(server: FakeModel) -> list[str]:
    return [seen.body.get("response_format", {}).get("type", "text") for seen in server.seen]


async def test_a_server_without_schemas_is_asked_for_json_and_that_is_remembered(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = knows_no("json_schema")
    await switch.ask(QUESTION)
    await switch.ask(QUESTION)
    assert formats(server) == ["json_schema", "json_schema", "json_object", "json_object"]
    assert '"required":["answer"]' in server.seen[-1].body["messages"][0]["content"]


async def test_a_server_without_formats_is_asked_in_words(
    server: FakeModel, switch: ModelSwitch
) -> None:
    server.answer = knows_no("response_format", completion('Sure!\n```json\n{"answer": "x"}\n```'))
    assert json.loads((await switch.ask(QUESTION)).text) == {"answer": "x"}
    await switch.ask(QUESTION)
    assert formats(server) == ["json_schema", "json_schema", "json_object", "text", "text"]


@pytest.mark.parametrize("named", [True, False])
async def test_a_server_that_refuses_bounds_on_lists_is_asked_without_them(
    server: FakeModel, switch: ModelSwitch, *, named: bool
) -> None:
    def answer(seen: Seen) -> Said:
        if "axItems" not in json.dumps(seen.body["response_format"]):
            return completion('{"words": ["ok"]}')(seen)
        why = "For 'array' type, property 'maxItems' is not supported" if named else "bad schema"
        return error(400, why)(seen)

    server.answer = answer
    words = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}
    schema = {"type": "object", "properties": {"words": words}, "required": ["words"]}
    for _ in range(2):
        assert (await switch.ask(replace(QUESTION, schema=schema))).text == '{"words": ["ok"]}'
    sent = [seen.body["response_format"]["json_schema"]["schema"] for seen in server.seen]
    without = {"words": {"type": "array", "items": {"type": "string"}}}
    assert sent == [schema, {**schema, "properties": without}, {**schema, "properties": without}]


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
    assert len(server.seen) == 4


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
