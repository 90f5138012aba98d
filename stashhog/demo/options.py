"""How a sample Stash is set up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

_NEWEST_KNOWN = 30
_SCHEMAS = {24: 54, 25: 55, 26: 58, 27: 67, 28: 72, 29: 72, 30: 75, 31: 84}


@dataclass
class StashOptions:
    """Settings of a sample Stash.

    Attributes:
        api_key: The one key that opens it; None: it is open, and any key is wrong.
        zone: The server's local zone, an IANA name; times are stored and compared in it.
        version: The release that is acted, from v0.25.1 on.
        time: Gives the present moment, aware; None: the real one.
        scan_seconds: How long a library scan takes.
    """

    api_key: str | None = field(default=None, repr=False)
    zone: str = "UTC"
    version: str = "v0.30.1"
    time: Callable[[], datetime] | None = None
    scan_seconds: float = 0.05

    @property
    def release(self) -> int:
        """The minor release number; what does not look like a release acts the newest known."""
        found = re.match(r"v?0\.(\d+)", self.version)
        return int(found[1]) if found else _NEWEST_KNOWN

    @property
    def database_schema(self) -> int:
        """The number of the database schema that the release has."""
        return _SCHEMAS.get(self.release, _SCHEMAS[max(_SCHEMAS)])

    @property
    def tzinfo(self) -> tzinfo:
        """The zone, usable."""
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC) if self.time is None else self.time()
