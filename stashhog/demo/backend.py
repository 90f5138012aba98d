"""What all doors of one sample Stash share, and how a GraphQL request is answered.

Rules:
- Nothing here sends: a request in, a reply out.
- Every request is noted (`asked`), with what it said and what it carried.
"""

from __future__ import annotations

import ipaddress
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import trio

from stashhog.demo.context import Context
from stashhog.demo.execution import InvalidDocumentError, Operation, plan
from stashhog.demo.faults import Faults
from stashhog.demo.inputs import BadVariableError
from stashhog.demo.jobs import Jobs
from stashhog.demo.options import StashOptions
from stashhog.demo.resolvers import RESOLVERS
from stashhog.demo.state import StashState

_REMEMBERED = 100_000
_WRONG_KEY_IS_401 = 26

Headers = Mapping[str, str]


@dataclass(slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in: method and path, headers, and of GraphQL what it said."""

    method: str
    path: str
    headers: Headers
    query: str = ""
    operation: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    root_fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """A client's connection: `cut` ends it at once, with a reset or quietly."""

    cut: Callable[[bool], None]


@dataclass(slots=True)
class Backend:
    """One sample Stash behind its doors.

    Attributes:
        links: Client connections, by the port from which the server sees them.
        exposed: Locked for good, after a request that seemed to come from the internet.
    """

    options: StashOptions
    state: StashState
    jobs: Jobs
    faults: Faults
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    links: dict[int, Link] = field(default_factory=dict)
    exposed: bool = False
    stopping: bool = False
    pauses: set[trio.CancelScope] = field(default_factory=set)

    async def pause(self, seconds: float) -> bool:
        """Wait that long, whether the client stays or not; False where the server ends first."""
        with trio.CancelScope() as scope:
            self.pauses.add(scope)
            try:
                await trio.sleep(seconds)
            finally:
                self.pauses.discard(scope)
        return not self.stopping

    def stop(self) -> None:
        """End all pauses: the server goes."""
        self.stopping = True
        for scope in self.pauses:
            scope.cancel()

    def base_url(self, headers: Headers, scheme: str) -> str:
        """The address under which the client sees this server."""
        proto = headers.get("x-forwarded-proto", scheme).replace("ws", "http", 1)
        prefix = headers.get("x-forwarded-prefix", "").rstrip("/")
        return f"{proto}://{headers.get('host', '127.0.0.1')}{prefix}"

    def context(self, base_url: str, event: object = None) -> Context:
        """What one run of an operation works with."""
        return Context(self.state, self.jobs, self.options, base_url, event)

    def plan(self, text: str, name: str | None) -> Operation:
        """Make an operation ready to run.

        Raises:
            InvalidDocumentError: it cannot be run.
        """
        if not text:
            raise InvalidDocumentError(
                [
                    {
                        "message": "no operation provided",
                        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
                    }
                ]
            )
        return plan(self.options.release, text, name or None, RESOLVERS)

    def gate(self, headers: Headers, path: str, key: str | None) -> Reply | None:
        """Judge who asks; None lets them in. `key` is the one that was sent, if any."""
        locked = self._exposure(headers)
        if locked is not None:
            return locked
        wanted = self.options.api_key
        if key is not None and key != (wanted or ""):
            if self.options.release >= _WRONG_KEY_IS_401:
                return _unauthorized()
            return Reply(500, b"unauthorized\n", {"content-type": "text/plain; charset=utf-8"})
        if key is not None or wanted is None or path == "/login":
            return None
        if path == "/graphql" or "." in path.rsplit("/", 1)[-1]:
            return _unauthorized()
        target = path.replace("/", "%2F")
        return Reply(302, headers={"location": f"/login?returnURL={target}"})

    def _exposure(self, headers: Headers) -> Reply | None:
        if self.options.api_key is not None:
            return None
        forwarded = headers.get("x-forwarded-for", "").split(",")[0].strip()
        try:
            public = bool(forwarded) and ipaddress.ip_address(forwarded).is_global
        except ValueError:
            public = False
        self.exposed = self.exposed or public
        if not self.exposed:
            return None
        text = b"This Stash was reached from the internet without a password; it stays locked.\n"
        return Reply(403, text, {"content-type": "text/plain; charset=utf-8"})

    def run(self, operation: Operation, given: Mapping[str, Any], base_url: str) -> Any:
        """Run a query or mutation; returns the answer's JSON.

        Raises:
            BadVariableError: a variable does not fit.
        """
        return operation.run(self.context(base_url), operation.read_variables(given))


def _unauthorized() -> Reply:
    return Reply(401, headers={"www-authenticate": "FormBased"})


def invalid_variable(error: BadVariableError) -> dict[str, Any]:
    """The answer to a variable that does not fit."""
    entry = {
        "message": str(error),
        "path": ["variable", *error.path],
        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
    }
    return {"errors": [entry], "data": None}


def encode(answer: Any) -> bytes:
    """Write JSON; what is no proper text (half a surrogate pair) goes out escaped."""
    try:
        return orjson.dumps(answer)
    except TypeError:
        return json.dumps(answer).encode()
