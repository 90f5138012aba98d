"""Bodies that act on many things name them by exactly one selector; everything is said aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stashhog.core.exceptions import ValidationError

Selector = Sequence[Any] | Mapping[str, Any] | None


def require_one(**selectors: Selector) -> None:
    """Check that exactly one selector is given, and that it selects something.

    Raises:
        ValidationError: `ambiguous_selection` or `empty_selection`.
    """
    allow_none(**selectors)
    if all(value is None for value in selectors.values()):
        names = " or ".join(selectors)
        raise ValidationError(
            f'say which by {names}; everything is {{"all": true}}', code="empty_selection"
        )


def allow_none(**selectors: Selector) -> None:
    """Check that at most one selector is given, and that it selects something.

    Raises:
        ValidationError: `ambiguous_selection` or `empty_selection`.
    """
    given = {name: value for name, value in selectors.items() if value is not None}
    if len(given) > 1:
        raise ValidationError(f"give one of {' and '.join(given)}", code="ambiguous_selection")
    for name, value in given.items():
        if not value:
            raise ValidationError(f"{name} selects nothing", code="empty_selection")
