"""What a proxy before a Stash counts, and that it changes nothing on its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx
import pytest
import trio
from trio_websocket import open_websocket_url

from stashhog.demo.faults import html, lost_reply
from tests.demo.conftest import Talk
from tests.rig.proxy import Proxy

BULK = "mutation($input:BulkSceneUpdateInput!){bulkSceneUpdate(input:$input){id title}}"


@pytest.fixture
async def proxy(talk: Talk) -> AsyncGenerator[Proxy]:
    """A proxy before the sample Stash; `talk` goes through it."""
    proxy = Proxy(talk.url)
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy._serve)
        talk.url = proxy.url
        yield proxy
        nursery.cancel_scope.cancel()


async def test_an_answer_passes_as_it_is_compressed_ones_too(talk: Talk, proxy: Proxy) -> None:
    query = '{findScenes(filter:{sort:"id",per_page:-1}){scenes{id title files{path}}}}'
    through = await talk.post(query)
    talk.url = proxy.upstream
    direct = await talk.post(query)
    assert through.headers["content-encoding"] == direct.headers["content-encoding"] == "gzip"
    assert through.json() == direct.json()
    picture = await talk.http.get(f"{proxy.url}/scene/1/screenshot")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


async def test_what_was_executed_is_counted_whatever_the_client_saw(
    talk: Talk, proxy: Proxy
) -> None:
    given = {"ids": ["1", "2"], "title": "New"}
    assert (await talk.ask(BULK, input=given))["bulkSceneUpdate"][0]["title"] == "New"
    proxy.faults.add(html(), "mutation")
    await talk.post(BULK, input=given)
    proxy.faults.add(lost_reply(), "mutation")
    with pytest.raises(httpx.TransportError):
        await talk.post(BULK, input={"ids": ["3"], "title": "Kept"})
    await talk.post(BULK, input={"ids": ["999"], "title": "Nobody"})
    assert [each.scene_ids for each in proxy.mutations] == [("1", "2"), ("3",)]
    assert [each.error for each in proxy.refused] == ["sql: no rows in result set"]
    assert talk.stash.state.scenes[3].title == "Kept"
    assert [each.status for each in proxy.passed] == [200, None, 200, 200]


async def test_a_socket_passes_through(talk: Talk, proxy: Proxy) -> None:
    url = proxy.url.replace("http", "ws") + "/graphql"
    async with open_websocket_url(url, subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send_message('{"type":"connection_init"}')
        assert "connection_ack" in await socket.get_message()
        await socket.send_message('{"type":"ping"}')
        assert "pong" in await socket.get_message()
