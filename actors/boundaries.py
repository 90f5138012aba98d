"""What the two boundaries of the actors, around an actor and around a job, make of an error.

Rules:
- A cancellation that a scope around asked for passes, and so does what ends the process.
- A `Cancelled` that nobody asked for was kept and raised elsewhere: a bug like any other. Left
  alone it would unwind the whole tree without a word.
"""

from __future__ import annotations

import math

import trio


class StrayCancelledError(Exception):
    """A cancellation was raised that no scope around had asked for."""


def caught(error: BaseException) -> tuple[Exception | None, BaseException | None]:
    """Part an error into what the boundary handles and what has to pass; each may be None."""
    if isinstance(error, Exception):
        return error, None
    group = error if isinstance(error, BaseExceptionGroup) else BaseExceptionGroup("", [error])
    ours, others = group.split(Exception)
    odd = group.split((Exception, trio.Cancelled))[1] is not None
    if odd or trio.current_effective_deadline() == -math.inf:
        return ours, error if ours is None else others
    stray = StrayCancelledError()
    stray.__cause__ = error
    return stray, None
