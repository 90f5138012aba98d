"""Reading, changing and trying settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, RootModel, WithJsonSchema

from stashhog.api.contract import BodyModel
from stashhog.api.schemas.common import ApiModel
from stashhog.core.config import GROUPS


def _partial(group: str) -> dict[str, Any]:
    """The JSON schema of a group of which any part may be sent, null for the default."""
    schema = GROUPS[group].model_json_schema()
    properties = {
        name: {
            "anyOf": [{k: v for k, v in field.items() if k != "default"}, {"type": "null"}],
        }
        for name, field in schema["properties"].items()
    }
    return {
        "type": "object",
        "description": schema.get("description", ""),
        "properties": properties,
        "additionalProperties": False,
    }


_TREE_SCHEMA = {
    "type": "object",
    "properties": {group: _partial(group) for group in GROUPS},
    "additionalProperties": False,
}

SettingsTree = Annotated[dict[str, Any], WithJsonSchema(_TREE_SCHEMA)]


class SettingsBody(BodyModel):
    """A partial tree of values; `version` is the one that was read, to notice other changes."""

    values: SettingsTree
    version: int | None = Field(None, ge=0, le=2**53)


class ModelNotice(ApiModel):
    """What leaves this machine while the model is on: to which server, for which model, what."""

    on: bool
    server: str
    model: str
    gets: str


class SettingsResponse(ApiModel):
    """All settings, secrets as a mask, and where each comes from."""

    model_notice: ModelNotice
    values: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str]
    read_only: Sequence[str]
    version: int


class SettingsSchemaResponse(ApiModel):
    """The JSON schema of each group: what every setting means, its unit, bounds and default."""

    groups: Mapping[str, Any]


class StashOverride(RootModel[Annotated[dict[str, Any], WithJsonSchema(_partial("stash"))]]):
    """Fields of the `stash` group to try in place of those that hold."""


class OpenAIOverride(RootModel[Annotated[dict[str, Any], WithJsonSchema(_partial("openai"))]]):
    """Fields of the `openai` group to try in place of those that hold."""


class TestError(ApiModel):
    """What kept a connection from working, as a category."""

    __test__ = False  # the name looks like a test's to pytest

    code: str
    detail: str


class ConnectionResponse(ApiModel):
    """Whether a server can be used: `version` is Stash's, `model` the language model's."""

    ok: bool
    latency_ms: float
    version: str | None = None
    model: str | None = None
    error: TestError | None = None
