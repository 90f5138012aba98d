"""Reading what a model's server sent; pure.

Rules:
- Nothing in an answer is trusted: not its shape, not its types, not that it is JSON.
- What was used is booked whatever the answer is worth: errors carry `usage` in their context.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stashhog.core.exceptions import ModelAnswerError, ModelRefusedError, OpenAIError
from stashhog.ports.model import ModelReply

_CHARACTERS_PER_TOKEN = 3
_THOUGHTS = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_MOST_TRIES = 32
_DECODER = json.JSONDecoder()


def read_completion(
    body: bytes,
    *,
    asked: int,
    model: str,
    request_id: str | None = None,
) -> ModelReply:
    """Read a chat completion: the text as it was answered, and what it cost.

    Args:
        body: The response's body.
        asked: Characters that were sent, to estimate usage where the server counts none.
        model: The model that was asked, where the server does not name one.
        request_id: The server's name for the request.

    Raises:
        ModelAnswerError: `bad_answer` is no completion, `answer_cut` is one without its end.
        ModelRefusedError: The model or a filter declined.
    """
    data = _load(body)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, Sequence) and choices else None
    if not isinstance(choice, Mapping) or not isinstance(choice.get("message"), Mapping):
        raise ModelAnswerError("what answers at the address is no model server")
    message = choice["message"]
    text = _text(message.get("content"))
    usage = data.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    details = counts.get("prompt_tokens_details")
    named = data.get("model")
    reply = ModelReply(
        text=text,
        model=named if isinstance(named, str) and named else model,
        input_tokens=_count(counts.get("prompt_tokens"), asked),
        output_tokens=_count(counts.get("completion_tokens"), len(text)),
        cached_tokens=_count(details.get("cached_tokens") if isinstance(details, Mapping) else 0),
        request_id=request_id,
    )
    reason = choice.get("finish_reason")
    if reason == "content_filter" or message.get("refusal"):
        raise _failed(ModelRefusedError, "the model declined to answer", reply)
    if reason == "length":
        raise _failed(ModelAnswerError, "the answer was cut short", reply, "answer_cut")
    return reply


def json_answer(reply: ModelReply) -> str:
    """Return the JSON object in an answer, out of code fences, thoughts and chatter.

    Raises:
        ModelAnswerError: `bad_answer`, there is none.
    """
    text = _THOUGHTS.sub("", reply.text, count=1).lstrip("\ufeff \r\n\t")
    start = text.find("{")
    for _ in range(_MOST_TRIES):
        if start < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if isinstance(value, dict):
                return text[start:end]
        start = text.find("{", end)
    raise _failed(ModelAnswerError, "the answer holds no JSON object", reply)


def fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Tell whether a value has the shape that a schema asks for (types, enums, members)."""
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, kind) for kind in _listed(kinds)):
        return False
    if isinstance(value, Mapping):
        members: Mapping[str, Any] = schema.get("properties", {})
        if any(name not in value for name in schema.get("required", ())):
            return False
        if schema.get("additionalProperties") is False and not members.keys() >= value.keys():
            return False
        return all(fits(value[name], members[name]) for name in members.keys() & value.keys())
    if isinstance(value, list) and "items" in schema:
        return all(fits(item, schema["items"]) for item in value)
    return True


def usage_of(error: OpenAIError) -> Mapping[str, Any] | None:
    """Return what a failed request used, where the server did work for it.

    `input_tokens`, `output_tokens`, `cached_tokens`, `model`.
    """
    usage = error.context.get("usage")
    return usage if isinstance(usage, Mapping) else None


def _load(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, Mapping):
        raise ModelAnswerError("what answers at the address is no model server")
    return data


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "".join(part for part in parts if isinstance(part, str))


def _count(value: object, characters: int = 0) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return -(-characters // _CHARACTERS_PER_TOKEN)


def _failed(
    kind: type[OpenAIError], detail: str, reply: ModelReply, code: str | None = None
) -> OpenAIError:
    usage = {
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cached_tokens": reply.cached_tokens,
        "model": reply.model,
    }
    return kind(detail, code=code, context={"usage": usage})


def _listed(kinds: object) -> Sequence[object]:
    return kinds if isinstance(kinds, list) else [kinds]


def _is(value: object, kind: object) -> bool:
    if kind == "null":
        return value is None
    if isinstance(value, bool):
        return kind == "boolean"
    classes: Mapping[object, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "object": dict,
        "array": list,
    }
    return isinstance(value, classes.get(kind, ()))
