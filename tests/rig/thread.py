"""A trio world in a thread of its own, for what must live beside a blocking test."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import trio

from tests.rig.waiting import PATIENCE_S

T = TypeVar("T")


class TrioThread(ABC):
    """Runs `_serve` while the block lasts; `do` runs something in its thread."""

    def __init__(self) -> None:
        self._up = threading.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._thread = threading.Thread(target=trio.run, args=(self._run,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(PATIENCE_S), f"{type(self).__name__} did not come up"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.do(self._scope.cancel)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    async def _run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._serve)
                self._up.set()

    @abstractmethod
    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled; `task_status.started()` once it answers."""

    def do(self, act: Callable[..., T], *arguments: Any) -> T:
        """Run something in its thread."""
        return trio.from_thread.run_sync(act, *arguments, trio_token=self._token)
