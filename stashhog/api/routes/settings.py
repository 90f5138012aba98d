"""Settings: read, change, and try a connection before it is saved.

What a try answers is a category in our own words: nothing of what another server said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import trio
from quart import Blueprint

from stashhog.api.contract import operation
from stashhog.api.dependencies import get_current_user, get_doors, get_services
from stashhog.api.schemas.settings import (
    ConnectionResponse,
    ModelNotice,
    OpenAIOverride,
    SettingsBody,
    SettingsResponse,
    SettingsSchemaResponse,
    StashOverride,
    TestError,
)
from stashhog.api.settings_holder import SettingsHolder
from stashhog.core.config import GROUPS, MODEL_GETS, OpenAISettings, StashSettings
from stashhog.core.config.resolved import public_values
from stashhog.core.config.update import plan_test
from stashhog.core.exceptions import StashHogException
from stashhog.llm import ModelSwitch
from stashhog.stash import StashSwitch

bp = Blueprint("settings", __name__)

_CATEGORIES: Mapping[str, str] = {
    "stash_unavailable": "nothing answers at this address",
    "stash_unauthorized": "the key was refused, or one is needed",
    "stash_busy": "it answers, but is busy",
    "not_stash": "what answers there is not Stash",
    "stash_not_configured": "no address is set",
    "stash_error": "it answered with an error",
    "model_unavailable": "nothing answers at this address, or it asks to wait",
    "model_unauthorized": "the key was refused, or one is needed",
    "model_error": "it answered with an error",
    "bad_answer": "what answers there is no model server",
    "model_off": "the model is turned off",
    "timeout": "no answer in time",
}


@bp.get("/settings")
@operation("All settings", SettingsResponse)
async def read_settings() -> SettingsResponse:
    """Secrets are shown as `********`; sending that back leaves them as they are."""
    return _shown(get_services().settings)


@bp.get("/settings/schema")
@operation("What the settings mean", SettingsSchemaResponse)
async def read_settings_schema() -> SettingsSchemaResponse:
    """Meaning, unit, bounds and default of every setting, as JSON schemas by group."""
    groups = {name: model.model_json_schema() for name, model in GROUPS.items()}
    return SettingsSchemaResponse(groups=groups)


@bp.put("/settings")
@operation("Change settings", SettingsResponse, body=SettingsBody, errors=(409, 507))
async def change_settings(body: SettingsBody) -> SettingsResponse:
    """A partial tree; null takes a value back to its default. All of it holds, or nothing.

    Judged in this order: 422 for a bad value, 409 `setting_read_only`, 409 `settings_changed`,
    422 `secret_required` where an address changes and its key was not entered anew.
    """
    holder = get_services().settings
    changed = await holder.update(body.values, sent_version=body.version)
    if "security.api_key" in changed:
        await get_doors().end_others(get_current_user())
    return _shown(holder)


@bp.post("/settings/test-stash")
@operation("Try a Stash", ConnectionResponse, body=StashOverride)
async def test_stash(body: StashOverride) -> ConnectionResponse:
    """Fields of the section override those that hold; a stored key goes to its own server only."""
    section = plan_test(get_services().settings.resolved, "stash", body.root)
    assert isinstance(section, StashSettings)  # noqa: S101 - tells the type checker which group
    switch = StashSwitch()

    async def ask() -> str | None:
        await switch.configure(section)
        return (await switch.probe()).version

    try:
        seconds, answer, error = await _try(ask, section.timeout)
    finally:
        await _put_away(switch)
    return ConnectionResponse(
        ok=error is None, latency_ms=_milliseconds(seconds), version=answer, error=error
    )


@bp.post("/settings/test-openai")
@operation("Try a language model", ConnectionResponse, body=OpenAIOverride)
async def test_openai(body: OpenAIOverride) -> ConnectionResponse:
    """Fields of the section override those that hold; a stored key goes to its own server only."""
    section = plan_test(get_services().settings.resolved, "openai", body.root)
    assert isinstance(section, OpenAISettings)  # noqa: S101 - tells the type checker which group
    # A try is a try, whether or not the model shall be used from now on.
    section = section.model_copy(update={"enabled": True})
    switch = ModelSwitch()

    async def ask() -> str | None:
        await switch.configure(section)
        return await switch.check()

    try:
        seconds, answer, error = await _try(ask, section.timeout)
    finally:
        await _put_away(switch)
    return ConnectionResponse(
        ok=error is None, latency_ms=_milliseconds(seconds), model=answer, error=error
    )


def _shown(holder: SettingsHolder) -> SettingsResponse:
    resolved, openai = holder.resolved, holder.current.openai
    return SettingsResponse(
        model_notice=ModelNotice(
            on=openai.on, server=openai.effective_url, model=openai.model, gets=MODEL_GETS
        ),
        values=public_values(resolved.settings),
        sources=resolved.sources,
        read_only=sorted(resolved.read_only),
        version=holder.version,
    )


async def _try(
    ask: Callable[[], Awaitable[str | None]], timeout_seconds: float
) -> tuple[float, str | None, TestError | None]:
    began = trio.current_time()
    answer, code = None, None
    with trio.move_on_after(timeout_seconds) as scope:
        try:
            answer = await ask()
        except StashHogException as error:
            code = error.public_code
    if scope.cancelled_caught:
        code = "timeout"
    failure = None if code is None else TestError(code=code, detail=_CATEGORIES.get(code, "failed"))
    return trio.current_time() - began, answer, failure


async def _put_away(switch: StashSwitch | ModelSwitch) -> None:
    with trio.move_on_after(1, shield=True):
        await switch.aclose()


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
