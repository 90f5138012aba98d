"""Gives a sample Stash a port.

The server itself (Hypercorn) listens where nobody looks; in front of it each client's connection is
relayed byte by byte. So a fault can do to a connection what happens in life: refuse it, reset it,
or close it in the middle of a reply, which no ASGI application can.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import ASGIFramework

from stashhog.demo.backend import Link
from stashhog.demo.faults import Faults
from stashhog.demo.stash import SampleStash

_CHUNK_BYTES = 65_536
_BACKLOG = 128
_GRACE_SECONDS = 5
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Handler = Callable[[trio.SocketStream], Awaitable[None]]


async def serve_sample_stash(
    stash: SampleStash,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; the started value is the base URL, without a slash at its end.

    Cancelling closes all connections at once.

    Raises:
        OSError: the port is taken.
    """
    listener = await _listen(host, port)
    name, port = listener.socket.getsockname()[:2]
    shown = f"[{name}]" if ":" in name else name
    stop = trio.Event()
    async with listener, trio.open_nursery() as nursery:
        try:
            binds = await nursery.start(partial(_serve_inside, stash, stop))
            inside = int(binds[0].rsplit(":", 1)[-1])
            nursery.start_soon(stash.jobs.work)
            task_status.started(f"http://{shown}:{port}")
            await _accept(listener, stash.faults, partial(_relay, stash, inside), name, port)
        finally:
            stash.backend.stop()
            stop.set()


async def _serve_inside(
    stash: SampleStash,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run Hypercorn until `stop`, shielded: cancelled, it would leave its sockets open.

    By then all clients are gone, so that nothing keeps it.
    """
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = logging.getLogger(__name__)
    config.graceful_timeout = _GRACE_SECONDS
    config.include_date_header = False  # the sample Stash has a clock of its own
    app = cast("ASGIFramework", stash.app())
    with trio.CancelScope(shield=True):
        await serve(app, config, shutdown_trigger=stop.wait, task_status=task_status)


async def _listen(host: str, port: int) -> trio.SocketListener:
    return (await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG))[0]


async def _accept(
    listener: trio.SocketListener, faults: Faults, handler: Handler, host: str, port: int
) -> None:
    """Accept connections while that is wanted; else the port is closed, and all of them with it."""
    while True:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handler, [listener])
            await faults.wait(accepting=False)
            nursery.cancel_scope.cancel()
        await faults.wait(accepting=True)
        listener = await _listen(host, port)


async def _relay(stash: SampleStash, inside: int, client: trio.SocketStream) -> None:
    server = await trio.open_tcp_stream("127.0.0.1", inside)
    number = server.socket.getsockname()[1]
    links = stash.backend.links
    links[number] = Link(partial(_cut, client))
    try:
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(_pump, client, server)
            await _pump(server, client)
            nursery.cancel_scope.cancel()
    finally:
        del links[number]


async def _pump(source: trio.SocketStream, target: trio.SocketStream) -> None:
    """Pass bytes on; whoever breaks off, the other end sees an end."""
    try:
        while data := await source.receive_some(_CHUNK_BYTES):
            await target.send_all(data)
        await target.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


def _cut(client: trio.SocketStream, reset: bool) -> None:  # noqa: FBT001 - the one thing it is told
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    client.socket.close()
