"""Waiting for what a job depends on: the one place that decides what is worth waiting for.

Rules:
- Only what was surely not executed is tried again here; an unknown outcome never is.
- A question to Stash makes way for Stash's own work first, see `courtesy`.
- What answers and is no Stash is most often a proxy before it: worth waiting for, too.
- A wait is visible (`waiting` on the job), ends at once on a cancel, and looks again at least
  every `LONGEST_PAUSE_S` seconds, so that a job goes on soon after its dependency is back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

import trio

from actors.jobs.context import JobContext
from actors.jobs.courtesy import make_way
from stashhog.core.exceptions import (
    BusyError,
    DiskFullError,
    ModelUnavailableError,
    StashBusyError,
    StashConnectionError,
    StashHogException,
    StashProtocolError,
    StorageError,
)

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5
"""How often one write is sent to Stash at the most; the adapter never sends one twice."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
STORAGE_PAUSE_S = 3.0

LONGEST_ASKED_S = 25.0
"""How long a `Retry-After` is heeded at the most."""

OURS = (DiskFullError, BusyError)
"""Our own storage: it is waited for as long as it takes."""
UNSAVED = (StorageError, BusyError)
"""Whatever may keep a write of ours from the disk; nothing of it was kept."""
WORTH_WAITING = (
    StashConnectionError,
    StashBusyError,
    StashProtocolError,
    ModelUnavailableError,
    *OURS,
)
WAITING_CODES = {
    StashConnectionError: "stash_unavailable",
    StashBusyError: "stash_unavailable",
    StashProtocolError: "stash_unavailable",
    ModelUnavailableError: "model_unavailable",
    DiskFullError: "disk_full",
    BusyError: "busy",
}


async def patiently(
    ctx: JobContext, ask: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a dependency, and while it is away wait for it, visibly.

    Raises:
        StashHogException: what the call raised, where waiting does not help or the job's kind has
            a limit (`ctx.patience_s`) that passed.
    """
    if getattr(ask, "__self__", None) is ctx.ports.stash:
        await make_way(ctx)
    try:
        return await ask(*args, **kwargs)
    except WORTH_WAITING as error:
        return await _wait_and_ask(ctx, error, lambda: ask(*args, **kwargs))


async def firmly(
    ctx: JobContext, write: Callable[P, Awaitable[None]], /, *args: P.args, **kwargs: P.kwargs
) -> None:
    """Commit also while the job is cancelled; a disk that is full is waited for in the open."""
    try:
        with ctx.finishing():
            await write(*args, **kwargs)
    except UNSAVED:
        await patiently(ctx, write, *args, **kwargs)


async def _wait_and_ask(
    ctx: JobContext, error: StashHogException, ask: Callable[[], Awaitable[T]]
) -> T:
    gives_up_at = trio.current_time() + ctx.patience_s
    pause = FIRST_PAUSE_S
    told = ctx.log_seldom("warning", f"waiting: {error.detail}")
    while True:
        ours = isinstance(error, OURS)
        seconds = STORAGE_PAUSE_S if ours else max(pause, asked_pause(error))
        if not ours and trio.current_time() + seconds > gives_up_at:
            raise error
        with ctx.waiting(_code(error), ctx.now() + timedelta(seconds=seconds)):
            await trio.sleep(seconds)
            try:
                answer = await ask()
            except WORTH_WAITING as again:
                error = again
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
        if told:
            ctx.log("info", "going on")
        return answer


def asked_pause(error: Exception) -> float:
    """How long Stash itself asks to be left alone."""
    asked = error.retry_after_seconds if isinstance(error, StashBusyError) else 0.0
    return min(asked, LONGEST_ASKED_S)


def pause_before(attempt: int) -> float:
    """How long to wait before a write is sent again; `attempt` counts from 0."""
    return 0.05 * float(2**attempt) if attempt else 0.0


def _code(error: StashHogException) -> str:
    return next(code for kind, code in WAITING_CODES.items() if isinstance(error, kind))
