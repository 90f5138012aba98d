"""What the store adapters need of the open database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.orm import Session

P = ParamSpec("P")
T = TypeVar("T")


class Access(Protocol):
    """Reads on a snapshot, writes in a transaction; one thread hop each."""

    async def read(
        self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query function."""
        ...

    async def write(
        self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function that changes something; when this returns, it is on disk."""
        ...
