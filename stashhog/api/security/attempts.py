"""Guessing is slowed down: who fails often waits longer each time, and nobody else does.

Rules:
- An attempt counts as failed from its start, so that many at once are no way around.
- Waiting is bounded and refused attempts do not prolong it: the owner is never locked out for good.
- An IPv6 client is its /64: the rest of the address is its own to choose.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

from stashhog.api.error_handlers import ProblemError

FREE_ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 60.0
_KEPT_CLIENTS = 10_000


@dataclass(slots=True)
class _Record:
    failures: int = 0
    not_before: float = -math.inf


class LoginBrake:
    """Counts failed logins of each client; times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def begin(self, client: str, now: float) -> None:
        """Take one attempt.

        Raises:
            ProblemError: 429 `too_many_attempts`, with `Retry-After`.
        """
        record = self._records.setdefault(_key(client), _Record())
        if now < record.not_before:
            wait = math.ceil(record.not_before - now)
            raise ProblemError(
                429,
                "too_many_attempts",
                f"too many wrong attempts; try again in {wait} s",
                headers={"Retry-After": str(wait)},
            )
        record.failures += 1
        over = record.failures - FREE_ATTEMPTS
        if over >= 0:
            record.not_before = now + min(2.0 ** min(over, 10), LONGEST_WAIT_SECONDS)
        self._records.move_to_end(_key(client))
        while len(self._records) > _KEPT_CLIENTS:
            self._records.popitem(last=False)

    def succeeded(self, client: str) -> None:
        """Forget a client's failures: it knew the secret."""
        self._records.pop(_key(client), None)


def _key(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 6:  # noqa: PLR2004 - IP version six
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client
