"""What a client sees of each fault, and what happened behind it: of the sample Stash's own faults,
and of the same ones in a proxy before it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest
import trio
import trio.testing

from stashhog.demo.faults import (
    Fault,
    Faults,
    black_hole,
    cut,
    delay,
    edited,
    graphql_error,
    html,
    http_error,
    locked,
    login_redirect,
    lost_reply,
    overtaken,
    reset,
    slow_hook,
    stall,
    unauthorized,
)
from tests.demo.conftest import Talk
from tests.rig.proxy import Proxy


@pytest.fixture(params=["sample", "proxy"])
async def talk(talk: Talk, request: pytest.FixtureRequest) -> AsyncGenerator[Talk]:
    """The sample Stash, spoken to directly or through a proxy that has the faults."""
    if request.param == "sample":
        yield talk
        return
    proxy = Proxy(talk.url)
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy._serve)
        yield Talk(talk.stash, proxy.url, talk.http, proxy.faults)
        nursery.cancel_scope.cancel()


UPDATE = "mutation($i:SceneUpdateInput!){sceneUpdate(input:$i){id}}"


async def _update(talk: Talk) -> httpx.Response:
    return await talk.post(UPDATE, i={"id": "1", "details": "written"})


def _written(talk: Talk) -> bool:
    assert len(talk.stash.state.mutations) == (talk.stash.state.scenes[1].details == "written")
    return bool(talk.stash.state.mutations)


@pytest.mark.parametrize(
    ("fault", "seen", "executed"),
    [
        (reset(), httpx.ReadError, False),
        (lost_reply(), httpx.ReadError, True),
        (Fault(end="close"), httpx.RemoteProtocolError, True),
        (cut(), httpx.RemoteProtocolError, True),
    ],
)
async def test_a_broken_connection_may_or_may_not_have_been_executed(
    talk: Talk, fault: Fault, seen: type[Exception], executed: int
) -> None:
    talk.faults.add(fault, "sceneUpdate")
    with pytest.raises(seen):
        await _update(talk)
    assert _written(talk) is bool(executed)
    assert (await _update(talk)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "executed"),
    [(black_hole(), False), (black_hole(execute=True), True), (stall(), True)],
)
async def test_a_hanging_connection_lets_the_client_wait(
    talk: Talk, fault: Fault, executed: int
) -> None:
    talk.faults.add(fault, "mutation")
    with trio.move_on_after(0.3) as scope:
        await _update(talk)
    assert scope.cancelled_caught
    assert _written(talk) is bool(executed)


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        (http_error(503), 503, None),
        (http_error(429, retry_after=7), 429, ("retry-after", "7")),
        (unauthorized(), 401, ("www-authenticate", "FormBased")),
        (login_redirect(), 302, ("location", "/login?returnURL=%2Fgraphql")),
        (html(), 200, ("content-type", "text/html; charset=utf-8")),
    ],
)
async def test_another_answer_comes_instead(
    talk: Talk, fault: Fault, status: int, header: tuple[str, str] | None
) -> None:
    talk.faults.add(fault, "sceneUpdate")
    response = await _update(talk)
    assert response.status_code == status
    if header is not None:
        assert response.headers[header[0]] == header[1]
    assert not _written(talk)


async def test_errors_come_in_a_proper_envelope(talk: Talk) -> None:
    talk.faults.add(locked(), "sceneUpdate")
    talk.faults.add(graphql_error("odd", execute=True), "sceneUpdate")
    response = await _update(talk)
    answer = {"errors": [{"message": "database is locked"}], "data": None}
    assert (response.status_code, response.json()) == (200, answer)
    assert not _written(talk)
    assert (await _update(talk)).json()["errors"] == [{"message": "odd"}]
    assert _written(talk)


async def test_an_answer_may_be_edited_on_its_way(talk: Talk) -> None:
    def spoil(answer: Any) -> None:
        answer["data"]["findScene"]["title"] = "half a pair: \ud83d"

    talk.faults.add(edited(spoil), "findScene")
    response = await talk.post("{findScene(id:1){title}}")
    assert response.content.endswith(b'half a pair: \\ud83d"}}}')


async def test_a_late_answer_was_executed_before_or_after_the_wait(talk: Talk) -> None:
    for fault, at_once in ((slow_hook(60), True), (delay(60), False)):
        talk.faults.add(fault, "sceneUpdate")
        talk.stash.state.scenes[1].details = ""
        talk.stash.state.mutations.clear()
        with trio.move_on_after(0.3):
            await _update(talk)
        assert _written(talk) is at_once


async def test_somebody_else_may_be_faster(talk: Talk) -> None:
    rows = talk.stash.state.scenes

    def overtake(variables: Mapping[str, Any]) -> None:
        rows[int(variables["i"]["id"])].title = "Mine"

    talk.faults.add(overtaken(overtake), "sceneUpdate")
    assert (await _update(talk)).status_code == 200
    assert (rows[1].title, rows[1].details) == ("Mine", "written")


async def test_a_delayed_request_is_executed_though_its_client_has_gone(talk: Talk) -> None:
    talk.faults.add(delay(0.2), "sceneUpdate")
    with trio.move_on_after(0.05):
        await _update(talk)
    with trio.fail_after(30):
        while not _written(talk):
            await trio.lowlevel.checkpoint()


async def test_while_refusing_nobody_connects_and_everybody_is_dropped(talk: Talk) -> None:
    assert (await talk.post("{version{version}}")).status_code == 200
    talk.faults.refuse()
    await trio.testing.wait_all_tasks_blocked(0.01)
    with pytest.raises(httpx.TransportError):
        await talk.post("{version{version}}")
    with pytest.raises(httpx.ConnectError):
        await talk.post("{version{version}}")
    talk.faults.accept()
    with trio.fail_after(30):
        while True:
            try:
                response = await talk.post("{version{version}}")
            except httpx.ConnectError:
                continue
            break
    assert response.status_code == 200


async def test_pictures_and_sockets_have_faults_of_their_own(talk: Talk) -> None:
    talk.faults.add(http_error(500), "screenshot")
    talk.faults.add(http_error(502), "websocket")
    assert (await talk.post("{version{version}}")).status_code == 200
    assert (await talk.http.get(talk.url + "/scene/1/screenshot")).status_code == 500
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2FtcGxlIHN0YXNoIGtleQ==",
    }
    assert (await talk.http.get(talk.url + "/graphql", headers=headers)).status_code == 502


def test_a_rule_strikes_those_it_is_for_as_often_as_it_says() -> None:
    faults = Faults()
    rule = faults.add(reset(), "findScenes", times=2, skip=1)
    names = [{"version"}, {"findScenes"}, {"findScenes", "query"}, {"findScenes"}, {"findScenes"}]
    assert [faults.choose(asked) is not None for asked in names] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert rule.hits == 2


def test_a_rule_without_an_end_strikes_until_cleared() -> None:
    faults = Faults()
    faults.add(reset(), times=None)
    assert all(faults.choose({"anything"}) for _ in range(50))
    faults.clear()
    assert faults.choose({"anything"}) is None


def test_chance_is_the_same_for_the_same_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(reset(), times=None, chance=0.2)
        return [faults.choose({"x"}) is not None for _ in range(1000)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 150 < sum(strikes(1)) < 250
