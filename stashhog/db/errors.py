"""SQLite's errors as ours: each names the file and what to do about it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from stashhog.core.exceptions import (
    BusyError,
    DiskFullError,
    StashHogException,
    StorageError,
)

_PRIMARY = 0xFF
"""An extended result code's low byte is the primary one."""
_NO_ROOM_BYTES = 1 << 20


def storage_error(error: BaseException | None, path: Path) -> StashHogException | None:
    """Say in our terms what SQLite complains about; None where it is nobody's storage.

    Args:
        error: What the driver raised.
        path: The database file.
    """
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not has_room(path)):
        return disk_full(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(f"another program holds {path}; close it", retry_after_seconds=2.0)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return read_only(path)
    if code == sqlite3.SQLITE_IOERR:
        return StorageError(
            f"reading or writing {path} failed ({error}); check the disk", code="disk_error"
        )
    return None


def has_room(path: Path) -> bool:
    """Whether the device that holds a path has a mebibyte left."""
    try:
        state = os.statvfs(path.parent)
    except OSError:
        return True
    return state.f_bavail * state.f_frsize >= _NO_ROOM_BYTES


def disk_full(path: Path) -> DiskFullError:
    """No space left for the database."""
    return DiskFullError(
        f"no space left for {path}; free some on that device and everything goes on"
    )


def damaged(path: Path, what: str = "") -> StorageError:
    """The file is not what it was."""
    found = f" ({what})" if what else ""
    return StorageError(
        f"{path} is damaged{found}; put a copy from {path.parent / 'backups'} in its place",
        code="database_damaged",
    )


def read_only(path: Path) -> StorageError:
    """The file or its folder cannot be written."""
    return StorageError(
        f"{path} cannot be opened for writing; give the file and its folder to this user",
        code="database_read_only",
    )
