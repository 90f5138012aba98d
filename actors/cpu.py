"""CPU work in a thread, on the process's one CPU slot."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import trio

T = TypeVar("T")
Checkpoint = Callable[[], None]


class CpuCancelledError(Exception):
    """Raised by the checkpoint inside CPU work whose caller was cancelled."""


class Cpu(Protocol):
    """Runs CPU work in a thread."""

    def __call__(self, work: Callable[[Checkpoint], T], /) -> Awaitable[T]:
        """Run it."""
        ...


async def on_cpu(work: Callable[[Checkpoint], T], slot: trio.CapacityLimiter) -> T:
    """Run CPU work in a thread on a slot.

    `work` gets a function to call every few milliseconds. When the caller is cancelled this returns
    at once and that function raises inside the thread, which keeps the slot until it ends; its
    result is thrown away.
    """
    cancelled = threading.Event()

    def checkpoint() -> None:
        if cancelled.is_set():
            raise CpuCancelledError

    try:
        return await trio.to_thread.run_sync(work, checkpoint, abandon_on_cancel=True, limiter=slot)
    finally:
        cancelled.set()
