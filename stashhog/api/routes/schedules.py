"""Schedules: when a sync or an analysis runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quart import Blueprint

from actors.model_calls import check_wanted
from stashhog.api.contract import operation
from stashhog.api.dependencies import get_actors, get_db, get_openai_client, get_settings
from stashhog.api.schemas.schedules import ScheduleBody, SchedulesBody, SchedulesResponse
from stashhog.db import schedules as db_schedules
from stashhog.domain.schedules import UNATTENDED, Schedule, ScheduleName
from stashhog.domain.selections import allow_none

bp = Blueprint("schedules", __name__)

_SETTABLE = ("enabled", "cron", "every_s", "timezone")
_SHOWN = (*_SETTABLE, "next_run_at", "last_job_id", "last_run_at", "last_outcome", "skipped")


@bp.get("/schedules")
@operation("When something runs by itself", SchedulesResponse)
async def show_schedules() -> dict[str, Any]:
    """All are off on a new installation, where nothing starts by itself."""
    return _shape(await get_db().read(db_schedules.load_schedules))


@bp.put("/schedules")
@operation(
    "Change when something runs by itself", SchedulesResponse, body=SchedulesBody, errors=(409,)
)
async def change_schedules(body: SchedulesBody) -> dict[str, Any]:
    """A partial tree; all of it holds, or nothing.

    A run that was missed, because the service was down or the machine slept, is made up for once.
    One that finds the run before it still at work is skipped and counted. A scheduled analysis
    waits for a sync that is on its way, and leaves no plan where it found nothing.
    """
    wanted: dict[ScheduleName, dict[str, Any]] = {}
    if body.sync is not None and body.sync.incremental is not None:
        wanted["sync.incremental"] = _given(body.sync.incremental)
    if body.sync is not None and body.sync.full is not None:
        wanted["sync.full"] = _given(body.sync.full)
    if body.analysis is not None:
        wanted["analysis"] = _given(body.analysis)
        for key in ("filter", "options"):
            part = getattr(body.analysis, key)
            if part is not None:
                sent = part.model_dump(mode="json", exclude_unset=True, exclude_none=True)
                wanted["analysis"][key] = sent
        allow_none(filter=wanted["analysis"].get("filter"))
        if body.analysis.options is not None:
            options = {**UNATTENDED, **wanted["analysis"].get("options", {})}
            check_wanted(options, get_settings(), get_openai_client())
    schedules = await get_db().write(db_schedules.change_schedules, wanted, datetime.now(UTC))
    get_actors().schedules.changed()
    return _shape(schedules)


def _given(body: ScheduleBody) -> dict[str, Any]:
    return {key: getattr(body, key) for key in _SETTABLE if key in body.model_fields_set}


def _shape(schedules: Mapping[ScheduleName, Schedule]) -> dict[str, Any]:
    shown = {name: {key: getattr(one, key) for key in _SHOWN} for name, one in schedules.items()}
    analysis = schedules["analysis"]
    return {
        "sync": {"incremental": shown["sync.incremental"], "full": shown["sync.full"]},
        "analysis": {
            **shown["analysis"],
            "filter": dict(analysis.filter or {}),
            "options": {**UNATTENDED, **(analysis.options or {})},
        },
    }
