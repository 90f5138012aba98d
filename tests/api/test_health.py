"""Alive, ready, and what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from stashhog.api.dependencies import EXTENSION
from stashhog.core.exceptions import StorageError
from stashhog.ports import DependencyState
from tests.api.conftest import House


async def test_health_is_at_both_places(house: House) -> None:
    for path in ("/health", "/api/health"):
        reply = await house.call("GET", path)
        assert (reply.status, reply.json) == (200, {"status": "ok"})


async def test_version_names_the_service(house: House) -> None:
    reply = await house.call("GET", "/api/version")
    assert reply.json["name"] == "stashhog"
    assert reply.json["version"] == "0.0-test"
    assert reply.json["python"].startswith("3.")


async def ready(house: House, stash: str, model: str, age_s: float = 0.0) -> Any:
    since = datetime.now(UTC) - timedelta(seconds=age_s)

    def switch(status: Any) -> Any:
        return SimpleNamespace(
            state=DependencyState(status, since, "code" if status == "down" else None)
        )

    house.app.extensions[EXTENSION] = replace(
        house.services, stash=switch(stash), model=switch(model)
    )
    return await house.call("GET", "/api/ready")


@pytest.mark.parametrize(
    ("stash", "model", "status"),
    [
        ("ok", "ok", "ready"),
        ("ok", "unset", "ready"),
        ("ok", "down", "degraded"),
        ("down", "unset", "degraded"),
        ("unset", "unset", "degraded"),
    ],
)
async def test_dependencies_degrade_and_no_model_is_a_choice(
    house: House, stash: str, model: str, status: str
) -> None:
    reply = await ready(house, stash, model)
    assert (reply.status, reply.json["status"]) == (200, status)
    assert reply.json["checks"]["stash"]["status"] == stash
    assert reply.json["checks"]["openai"]["status"] == model


async def test_what_is_known_has_an_age(house: House) -> None:
    reply = await ready(house, "down", "ok", age_s=90)
    assert 90 <= reply.json["checks"]["stash"]["age_s"] < 100
    assert reply.json["checks"]["stash"]["detail_code"] == "code"
    assert reply.json["checks"]["database"]["latency_ms"] >= 0


async def test_the_database_decides(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> float:
        raise StorageError("gone")

    monkeypatch.setattr(type(house.services.db), "ping", broken)
    reply = await house.call("GET", "/ready")
    assert (reply.status, reply.json["status"]) == (503, "not_ready")
    assert reply.json["checks"]["database"]["status"] == "down"


async def test_the_actors_decide(house: House) -> None:
    house.services.actors.failed.set()
    reply = await house.call("GET", "/ready")
    assert (reply.status, reply.json["status"]) == (503, "not_ready")
    assert reply.json["checks"]["actors"]["status"] == "down"


async def test_a_service_that_stops_is_not_ready(house: House) -> None:
    house.services.closing.set()
    assert (await house.call("GET", "/ready")).status == 503
    assert (await house.call("GET", "/health")).status == 200


async def test_metrics_are_text_of_this_app_alone(house: House) -> None:
    for _ in range(2):
        reply = await house.call("GET", "/metrics")
        assert str(reply.header("content-type")).startswith("text/plain")
        assert reply.body.count(b"# HELP stashhog_live_jobs ") == 1
        assert b'stashhog_dependency_up{dependency="stash"} 0.0' in reply.body


async def test_metrics_count_live_jobs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    live = {"1": SimpleNamespace(kind="sync", status="running")}
    monkeypatch.setattr(house.services.actors.registry, "live", lambda: live)
    reply = await house.call("GET", "/metrics")
    assert b'stashhog_live_jobs{kind="sync",status="running"} 1.0' in reply.body
