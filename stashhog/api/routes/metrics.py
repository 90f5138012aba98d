"""`/metrics`: the process and its jobs in Prometheus' text format, from a registry of its own."""

from __future__ import annotations

import prometheus_client
from prometheus_client.core import CollectorRegistry
from quart import Blueprint, Response, current_app

from stashhog.api.contract import operation
from stashhog.api.dependencies import Services, get_services
from stashhog.domain.jobs import JobKind, JobStatus

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
@operation("Figures for Prometheus", {200: "text/plain"})
async def metrics() -> Response:
    """Gauges of the process, its jobs and its dependencies, made at each call."""
    text = prometheus_client.generate_latest(_registry(get_services()))
    response: Response = current_app.response_class(
        text, 200, content_type=prometheus_client.CONTENT_TYPE_LATEST
    )
    return response


def _registry(services: Services) -> CollectorRegistry:
    registry = CollectorRegistry()
    prometheus_client.ProcessCollector(registry=registry)
    started = prometheus_client.Gauge(
        "stashhog_started_at_seconds", "When the service started.", registry=registry
    )
    started.set(services.started_at.timestamp())
    jobs = prometheus_client.Gauge(
        "stashhog_live_jobs", "Jobs that have not ended.", ["kind", "status"], registry=registry
    )
    live = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING)
    counts = {(kind, status): 0 for kind in JobKind for status in live}
    for job in services.actors.registry.live().values():
        counts[job.kind, job.status] = counts.get((job.kind, job.status), 0) + 1
    for (kind, status), count in counts.items():
        jobs.labels(kind, status).set(count)
    up = prometheus_client.Gauge(
        "stashhog_dependency_up", "1 where it answered last.", ["dependency"], registry=registry
    )
    up.labels("stash").set(services.stash.state.status == "ok")
    up.labels("openai").set(services.model.state.status == "ok")
    return registry
