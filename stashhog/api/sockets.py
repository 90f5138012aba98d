"""The frame around every WebSocket handler: one sends, one hears, and both end together.

Rules:
- A socket that only sends must hear as well: else the client's close is never seen, and the
  handler stays for ever (quart-trio hands on at most ten messages).
- Codes: 1000 all was said · 1008 the client did not keep to the rules · 1011 an error of ours (the
  error boundary) · 1012 the service stops · 4401 the right to be here ended.
- A slow reader holds up its own `frames` only; who makes them must not wait for it.
- Liveness is the connection's business (`stashhog.api.server`: keep-alive probes, pings with a
  reply deadline): frames of the contract have no heartbeat that a client would have to answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import trio
from quart import websocket

from actors.watching import Frame
from stashhog.api.contract import dump_json
from stashhog.api.dependencies import get_current_user, get_doors, get_services

NORMAL = 1000
POLICY = 1008
RESTART = 1012
SIGNED_OUT = 4401

Hear = Callable[[Mapping[str, Any]], Awaitable[bool]]

_MAX_MISUNDERSTOOD = 3
_MESSAGES_A_SECOND = 10.0
_BURST = 30.0


async def converse(
    frames: AsyncIterable[Mapping[str, Any] | str | bytes], hear: Hear | None = None
) -> None:
    """Accept the socket, send all frames, and hear what the client says meanwhile.

    Whatever has to be refused (404, …) is raised before this is called. Returns when the socket
    is closed; cancellation (the client went away) ends both halves.

    Args:
        frames: What to send: JSON objects, or ready text. Its end closes with 1000.
        hear: Gets each JSON object that comes in; returns whether it was understood.
    """
    services = get_services()
    with get_doors().socket_open(get_current_user()) as ended:
        await websocket.accept()
        talk = _Talk(frames, hear)
        async with trio.open_nursery() as nursery:
            talk.scope = nursery.cancel_scope
            nursery.start_soon(talk.speak)
            nursery.start_soon(talk.listen)
            nursery.start_soon(talk.end_on, services.closing, RESTART)
            nursery.start_soon(talk.end_on, ended, SIGNED_OUT)
        # A write that the service's end has overtaken is cut with its frame whole: the server
        # sends under a shield.
        await websocket.close(talk.code, talk.reason)


@asynccontextmanager
async def _closed_after(frames: object) -> AsyncGenerator[None]:
    """Close a generator of frames here and now, not when the collector finds it."""
    try:
        yield
    finally:
        if isinstance(frames, AsyncGenerator):
            await frames.aclose()


class _Talk:
    def __init__(
        self, frames: AsyncIterable[Mapping[str, Any] | str | bytes], hear: Hear | None
    ) -> None:
        self.frames = frames
        self.hear = hear
        self.scope = trio.CancelScope()
        self.code = NORMAL
        self.reason = ""

    def end(self, code: int, reason: str) -> None:
        if not self.scope.cancel_called:
            self.code, self.reason = code, reason
            self.scope.cancel()

    async def speak(self) -> None:
        async with _closed_after(self.frames):
            async for frame in self.frames:
                await websocket.send(frame if isinstance(frame, str) else _text(frame))
                await trio.lowlevel.checkpoint()  # a send to who has gone returns at once
        self.end(NORMAL, "")

    async def end_on(self, event: trio.Event, code: int) -> None:
        await event.wait()
        self.end(code, "the service restarts" if code == RESTART else "signed out")

    async def listen(self) -> None:
        allowance, last, misunderstood = _BURST, trio.current_time(), 0
        while True:
            message = await websocket.receive()
            now = trio.current_time()
            allowance = min(_BURST, allowance + (now - last) * _MESSAGES_A_SECOND) - 1
            last = now
            if allowance < 0:
                self.end(POLICY, "too many messages")
            elif not await self._understood(message):
                misunderstood += 1
                await websocket.send(_text(_NOT_UNDERSTOOD))
                if misunderstood >= _MAX_MISUNDERSTOOD:
                    self.end(POLICY, "three messages were not understood")

    async def _understood(self, message: str | bytes | None) -> bool:
        try:
            said = orjson.loads(message or b"")
        except orjson.JSONDecodeError:
            return False
        if self.hear is None or not isinstance(said, dict):
            return False
        return await self.hear(said)


_NOT_UNDERSTOOD = {
    "type": "error",
    "code": "not_understood",
    "detail": "this socket does not know such a message",
}


def _text(frame: Mapping[str, Any] | bytes) -> str:
    if isinstance(frame, Frame):
        return frame.text
    return (frame if isinstance(frame, bytes) else dump_json(frame)).decode()
