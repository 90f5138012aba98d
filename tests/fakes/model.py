"""A stand-in for a model's server: OpenAI's chat completions over a real socket, with faults.

`FakeModel.script` holds what the next requests get; afterwards every request gets `answer`.
"""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import trio
from hypercorn.config import Config
from hypercorn.trio import serve

DEFAULT_TEXT = '{"answer": "ok"}'


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One response: `hang` never answers, `cut` breaks off in the middle of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    fault: Literal["hang", "cut"] | None = None


Answer = Callable[[Seen], Said]


def completion(
    content: Any = DEFAULT_TEXT,
    *,
    finish_reason: Any = "stop",
    refusal: str | None = None,
    usage: Any = ...,
    **more: Any,
) -> Answer:
    """Answer with a completion; `usage` may be anything, None leaves it out."""

    def answer(seen: Seen) -> Said:
        message = {"role": "assistant", "content": content, "refusal": refusal}
        data: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": f"{seen.body.get('model')}-2026-01-01",
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        }
        if usage is not None:
            counts = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
            counts_cached = {**counts, "prompt_tokens_details": {"cached_tokens": 100}}
            data["usage"] = counts_cached if usage is ... else usage
        return Said(
            body=json.dumps({**data, **more}).encode(),
            headers={"content-type": "application/json", "x-request-id": "req-1"},
        )

    return answer


def error(status: int, message: str = "no", *, code: str | None = None, **headers: str) -> Answer:
    """Answer with an error in OpenAI's shape; header names are written with underscores."""
    body = json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(status, body, **{"content-type": "application/json", **named})


def raw(status: int, body: bytes, **headers: str) -> Answer:
    """Answer with exactly this."""
    return lambda _seen: Said(status, body, headers)


def redirect(to: str) -> Answer:
    """Send the client to another address."""
    return raw(307, b"", location=to)


def zipped() -> Answer:
    """Answer packed, though nobody asked for that."""
    packed = gzip.compress(b" " * 10_000_000)
    return raw(200, packed, **{"content-type": "application/json", "content-encoding": "gzip"})


def hang(_seen: Seen) -> Said:
    """Take the request and never answer."""
    return Said(fault="hang")


def cut(_seen: Seen) -> Said:
    """Break the connection off in the middle of the body."""
    return Said(body=b'{"id": "chatcm', fault="cut")


def knows_no(word: str, otherwise: Answer | None = None) -> Answer:
    """Refuse with a 400 where a word stands in the request's parameters, as small servers do."""

    def answer(seen: Seen) -> Said:
        said = {name: value for name, value in seen.body.items() if name != "messages"}
        if word in json.dumps(said):
            return error(400, f"Unsupported parameter: {word}")(seen)
        return (otherwise or completion())(seen)

    return answer


class FakeModel:
    """The server; `seen` are the requests so far, `gone` is set when a client hung up on one.

    It answers `latency_s` after a request came in; `most_at_once` is how many requests it ever had
    at a time. Where `forward` is set, that answers in its place.
    """

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.answer: Answer = completion()
        self.seen: list[Seen] = []
        self.asked = trio.Event()
        self.gone = trio.Event()
        self.url = ""
        self.latency_s = 0.0
        self.forward: Callable[[Seen], Awaitable[Said]] | None = None
        self.most_at_once = 0
        self._at_once = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in ("startup", "shutdown"):
                await send({"type": f"{(await receive())['type']}.complete"})
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        due = trio.current_time() + self.latency_s
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen = Seen(scope["method"], scope["path"], headers, json.loads(body) if body else {})
        self.seen.append(seen)
        self.asked.set()
        if self.forward is not None:
            await self._say(await self.forward(seen), receive, send)
            return
        said = (self.script.popleft() if self.script else self.answer)(seen)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await trio.sleep_until(due)
        finally:
            self._at_once -= 1
        await self._say(said, receive, send)

    async def _say(self, said: Said, receive: Any, send: Any) -> None:
        if said.fault == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone.set()
            return
        length = len(said.body) + (1000 if said.fault == "cut" else 0)
        headers = [(name.encode(), value.encode()) for name, value in said.headers.items()]
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": said.status, "headers": headers})
        whole = said.fault is None
        await send({"type": "http.response.body", "body": said.body, "more_body": not whole})


@asynccontextmanager
async def serve_fake_model(model: FakeModel) -> AsyncIterator[FakeModel]:
    """Serve on a free loopback port; `model.url` is the address with its `/v1`."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = None
    config.errorlog = None
    config.graceful_timeout = 0.1
    async with trio.open_nursery() as nursery:
        urls: list[str] = await nursery.start(serve, model, config)
        model.url = f"{urls[0]}/v1"
        yield model
        nursery.cancel_scope.cancel()
