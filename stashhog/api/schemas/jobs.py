"""Jobs, their logs and their frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from stashhog.api.contract import QueryModel
from stashhog.api.schemas.common import ApiModel, ListQuery
from stashhog.db.jobs import JOB_SORT_KEYS

Kind = Literal["sync", "analysis", "apply", "undo"]
Status = Literal[
    "queued", "running", "cancelling", "completed", "failed", "cancelled", "interrupted"
]


class ProgressResponse(ApiModel):
    """How far a job is: `done` of `total` committed items, `rate` a second, `eta_s` seconds."""

    done: int
    total: int | None
    unit: str
    message: str
    rate: float | None
    eta_s: float | None


class WaitingResponse(ApiModel):
    """What a running job waits for."""

    code: str
    since: AwareDatetime
    retry_at: AwareDatetime | None


class JobErrorResponse(ApiModel):
    """Why a job failed."""

    code: str
    detail: str


class JobResponse(ApiModel):
    """A job. `seq` rises with everything that is told about it, over restarts too."""

    id: str
    kind: Kind
    status: Status
    progress: ProgressResponse
    waiting: WaitingResponse | None
    params: dict[str, Any]
    result: dict[str, Any] | None
    error: JobErrorResponse | None
    attempt: int
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    seq: int


class JobListQuery(ListQuery):
    """Filters of `GET /api/jobs`."""

    sort_keys: ClassVar[Sequence[str]] = JOB_SORT_KEYS

    status: list[Status] | None = None
    kind: list[Kind] | None = None


class JobLogQuery(ListQuery):
    """Where in a job's log to look."""

    after: int = Field(0, ge=0, le=2**53, description="Only lines with a larger `seq`.")


class LogLineResponse(ApiModel):
    """A line of a job's log."""

    seq: int
    at: AwareDatetime
    level: Literal["debug", "info", "warning", "error"]
    message: str


class JobSocketQuery(QueryModel):
    """Where to go on after a lost connection."""

    after: int | None = Field(None, ge=0, le=2**53)
    ticket: str | None = Field(None, max_length=200)


class EventsSocketQuery(JobSocketQuery):
    """The same for the stream of all jobs; `boot` names the process that the `seq` is of."""

    boot: str | None = Field(None, max_length=64)
