"""Hooks of Stash over HTTP: who may send one, and what is passed on."""

from __future__ import annotations

from typing import Any

import pytest

from stashhog.domain.events import EntityHook, OtherHook, SceneHook
from tests.api.conftest import KEY, House, OpenHouse, Reply

SECRET = "CANARY-hook-51c9"


async def post(house: House, body: Any, secret: str | None = SECRET) -> Reply:
    headers = {"X-StashHog-Hook-Secret": secret}
    return await house.call("POST", "/api/hooks/stash", json=body, headers=headers)


def passed_on(house: House) -> list[Any]:
    manager: Any = house.services.actors.sync_manager
    return list(manager.hooks)


async def test_without_a_secret_in_the_settings_it_is_closed_to_strangers(locked: House) -> None:
    for secret in (None, "", SECRET):
        reply = await post(locked, {"id": 1, "type": "Scene.Update.Post"}, secret)
        assert (reply.status, reply.json["code"]) == (401, "unauthorized")
    owner = await locked.call("POST", "/api/hooks/stash", json={}, headers={"x-api-key": KEY})
    assert (owner.status, owner.json["code"]) == (404, "not_found")


async def test_without_a_secret_in_the_settings_there_is_no_such_route(house: House) -> None:
    for secret in (None, "", SECRET):
        for body in ({"id": 1, "type": "Scene.Update.Post"}, {"nonsense": 1}):
            reply = await post(house, body, secret)
            assert (reply.status, reply.json["code"]) == (404, "not_found")
    assert passed_on(house) == []


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " x", SECRET.upper(), "\xe9"])
async def test_a_wrong_secret_is_refused(open_house: OpenHouse, secret: str | None) -> None:
    async with open_house({"security": {"hook_secret": SECRET}}) as house:
        for body in ({"id": 1, "type": "Scene.Update.Post"}, {"nonsense": 1}, []):
            reply = await post(house, body, secret)
            assert (reply.status, reply.json["code"]) == (401, "unauthorized")
            assert SECRET.encode() not in reply.body
        assert passed_on(house) == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"id": 45, "type": "Scene.Update.Post", "fields": ["title"]}, [SceneHook("45")]),
        ({"id": "45", "type": "Scene.Destroy.Post", "fields": None}, [SceneHook("45")]),
        ({"id": 4, "type": "Tag.Create.Post"}, [EntityHook("tag", "4", "create")]),
        ({"id": 4, "type": "Tag.Merge.Post"}, [OtherHook("Tag.Merge.Post")]),
        ({"type": "Scene.Update.Post"}, [OtherHook("Scene.Update.Post")]),
        ({"id": -1, "type": "Scene.Update.Post"}, [OtherHook("Scene.Update.Post")]),
        ({"id": 4, "type": "Image.Update.Post"}, []),
    ],
)
async def test_a_hook_is_answered_at_once_and_passed_on_where_it_concerns_us(
    open_house: OpenHouse, body: dict[str, Any], wanted: list[Any]
) -> None:
    async with open_house({"security": {"hook_secret": SECRET, "api_key": "k"}}) as house:
        reply = await post(house, body)
        assert reply.status == 202
        assert passed_on(house) == wanted


async def test_a_hook_that_says_something_else_is_refused(open_house: OpenHouse) -> None:
    async with open_house({"security": {"hook_secret": SECRET}}) as house:
        for body in ({}, {"type": 5}, {"type": "x" * 101}, {"type": "x", "more": 1}):
            assert (await post(house, body)).status == 422
        assert passed_on(house) == []
