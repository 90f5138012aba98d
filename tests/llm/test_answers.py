"""Reading answers, and pricing them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from stashhog.core.config import OpenAISettings
from stashhog.core.exceptions import ModelAnswerError, OpenAIError
from stashhog.llm.answers import fits, json_answer, read_completion
from stashhog.llm.prices import cost_usd
from stashhog.ports.model import ModelReply

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def reply(text: str) -> ModelReply:
    return ModelReply(text, "m", 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": "}"}}',
        ' \ufeff\n{"a": {"b": "}"}}\n',
        '```json\n{"a": {"b": "}"}}\n```',
        '```\n{"a": {"b": "}"}}```',
        'Here you are: {"a": {"b": "}"}} I hope it helps.',
        'A set {x} and then {"a": {"b": "}"}}',
        '<think>maybe {"a": 1}?</think>\n{"a": {"b": "}"}}',
    ],
)
def test_the_object_is_found_in_what_surrounds_it(text: str) -> None:
    assert json.loads(json_answer(reply(text))) == {"a": {"b": "}"}}


@pytest.mark.parametrize("text", ["", "null", "[1]", "{", "{'a': 1}", "{" * 50_000, '{"a":' * 9999])
def test_an_answer_without_an_object_is_refused_and_booked(text: str) -> None:
    with pytest.raises(ModelAnswerError) as caught:
        json_answer(reply(text))
    assert caught.value.context["usage"]


@given(st.dictionaries(st.text(max_size=8), JSON), st.text(alphabet="abc \n`", max_size=9))
def test_any_object_survives_chatter(value: dict[str, Any], chatter: str) -> None:
    text = f"{chatter}{json.dumps(value)}{chatter}"
    assert json.loads(json_answer(reply(text))) == value


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_reply_or_an_error_of_ours(body: bytes) -> None:
    try:
        read = read_completion(body, asked=1, model="m")
    except OpenAIError:
        return
    assert isinstance(read.text, str)


@given(JSON, JSON, JSON, JSON, JSON)
def test_any_envelope_is_a_reply_or_an_error_of_ours(
    content: Any, refusal: Any, reason: Any, usage: Any, model: Any
) -> None:
    message = {"content": content, "refusal": refusal}
    choice = {"message": message, "finish_reason": reason}
    body = json.dumps({"choices": [choice], "usage": usage, "model": model}).encode()
    try:
        read = read_completion(body, asked=7, model="m")
    except OpenAIError:
        return
    assert read.model
    assert min(read.input_tokens, read.output_tokens, read.cached_tokens) >= 0


def test_text_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "x"}, 5, {"type": "text", "text": "b"}]
    body = json.dumps({"choices": [{"message": {"content": parts}}]}).encode()
    assert read_completion(body, asked=0, model="m").text == "ab"


SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", "b"]},
        "many": {"type": "array", "items": {"type": ["string", "null"]}},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "flag": {"type": "boolean"},
    },
    "required": ["kind"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "fitting"),
    [
        ({"kind": "a"}, True),
        ({"kind": "a", "many": ["x", None], "count": 1, "share": 1, "flag": False}, True),
        ({}, False),
        ([], False),
        ({"kind": "c"}, False),
        ({"kind": "a", "more": 1}, False),
        ({"kind": "a", "many": [1]}, False),
        ({"kind": "a", "count": True}, False),
        ({"kind": "a", "count": 1.5}, False),
        ({"kind": "a", "share": "1"}, False),
        ({"kind": "a", "flag": 1}, False),
    ],
)
def test_a_shape_is_recognised(value: object, *, fitting: bool) -> None:
    assert fits(value, SCHEMA) is fitting


# --- prices -------------------------------------------------------------------------------------


def cost(cached: int = 0, **given: Any) -> float | None:
    settings = OpenAISettings.model_validate(given)
    return cost_usd(settings, input_tokens=1_000_000, output_tokens=100_000, cached_tokens=cached)


def test_the_operators_prices_win() -> None:
    ours = {"input_usd_per_million": 2.0, "output_usd_per_million": 10.0, "model": "gpt-5-nano"}
    assert cost(**ours) == pytest.approx(3.0)
    assert cost(500_000, **ours) == pytest.approx(3.0)
    assert cost(500_000, **ours, cached_usd_per_million=0.0) == pytest.approx(2.0)
    assert cost(9_000_000, **ours, cached_usd_per_million=0.0) == pytest.approx(1.0)
    assert cost(input_usd_per_million=0, output_usd_per_million=0) == 0.0


def test_a_model_of_the_table_has_a_price_and_cached_tokens_are_cheaper() -> None:
    fresh, cached = cost(model="gpt-5-nano"), cost(900_000, model="gpt-5-nano")
    assert fresh is not None
    assert cached is not None
    assert 0 < cached < fresh


@pytest.mark.parametrize(
    "given",
    [
        {"model": "no-such-model"},
        {"model": "gpt-5-nano", "base_url": "http://127.0.0.1:8080/v1"},
        {"model": "no-such-model", "input_usd_per_million": 2.0},
    ],
)
def test_an_unknown_price_is_unknown_and_not_nothing(given: dict[str, Any]) -> None:
    assert cost(**given) is None
