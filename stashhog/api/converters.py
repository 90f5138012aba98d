"""The ids that stand in paths; what does not look like one is a 404 before any route runs."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import BaseConverter, IntegerConverter, Map, UUIDConverter

MAX_ID = 2**63 - 1
"""The largest id that the database can hold; in a path one digit less is the end of it."""


class RowIdConverter(IntegerConverter):
    """`<id:plan_id>`: a positive integer of at most 18 digits.

    All of that is in the pattern: werkzeug answers 405 where a path matches and its value does not.
    """

    regex = r"[1-9][0-9]{0,17}"
    schema: ClassVar[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}


class JobIdConverter(UUIDConverter):
    """`<job:job_id>`: a UUID in its lower-case spelling."""

    schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "uuid"}

    def to_python(self, value: str) -> Any:
        """Return the id as text, as everything below the routes has it."""
        return str(super().to_python(value))


class StashIdConverter(BaseConverter):
    """`<stash:scene_id>`: an id of Stash, which is a number in a string."""

    regex = r"[1-9][0-9]{0,17}"
    schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": f"^{regex}$"}


def register(url_map: Map) -> None:
    """Teach a URL map the three kinds of id."""
    url_map.converters |= {"id": RowIdConverter, "job": JobIdConverter, "stash": StashIdConverter}
