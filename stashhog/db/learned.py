"""What was learned, in a file beside the database: it can be made again, so no backup has it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import structlog

from stashhog.db.files import place

_log = structlog.get_logger(__name__)

FILE = "learned.bin"


def read_learned(folder: Path) -> bytes | None:
    """What was kept; None where nothing can be read."""
    try:
        return (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("learned_unreadable", errno=error.errno)
        return None


def write_learned(folder: Path, content: bytes) -> None:
    """Keep it in place of what was kept before; where that fails, it will be learned again."""
    try:
        place(folder / FILE, content)
    except OSError as error:
        _log.warning("learned_not_kept", errno=error.errno)
        with suppress(OSError):
            (folder / f"{FILE}.new").unlink(missing_ok=True)
