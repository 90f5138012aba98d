"""Is it alive, is it ready, what is it: also at the root, for probes that know no `/api`.

Probing never waits on Stash or the model: their last known state is told with its age.
"""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

import trio
from quart import Blueprint

from stashhog.api.contract import operation
from stashhog.api.dependencies import Services, get_services
from stashhog.api.schemas.health import (
    Check,
    DatabaseCheck,
    HealthResponse,
    ReadyChecks,
    ReadyResponse,
    VersionResponse,
)
from stashhog.core.exceptions import StashHogException
from stashhog.ports import DependencyState

bp = Blueprint("health", __name__)

_DATABASE_SECONDS = 2.0


@bp.get("/health")
@operation("Whether the process serves", HealthResponse, open=True)
async def health() -> HealthResponse:
    """Answers 200 while the process serves, whatever else is wrong."""
    return HealthResponse()


@bp.get("/ready")
@operation("Whether the service can work", {200: ReadyResponse, 503: ReadyResponse}, open=True)
async def ready() -> tuple[ReadyResponse, int]:
    """The database and the actors decide between 200 and 503.

    Stash down or unset, or a model that is set but down, makes it `degraded`, which is a 200.
    """
    services = get_services()
    checks = ReadyChecks(
        database=await _database(services),
        actors=_actors(services),
        stash=_dependency(services.stash.state),
        openai=_dependency(services.model.state),
    )
    if services.closing.is_set() or "down" in (checks.database.status, checks.actors.status):
        return ReadyResponse(status="not_ready", checks=checks), 503
    fine = checks.stash.status == "ok" and checks.openai.status in ("ok", "unset", "unknown")
    return ReadyResponse(status="ready" if fine else "degraded", checks=checks), 200


@bp.get("/version")
@operation("What runs here", VersionResponse, open=True)
async def version() -> VersionResponse:
    """Name and version of the service and of its Python."""
    return VersionResponse(
        name="stashhog", version=get_services().version, python=platform.python_version()
    )


async def _database(services: Services) -> DatabaseCheck:
    try:
        with trio.fail_after(_DATABASE_SECONDS):
            seconds = await services.db.ping()
    except (StashHogException, trio.TooSlowError):
        return DatabaseCheck(status="down", age_s=0.0)
    return DatabaseCheck(status="ok", age_s=0.0, latency_ms=round(seconds * 1000, 3))


def _actors(services: Services) -> Check:
    status: dict[str, Any] = {"status": "ok", "age_s": 0.0, **services.actors.status()}
    if services.actors.failed.is_set():
        status["status"] = "down"
    return Check.model_validate(status)


def _dependency(state: DependencyState) -> Check:
    known: dict[str, Any] = {"status": state.status, "age_s": 0.0}
    if state.since is not None:
        known["age_s"] = max(0.0, (datetime.now(UTC) - state.since).total_seconds())
    if state.detail_code is not None:
        known["detail_code"] = state.detail_code
    return Check.model_validate(known)
