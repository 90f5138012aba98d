"""The revisions of the schema, by the names of their files: `NNNN_topic.py`, the newest last.

Alembic, which runs them, is loaded only where one has to run (`stashhog.db.migrate`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

REVISIONS = Path(__file__).with_name("migrations")


@cache
def _known(folder: Path) -> tuple[str, ...]:
    files = folder.joinpath("versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def head(folder: Path = REVISIONS) -> str:
    """The revision that this code works with."""
    return _known(folder)[-1]


def is_known(revision: str) -> bool:
    """Whether this code knows a schema; a newer release's it does not."""
    return revision in _known(REVISIONS)
