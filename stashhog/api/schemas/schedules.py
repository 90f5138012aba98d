"""Schedules of syncs and analyses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from stashhog.api.contract import BodyModel
from stashhog.api.schemas.analysis import OptionsBody
from stashhog.api.schemas.common import ApiModel
from stashhog.api.schemas.scenes import SceneFilterBody
from stashhog.domain.schedules import CRON_CHARACTERS, LONGEST_S

OutcomeName = Literal["started", "skipped", "nothing_to_do", "stash_not_configured", "refused"]


class ScheduleResponse(ApiModel):
    """When something runs by itself: by `cron` in `timezone`, or every `every_s` seconds."""

    enabled: bool
    cron: str | None
    every_s: int | None
    timezone: str
    next_run_at: AwareDatetime | None
    last_job_id: str | None
    last_run_at: AwareDatetime | None
    last_outcome: OutcomeName | None
    skipped: int = Field(description="Runs that found the one before them still at work.")


class AnalysisScheduleResponse(ScheduleResponse):
    """The same for analyses: which scenes, and how."""

    filter: dict[str, Any]
    options: dict[str, Any]


class SyncSchedules(ApiModel):
    """Syncs of both modes."""

    incremental: ScheduleResponse
    full: ScheduleResponse


class SchedulesResponse(ApiModel):
    """All schedules; `next_run_at` is null on one that is off."""

    sync: SyncSchedules
    analysis: AnalysisScheduleResponse


class ScheduleBody(BodyModel):
    """What to change of a schedule; the rest of what GET shows may be sent back, and is not read.

    Giving `cron` takes `every_s` away, and the other way round.
    """

    enabled: bool = False
    cron: Annotated[str, Field(max_length=CRON_CHARACTERS)] | None = Field(
        None, description="Minute, hour, day of month, month, day of week."
    )
    every_s: Annotated[int, Field(ge=1, le=LONGEST_S)] | None = None
    timezone: Annotated[str, Field(max_length=100)] = Field(
        "UTC", description="An IANA name such as `Europe/Berlin`."
    )
    next_run_at: str | None = Field(None, description="Not read.")
    last_job_id: str | None = Field(None, description="Not read.")
    last_run_at: str | None = Field(None, description="Not read.")
    last_outcome: str | None = Field(None, description="Not read.")
    skipped: int | None = Field(None, description="Not read.")


class AnalysisScheduleBody(ScheduleBody):
    """The same for analyses."""

    filter: SceneFilterBody | None = Field(
        None, description="Which scenes; as in `/analysis/generate`."
    )
    options: OptionsBody | None = Field(
        None, description="As in `/analysis/generate`; `use_llm` is `never` unless set here."
    )


class SyncSchedulesBody(BodyModel):
    """What to change of the syncs' schedules."""

    incremental: ScheduleBody | None = None
    full: ScheduleBody | None = None


class SchedulesBody(BodyModel):
    """What to change; what is left out stays as it is."""

    sync: SyncSchedulesBody | None = None
    analysis: AnalysisScheduleBody | None = None
