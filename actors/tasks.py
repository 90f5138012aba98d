"""The catalogue of what a job runs: one function a kind, and the slot it takes.

Rules:
- A kind is registered once, by the decorator, where its function is written.
- A slot is taken by one job at a time; a job whose slot is taken waits without holding up others.
- This module knows neither the registry nor the pool: status is tracked by the job registry,
  functions are run by the worker pool, and both look up here what a kind means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from stashhog.domain.jobs import JobKind

JobFunction: TypeAlias = Callable[[Any], Awaitable[Mapping[str, Any] | None]]
"""Takes the `JobContext` (whose module imports this one, hence Any) and runs the job to its end.

It returns keys to add to the job's result. It is cancelled in its own scope, starts from its
checkpoint, and raises `StashHogException` for what a person should read as the job's error.
"""


class Slot(StrEnum):
    """What only one job at a time may do."""

    SYNC = "sync"
    STASH_WRITER = "stash_writer"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Task:
    """What jobs of one kind run, and the slot they take while they run."""

    kind: JobKind
    function: JobFunction
    slot: Slot | None


class TaskQueue:
    """The registered tasks, by kind."""

    def __init__(self) -> None:
        self._tasks: dict[JobKind, Task] = {}

    def task(
        self, kind: JobKind, *, slot: Slot | None = None
    ) -> Callable[[JobFunction], JobFunction]:
        """Register the decorated function as what jobs of this kind run.

        Raises:
            ValueError: the kind is registered already.
        """

        def register(function: JobFunction) -> JobFunction:
            if kind in self._tasks:
                raise ValueError(f"jobs of kind {kind} are registered already")
            self._tasks[kind] = Task(kind, function, slot)
            return function

        return register

    def __getitem__(self, kind: JobKind) -> Task:
        return self._tasks[kind]

    @property
    def kinds(self) -> frozenset[JobKind]:
        """The kinds that can be run."""
        return frozenset(self._tasks)


tasks = TaskQueue()
"""What the product itself can run."""

task = tasks.task
