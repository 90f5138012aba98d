"""What a command prints: progress bars on a terminal, JSON lines with `--json`.

Rules: standard output holds results (or one JSON object a line), standard error everything else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stashhog.core.exceptions import (
    OpenAIError,
    SettingsError,
    StashError,
    StashHogException,
    StashNotConfiguredError,
    ValidationError,
)

DONE, FAILED, USAGE, AWAY, UNFINISHED, INTERRUPTED = 0, 1, 2, 3, 4, 130

MOST_WARNINGS = 20

AWAY_CODES = frozenset(
    {
        "stash_unavailable",
        "stash_busy",
        "stash_unauthorized",
        "not_stash",
        "stash_error",
        "stash_too_old",
        "model_unavailable",
        "model_unauthorized",
        "model_error",
    }
)


WAITS = {
    "stash_unavailable": "Stash does not answer",
    "stash_scanning": "Stash scans",
    "stash_generating": "Stash generates",
    "model_unavailable": "the model does not answer",
    "disk_full": "the disk is full",
    "busy": "another program holds the database",
}


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints for a person or, with `as_json`, for a program."""

    as_json: bool

    def explanation(self, shape: Mapping[str, Any]) -> None:
        """What was found in a path: a JSON line, or one paragraph a field."""
        if self.as_json:
            self.result(shape)
            return
        sys.stdout.writelines(f"{line}\n" for line in _explained(shape))

    def result(self, shape: Mapping[str, Any]) -> None:
        """One result: a JSON line, or readable text."""
        if self.as_json:
            sys.stdout.write(json.dumps(shape, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        for key, value in shape.items():
            sys.stdout.write(f"{key}: {_readable(value)}\n")

    def rows(self, columns: Sequence[str], items: Sequence[Mapping[str, Any]]) -> None:
        """Many results: a JSON line each, or a table of some columns."""
        if self.as_json:
            for item in items:
                self.result(item)
            return
        table = Table(*columns)
        for item in items:
            table.add_row(*(_readable(item.get(column)) for column in columns))
        Console().print(table)

    def say(self, message: str) -> None:
        """Tell a person something, on standard error."""
        sys.stderr.write(message + "\n")

    def warnings(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """What a job's log warns of, as far as a person reads on."""
        found = [line["message"] for line in lines if line["level"] in ("warning", "error")]
        for message in found[:MOST_WARNINGS]:
            self.say(message)
        if len(found) > MOST_WARNINGS:
            self.say(f"… and {len(found) - MOST_WARNINGS} more in the job's log")

    @contextmanager
    def progress(self) -> Iterator[_Bar]:
        """Show a job's progress while it runs."""
        if self.as_json:
            yield _Bar(None)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield _Bar(bar)


class _Bar:
    """A progress bar, or JSON lines where there is none."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None) if bar else None
        self._last: object = None

    def show(self, job: Mapping[str, Any]) -> None:
        """Show a snapshot; the same one twice is told once."""
        told = (job["status"], job["progress"], job["waiting"])
        if told == self._last:
            return
        self._last = told
        if self._bar is None or self._task is None:
            line = {"type": "progress", "job": dict(job)}
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        progress, waiting = job["progress"], job["waiting"]
        text = _wait(waiting["code"]) if waiting else progress["message"] or job["status"]
        self._bar.update(
            self._task,
            description=f"{job['kind']}: {text}",
            completed=progress["done"],
            total=progress["total"],
        )


def _wait(code: str) -> str:
    return f"waits: {WAITS.get(code, code)} (Ctrl-C ends it)"


def _readable(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_readable(item)}" for key, item in value.items() if item)
    if isinstance(value, list):
        return ", ".join(_readable(item) for item in value)
    return "" if value is None else str(value)


def told(story: Callable[[], Awaitable[int]]) -> int:
    """Run a command's story; an error of ours becomes one line and an exit code."""
    errors: list[StashHogException] = []
    code = FAILED
    try:
        code = trio.run(story)
    except* StashHogException as group:
        errors += _leaves(group)
    if not errors:
        return code
    sys.stderr.write(f"stashhog: {errors[0].detail}\n")
    return exit_code_of_error(errors[0])


def _leaves(group: BaseExceptionGroup[StashHogException]) -> Iterator[StashHogException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def exit_code_of_job(job: Mapping[str, Any]) -> int:
    """The exit code that a finished job stands for."""
    if job["status"] == "completed":
        result = job["result"] or {}
        return UNFINISHED if result.get("conflicts") or result.get("failed") else DONE
    if job["status"] in ("cancelled", "interrupted"):
        return INTERRUPTED
    code = (job["error"] or {}).get("code")
    if code == StashNotConfiguredError.code:
        return USAGE
    return AWAY if code in AWAY_CODES else FAILED


def exit_code_of_error(error: StashHogException) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, SettingsError | ValidationError | StashNotConfiguredError):
        return USAGE
    if isinstance(error, StashError | OpenAIError) or error.public_code in AWAY_CODES:
        return AWAY
    return FAILED


def _explained(shape: Mapping[str, Any]) -> Iterator[str]:
    yield str(shape["path"])
    taught = f"learned from {shape['organized_scenes']} organised scenes"
    yield f"  {taught}{'' if shape['calibrated'] else '; confidences are not yet calibrated'}"
    for field, candidates in shape["fields"].items():
        yield field if candidates else f"{field}: nothing found"
        for one in candidates:
            new = "  (new)" if one["new"] else ""
            yield f"  {one['confidence']:6.1%}  {one['value']}{new}"
            evidence = one["evidence"]
            if one["reason"]:
                span = evidence.get("span")
                yield f"          {one['reason']}{f' [{span}]' if span else ''}"
            rival = evidence.get("runner_up")
            if rival:
                yield f"          next: {rival['value']} ({rival['confidence']:.1%})"
