"""The ids that stand in paths; what does not look like one is a 404 before any route runs."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import BaseConverter, IntegerConverter, Map, UUIDConverter, ValidationError

MAX_ID = 2**63 - 1


class RowIdConverter(IntegerConverter):
    """`<id:plan_id>`: a positive integer that the database can hold."""

    regex = r"[0-9]{1,19}"
    schema: ClassVar[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

    def to_python(self, value: str) -> int:
        """Read an id; a larger one matches no route."""
        number = int(value)
        if not 1 <= number <= MAX_ID:
            raise ValidationError
        return number


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
