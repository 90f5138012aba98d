"""Giving a sample Stash a port, and taking it away again."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from urllib.request import urlopen

import httpx
import pytest
import trio

from stashhog.demo import SampleLibrary, SampleStash, serve_sample_stash
from stashhog.demo.faults import black_hole, delay
from tests.demo.conftest import Talk


async def test_it_ends_at_once_though_clients_wait_for_answers() -> None:
    stash = SampleStash(SampleLibrary())
    stash.faults.add(delay(600), "version", times=None)
    stash.faults.add(black_hole(), "stats", times=None)
    async with trio.open_nursery() as clients:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(serve_sample_stash, stash)

            async def wait(query: str) -> None:
                async with httpx.AsyncClient(timeout=60) as http:
                    with pytest.raises(httpx.TransportError):
                        await http.post(url + "/graphql", json={"query": query})

            clients.start_soon(wait, "{version{version}}")
            clients.start_soon(wait, "{stats{scene_count}}")
            with trio.fail_after(30):
                while len(stash.asked) < 2:
                    await trio.lowlevel.checkpoint()
            before = trio.current_time()
            nursery.cancel_scope.cancel()
        assert trio.current_time() - before < 4
    assert not stash.backend.links


async def test_a_taken_port_is_an_os_error(talk: Talk) -> None:
    port = int(talk.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        await serve_sample_stash(SampleStash(SampleLibrary()), port=port)


async def test_two_stand_side_by_side() -> None:
    async with trio.open_nursery() as nursery:
        urls = [
            await nursery.start(serve_sample_stash, SampleStash(SampleLibrary())) for _ in range(2)
        ]
        async with httpx.AsyncClient() as http:
            answers = [(await http.get(url + "/healthz")).text for url in urls]
        nursery.cancel_scope.cancel()
    assert answers == [".", "."]
    assert urls[0] != urls[1]


async def test_a_client_that_sends_and_leaves_does_no_harm(talk: Talk) -> None:
    port = int(talk.url.rsplit(":", 1)[1])
    for _ in range(20):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Le")
        await stream.aclose()
    assert (await talk.post("{version{version}}")).status_code == 200


async def test_by_itself_it_prints_its_address_and_answers() -> None:
    command = [sys.executable, "-m", "stashhog.demo", "--scenes", "3", "--zone", "Asia/Kolkata"]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        with trio.fail_after(20):
            url = (await process.stdout.receive_some()).decode().strip()
        health = await trio.to_thread.run_sync(partial(urlopen, url + "/healthz"))
        with health:
            assert health.read() == b"."
    finally:
        process.terminate()
        await process.wait()
        await process.stdout.aclose()
