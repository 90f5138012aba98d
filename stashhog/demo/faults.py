"""What may go wrong with the sample Stash, on purpose: a plan that each request asks.

Rules:
- A fault says whether the request is executed all the same, and what the client gets to see: an
  answer instead, part of one, a dead connection, or nothing at all.
- Faults are chosen by what a request is about: its operation's name, its root fields, its kind
  (`query`, `mutation`, `subscription`), or `graphql`, `screenshot`, `websocket`; `*` is any.
- Chance comes from a seed, so that a failing run can be had again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import trio

End = Literal["reply", "close", "reset", "hang"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong; as it stands here, nothing does.

    Attributes:
        execute: Is the request executed?
        before: Called with the variables just before it is executed: somebody else comes first.
        wait_seconds: How long it waits before that.
        linger_seconds: How long the answer waits after it, as behind a slow plugin.
        status: An HTTP answer of this status comes instead, with `headers` and `body`.
        message: A GraphQL answer with this error comes instead.
        edit: Changes the answer's JSON in place, or returns another.
        end: `reply`, or what the connection does instead of ending the answer: `close` and `reset`
            break it, `hang` leaves the client waiting.
        share: How much of the answer is sent before such an end, of 1.
    """

    execute: bool = True
    before: Callable[[Mapping[str, Any]], object] | None = None
    wait_seconds: float = 0.0
    linger_seconds: float = 0.0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    message: str | None = None
    edit: Callable[[Any], Any] | None = None
    end: End = "reply"
    share: float = 0.0


def delay(seconds: float) -> Fault:
    """Executed and answered, but late."""
    return Fault(wait_seconds=seconds)


def slow_hook(seconds: float) -> Fault:
    """Executed at once, answered late."""
    return Fault(linger_seconds=seconds)


def reset() -> Fault:
    """Not executed; the connection is reset."""
    return Fault(execute=False, end="reset")


def lost_reply() -> Fault:
    """Executed; the connection is reset before a byte of the answer."""
    return Fault(end="reset")


def black_hole(*, execute: bool = False) -> Fault:
    """Never answered."""
    return Fault(execute=execute, end="hang")


def cut(share: float = 0.5) -> Fault:
    """Executed; the connection is closed in the middle of the answer."""
    return Fault(end="close", share=share)


def stall(share: float = 0.5) -> Fault:
    """Executed; the answer stops in the middle, and the connection stays."""
    return Fault(end="hang", share=share)


def http_error(status: int, *, retry_after: int | None = None, execute: bool = False) -> Fault:
    """An HTTP error in plain text."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Fault(execute=execute, status=status, headers=headers, body=f"{status}\n".encode())


def unauthorized() -> Fault:
    """As if the key were wrong."""
    return Fault(execute=False, status=401, headers={"www-authenticate": "FormBased"})


def login_redirect() -> Fault:
    """As if a proxy wanted a login."""
    return Fault(execute=False, status=302, headers={"location": "/login?returnURL=%2Fgraphql"})


def html(status: int = 200) -> Fault:
    """A page of something that is no Stash."""
    page = b"<!doctype html><title>Welcome</title><p>Nothing of interest here.</p>"
    headers = {"content-type": "text/html; charset=utf-8"}
    return Fault(execute=False, status=status, headers=headers, body=page)


def graphql_error(message: str, *, execute: bool = False) -> Fault:
    """An error in a GraphQL answer of HTTP status 200."""
    return Fault(execute=execute, message=message)


def locked() -> Fault:
    """The database is busy."""
    return graphql_error("database is locked")


def overtaken(act: Callable[[Mapping[str, Any]], object]) -> Fault:
    """Executed and answered, but somebody else was faster."""
    return Fault(before=act)


def edited(edit: Callable[[Any], Any]) -> Fault:
    """Executed; the answer's JSON is changed on its way."""
    return Fault(edit=edit)


@dataclass(slots=True)
class Rule:
    """A fault in force: for whom, how often still (None: always), how many to let pass first.

    `hits` counts how often it struck.
    """

    fault: Fault
    on: str
    times: int | None
    skip: int
    chance: float
    hits: int = 0


class Faults:
    """All faults in force, and whether connections are accepted at all.

    Args:
        seed: Where chance begins.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self._random = random.Random(seed)  # noqa: S311 - faults have to come again in the same order
        self._accepting = True
        self._changed = trio.Event()

    def add(
        self,
        fault: Fault,
        on: str = "*",
        *,
        times: int | None = 1,
        skip: int = 0,
        chance: float = 1.0,
    ) -> Rule:
        """Put a fault in force; among several that fit, the first one added strikes."""
        rule = Rule(fault, on, times, skip, chance)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Be well again, and accept connections."""
        self.rules.clear()
        self.accept()

    def choose(self, names: Collection[str]) -> Fault | None:
        """The fault for a request that goes by these names; counts it."""
        for rule in self.rules:
            if (rule.on != "*" and rule.on not in names) or rule.times == rule.hits:
                continue
            if rule.skip:
                rule.skip -= 1
            elif self._random.random() < rule.chance:
                rule.hits += 1
                return rule.fault
        return None

    def refuse(self) -> None:
        """Close all connections and refuse new ones, as while Stash is down."""
        self._set_accepting(now=False)

    def accept(self) -> None:
        """Accept connections again."""
        self._set_accepting(now=True)

    async def wait(self, *, accepting: bool) -> None:
        """Wait until connections are accepted, or refused."""
        while self._accepting is not accepting:
            await self._changed.wait()

    def _set_accepting(self, *, now: bool) -> None:
        if now is not self._accepting:
            self._accepting = now
            self._changed.set()
            self._changed = trio.Event()
