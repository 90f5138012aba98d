"""A new, empty database for a test, as the first start makes it.

It is made once a process and copied: bringing a file through all revisions takes longer than most
tests that want one. How it is made is tested in `tests/db`.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from stashhog.db.lock import make_data_folder
from stashhog.db.opening import prepare

NAME = "stashhog.db"


def fresh_data(folder: Path) -> Path:
    """Put an empty database into a data folder that has none; returns the folder."""
    make_data_folder(folder)
    file = folder / NAME
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(_made())
    return folder


@cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, folder / NAME, migrate=True)
        return folder.joinpath(NAME).read_bytes()
