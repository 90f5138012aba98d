"""`python -m tests.bench.heart FILE COMMAND…`: `stashhog COMMAND…` with a pulse on its event loop.

A task that wants to wake every 2 ms notes how late it did, in seconds. The wait for the
interpreter's lock, for the processor and for every other task is all in it. FILE gets each beat as
two float64: the wall clock, and how late it was.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import trio

BEAT_S = 0.002


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the beats of a while were, in milliseconds."""

    beats: int
    p50: float
    p99: float
    most: float

    @classmethod
    def between(cls, file: Path, began: float, ended: float) -> Self:
        """The beats of `file` between two instants of `time.time()`."""
        noted = array("d", file.read_bytes())
        late = sorted(
            delay
            for at, delay in zip(noted[::2], noted[1::2], strict=True)
            if began <= at - delay and at <= ended
        )
        if not late:
            raise ValueError("no beat in this while")
        return cls(
            len(late),
            late[len(late) // 2] * 1000,
            late[int(len(late) * 0.99)] * 1000,
            late[-1] * 1000,
        )


async def _beat(noted: array[float]) -> None:
    while True:
        due = trio.current_time() + BEAT_S
        await trio.sleep_until(due)
        noted.extend((time.time(), trio.current_time() - due))


def main(file: Path, arguments: list[str]) -> None:
    """Run the command; its beats are written when it ends."""
    noted, run = array("d"), trio.run

    def run_with_pulse(story: Callable[[], Awaitable[Any]]) -> Any:
        async def with_pulse() -> Any:
            trio.lowlevel.spawn_system_task(_beat, noted)
            return await story()

        return run(with_pulse)

    trio.run = run_with_pulse  # type: ignore[assignment]  # the one way into the product's own loop
    from stashhog.cli import run as stashhog  # noqa: PLC0415  # after the loop's entry was replaced

    sys.argv = ["stashhog", *arguments]
    try:
        stashhog()
    finally:
        file.write_bytes(noted.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
