"""Health, readiness and version."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from stashhog.api.schemas.common import ApiModel

CheckStatus = Literal["ok", "down", "unset", "unknown"]


class HealthResponse(ApiModel):
    """The process serves."""

    status: Literal["ok"] = "ok"


class Check(ApiModel):
    """What is known of one part; `age_s` is how old that knowledge is."""

    model_config = ConfigDict(extra="allow", frozen=True)

    status: CheckStatus
    age_s: float = Field(ge=0)


class DatabaseCheck(Check):
    """The database answered (or not) just now."""

    latency_ms: float | None = None


class ReadyChecks(ApiModel):
    """The parts that readiness looks at."""

    database: DatabaseCheck
    actors: Check
    stash: Check
    openai: Check


class ReadyResponse(ApiModel):
    """`not_ready` comes with 503; `degraded` means that a dependency is away or not set."""

    status: Literal["ready", "degraded", "not_ready"]
    checks: ReadyChecks


class VersionResponse(ApiModel):
    """What runs here."""

    name: str
    version: str
    python: str
    commit: str | None = None
