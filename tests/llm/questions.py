"""A question, and the settings of a server that is asked it."""

from __future__ import annotations

from typing import Any

from stashhog.core.config import OpenAISettings
from stashhog.ports.model import ModelRequest
from tests.fakes.model import FakeModel

KEY = "sk-canary-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
QUESTION = ModelRequest("You name things.", "What is this?", "naming", SCHEMA, 500)


def settings(server: FakeModel, **more: Any) -> OpenAISettings:
    given = {"base_url": server.url, "api_key": KEY, "timeout": 10.0, "model": "small", **more}
    return OpenAISettings.model_validate(given)
