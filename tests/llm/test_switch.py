"""Proving a model's server, and going from one to another."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio

from stashhog.core.config import LoggingSettings, OpenAISettings
from stashhog.core.exceptions import (
    ModelAuthError,
    ModelUnavailableError,
    OpenAIError,
)
from stashhog.core.logging import configure_logging
from stashhog.llm import ModelSwitch
from stashhog.ports.model import Exchange, ModelLimits
from tests.fakes.model import (
    Answer,
    FakeModel,
    completion,
    error,
    knows_no,
    raw,
    serve_fake_model,
)
from tests.llm.questions import KEY, QUESTION, settings

# --- the check ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (completion("ok"), "small-2026-01-01"),
        (completion(None, finish_reason="length"), "small"),
        (completion(None, refusal="no"), "small"),
        (knows_no("max_tokens", completion("ok")), "small-2026-01-01"),
    ],
)
async def test_a_check_proves_that_the_model_is_there(
    server: FakeModel, switch: ModelSwitch, answer: Answer, name: str
) -> None:
    server.answer = answer
    assert await switch.check() == name
    assert switch.state.status == "ok"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error(401), "model_unauthorized"),
        (error(400, "nothing works"), "model_error"),
        (raw(200, b"hello"), "bad_answer"),
        (error(502), "model_unavailable"),
    ],
)
async def test_a_check_says_what_is_wrong(
    server: FakeModel, switch: ModelSwitch, answer: Answer, code: str
) -> None:
    server.answer = answer
    with pytest.raises(OpenAIError) as caught:
        await switch.check()
    assert caught.value.public_code == code


# --- the switch ---------------------------------------------------------------------------------


async def test_a_model_that_is_off_asks_nobody(server: FakeModel) -> None:
    switch = ModelSwitch()
    for off in (None, settings(server, enabled=False)):
        if off is not None:
            await switch.configure(off)
        with pytest.raises(OpenAIError) as caught:
            await switch.ask(QUESTION)
        assert caught.value.public_code == "model_off"
        assert switch.state.status == "unset"
    assert server.seen == []


async def test_nothing_is_known_of_a_server_that_was_not_asked(switch: ModelSwitch) -> None:
    assert switch.state.status == "unknown"
    assert switch.state.since is None


async def test_a_new_server_takes_over_while_old_requests_end_where_they_began(
    server: FakeModel, switch: ModelSwitch
) -> None:
    released = trio.Event()

    class Slow(FakeModel):
        async def _say(self, *args: Any) -> None:
            await released.wait()
            await super()._say(*args)

    async with serve_fake_model(Slow()) as slow, trio.open_nursery() as nursery:
        await switch.configure(settings(slow, model="old"))
        replies: list[str] = []

        async def ask() -> None:
            replies.append((await switch.ask(QUESTION)).model)

        nursery.start_soon(ask)
        await slow.asked.wait()
        await switch.configure(settings(server, model="new"))
        assert (await switch.ask(QUESTION)).model == "new-2026-01-01"
        released.set()
    assert replies == ["old-2026-01-01"]


async def test_what_still_waits_at_its_gate_goes_to_the_new_server(
    server: FakeModel, switch: ModelSwitch
) -> None:
    waits, opened = trio.Event(), trio.Event()

    @asynccontextmanager
    async def gate() -> AsyncIterator[Exchange]:
        waits.set()
        await opened.wait()
        yield Exchange()

    async with serve_fake_model(FakeModel()) as old, trio.open_nursery() as nursery:
        await switch.configure(settings(old, model="old"))
        replies: list[str] = []

        async def ask() -> None:
            replies.append((await switch.ask(QUESTION, gate)).model)

        nursery.start_soon(ask)
        await waits.wait()
        await switch.configure(settings(server, model="new"))
        opened.set()
    assert replies == ["new-2026-01-01"]
    assert old.seen == []


async def test_a_gate_is_left_with_the_whole_answer_and_what_it_says_of_limits(
    server: FakeModel, switch: ModelSwitch
) -> None:
    noted: list[object] = []

    @asynccontextmanager
    async def gate() -> AsyncIterator[Exchange]:
        exchange = Exchange()
        noted.append(len(server.seen))
        yield exchange
        noted.append(exchange.limits)

    server.script.append(error(429, retry_after_ms="250", x_ratelimit_remaining_requests="0"))
    with pytest.raises(ModelUnavailableError):
        await switch.ask(QUESTION, gate)
    await switch.ask(QUESTION, gate)
    assert noted == [0, ModelLimits(remaining_requests=0, wait_seconds=0.25), 1, None]


async def test_a_name_that_leads_to_a_refused_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_args: Any) -> Any:
            return [(2, 1, 6, "", ("169.254.169.254", 80))]

        async def getnameinfo(self, *_args: Any) -> Any:
            raise OSError

    before = trio.socket.set_custom_hostname_resolver(Resolver())
    try:
        switch = ModelSwitch()
        await switch.configure(OpenAISettings(base_url="http://innocent.example/v1"))
        with pytest.raises(OpenAIError, match="refused"):
            await switch.ask(QUESTION)
        await switch.aclose()
    finally:
        trio.socket.set_custom_hostname_resolver(before)


def test_heavy_libraries_are_not_loaded_before_a_model_is_set() -> None:
    code = "import sys, stashhog.llm; print({'openai', 'httpx2', 'genai_prices'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


async def test_a_key_that_the_server_repeats_is_not_logged(
    server: FakeModel, switch: ModelSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    stream = io.StringIO()
    configure_logging(LoggingSettings(level="debug"), stream)
    try:
        server.script.append(error(401, f"Incorrect API key provided: {KEY}"))
        with pytest.raises(ModelAuthError):
            await switch.ask(QUESTION)
    finally:
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
    assert "Incorrect API key provided" in stream.getvalue()
    assert KEY not in stream.getvalue()
    assert QUESTION.user not in stream.getvalue()
