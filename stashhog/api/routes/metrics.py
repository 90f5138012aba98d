"""`/metrics`: the process and its jobs in Prometheus' text format, from a registry of its own."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from quart import Blueprint, Response, current_app

from actors import Actors
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
    registry.register(_Told(services.actors))
    return registry


class _Told(Collector):
    """What the actors count: their mailboxes, their crashes, and what Stash told them."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    def collect(self) -> Iterable[Metric]:
        """The families, with their figures of now."""
        crashes = CounterMetricFamily(
            "stashhog_actor_crashes", "Times an actor crashed.", labels=["actor"]
        )
        waiting = GaugeMetricFamily(
            "stashhog_mailbox_waiting", "Messages that wait in a mailbox.", labels=["actor"]
        )
        messages = CounterMetricFamily(
            "stashhog_mailbox_messages",
            "What became of messages: taken, refused (full), held back, overrun.",
            labels=["actor", "outcome"],
        )
        for actor, state in self._actors.status().get("actors", {}).items():
            crashes.add_metric([actor], state["crashes"])
        for actor, counts in self._actors.mailboxes().items():
            waiting.add_metric([actor], counts.waiting)
            for outcome in ("taken", "refused", "held", "overrun"):
                messages.add_metric([actor, outcome], getattr(counts, outcome))
        yield from (crashes, waiting, messages)
        manager = self._actors.sync_manager
        yield GaugeMetricFamily(
            "stashhog_stash_live_connected",
            "1 while Stash's live events are listened to.",
            value=float(manager.live.connected),
        )
        for name, text, count in (
            ("stash_live_connections", "Times the live connection was made.", manager.connections),
            ("stash_events", "Live events of Stash.", manager.news.events),
            ("stash_hooks", "Hooks of Stash that concern the copy.", manager.news.hooks),
            (
                "stash_hooks_known",
                "Hooks that told what the copy has already: mostly our own writes.",
                manager.news.known,
            ),
        ):
            yield CounterMetricFamily(f"stashhog_{name}", text, value=count)
        yield from self._model()

    def _model(self) -> Iterable[Metric]:
        calls = self._actors.planner.model_calls
        ended = CounterMetricFamily(
            "stashhog_model_calls", "Calls to the model, by how they ended.", labels=["outcome"]
        )
        for outcome, number in sorted(calls.counts.items()):
            ended.add_metric([outcome], number)
        tokens = CounterMetricFamily("stashhog_model_tokens", "Tokens.", labels=["direction"])
        tokens.add_metric(["input"], calls.used["input_tokens"])
        tokens.add_metric(["output"], calls.used["output_tokens"])
        yield from (ended, tokens)
        yield CounterMetricFamily(
            "stashhog_model_usd", "US dollars, where prices are known.", value=calls.used["usd"]
        )
