"""How often a job at work tells the registry how far it has come."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from actors.jobs.context import JobContext, Surroundings
from actors.mailbox import Mailbox
from actors.messages import Reported, ToRegistry
from stashhog.core.config import Settings
from stashhog.domain.jobs import Job, JobKind, JobStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 10


@pytest.mark.parametrize("every_s", [0.2, 0.5, 2.0])
async def test_progress_is_told_as_often_as_asked_and_the_last_of_it_too(
    autojump_clock: trio.testing.MockClock, every_s: float
) -> None:
    registry = Mailbox[ToRegistry]("job registry")
    outside: Any = SimpleNamespace()
    around = Surroundings(
        outside,
        Settings,
        outside,
        registry,
        Mailbox("sync manager"),
        lambda: NOW,
        lambda: every_s,
    )
    context = JobContext(Job("job", JobKind.SYNC, JobStatus.RUNNING, {}, NOW), around)
    told: list[int] = []

    async def hear(message: ToRegistry) -> None:
        assert isinstance(message, Reported)
        told.append(message.progress.done)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(context.keep_telling)
        nursery.start_soon(registry.serve, hear)
        for done in range(SECONDS * 100):
            context.progress(done, None)
            await trio.sleep(0.01)
        await trio.sleep(every_s + 0.1)
        nursery.cancel_scope.cancel()
    assert told[-1] == SECONDS * 100 - 1
    assert told == sorted(told)
    assert SECONDS / every_s * 0.75 <= len(told) <= SECONDS / every_s + 2
