"""Schedules over HTTP: off at first, changed whole or not at all, kept over a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import House, OpenHouse, Reply


async def put(house: House, **tree: Any) -> Reply:
    return await house.call("PUT", "/api/schedules", json=tree)


async def shown(house: House) -> dict[str, Any]:
    reply = await house.call("GET", "/api/schedules")
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


def code(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["code"]


async def test_on_a_new_installation_all_are_off(house: House) -> None:
    schedules = await shown(house)
    assert set(schedules) == {"sync", "analysis"}
    assert set(schedules["sync"]) == {"incremental", "full"}
    each = [*schedules["sync"].values(), schedules["analysis"]]
    assert [one["enabled"] for one in each] == [False] * 3
    assert [(one["next_run_at"], one["last_job_id"]) for one in each] == [(None, None)] * 3
    assert schedules["analysis"]["filter"] == {"analyzed": False}
    assert schedules["analysis"]["options"] == {"use_llm": "never"}


async def test_a_change_is_answered_told_to_the_actors_and_kept(open_house: OpenHouse) -> None:
    async with open_house() as house:
        before = datetime.now(UTC)
        reply = await put(
            house,
            sync={"incremental": {"enabled": True, "every_s": 3600}},
            analysis={
                "enabled": True,
                "cron": "30 2 * * *",
                "timezone": "Asia/Kolkata",
                "filter": {"missing": ["studio"]},
                "options": {"min_confidence": 0.8},
            },
        )
        assert reply.status == 200
        assert reply.json == await shown(house)
        told = house.services.actors.schedules.told  # type: ignore[attr-defined]  # a stand-in's
        assert told == 1
    async with open_house() as house:
        assert await shown(house) == reply.json
    incremental, analysis = reply.json["sync"]["incremental"], reply.json["analysis"]
    assert (incremental["every_s"], incremental["cron"]) == (3600, None)
    due = datetime.fromisoformat(incremental["next_run_at"])
    assert timedelta(0) <= due - before - timedelta(hours=1) < timedelta(minutes=2)
    assert (analysis["cron"], analysis["every_s"]) == ("30 2 * * *", None)
    night = datetime.fromisoformat(analysis["next_run_at"])
    assert (night.hour, night.minute) == (21, 0)
    assert analysis["filter"] == {"missing": ["studio"]}
    assert analysis["options"] == {"use_llm": "never", "min_confidence": 0.8}


async def test_everything_that_is_shown_can_be_sent_back(house: House) -> None:
    await put(house, sync={"full": {"enabled": True}}, analysis={"enabled": True})
    schedules = await shown(house)
    reply = await put(house, **schedules)
    assert reply.status == 200
    assert reply.json == schedules


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        ({"sync": {"full": {"cron": "61 * * * *"}}}, "bad_cron"),
        ({"sync": {"full": {"cron": "0 0 31 2 *"}}}, "bad_cron"),
        ({"sync": {"full": {"timezone": "Mars/Base"}}}, "bad_timezone"),
        ({"sync": {"full": {"every_s": 0}}}, "invalid"),
        ({"sync": {"full": {"every_s": -1}}}, "invalid"),
        ({"sync": {"full": {"every_s": "60"}}}, "invalid"),
        ({"sync": {"full": {"every_s": 10**15}}}, "invalid"),
        ({"sync": {"full": {"enabled": None}}}, "invalid"),
        ({"sync": {"full": {"cron": "0 4 * * *", "every_s": 60}}}, "bad_timing"),
        ({"sync": {"full": {"enabled": True, "cron": None, "every_s": None}}}, "no_timing"),
        ({"sync": {"full": {"filter": {"all": True}}}}, "invalid"),
        ({"sync": {"enabled": True}}, "invalid"),
        ({"apply": {"enabled": True}}, "invalid"),
        ({"analysis": {"filter": {}}}, "empty_selection"),
        ({"analysis": {"filter": {"colour": "red"}}}, "invalid"),
        ({"analysis": {"options": {"use_llm": "sometimes"}}}, "invalid"),
    ],
)
async def test_what_cannot_be_used_changes_nothing_at_all(
    house: House, tree: dict[str, Any], wanted: str
) -> None:
    before = await shown(house)
    good = {"incremental": {"enabled": True, "every_s": 60}}
    sync = tree.pop("sync", {})
    reply = await put(house, sync={**good, **sync}, **tree)
    assert code(reply) == (422, wanted)
    assert await shown(house) == before


async def test_a_cap_in_money_needs_a_known_price_here_too(open_house: OpenHouse) -> None:
    openai = {"base_url": "http://127.0.0.1:9/v1", "model": "homemade", "api_key": "k"}
    async with open_house({"openai": openai}) as house:
        capped = {"max_cost_usd": 1.0}
        assert (await put(house, analysis={"options": capped})).status == 200
        reply = await put(house, analysis={"options": {**capped, "use_llm": "auto"}})
        assert code(reply) == (422, "price_unknown")
