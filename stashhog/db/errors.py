"""SQLite's errors as ours: each names the file and what to do about it."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

from stashhog.core.exceptions import (
    BusyError,
    DiskFullError,
    StashHogException,
    StorageError,
)

BACKUPS = "backups"
"""The folder beside a database that holds its copies."""

_PRIMARY = 0xFF
"""An extended result code's low byte is the primary one."""
_PROBE_BYTES = 1 << 20
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


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
    if code == sqlite3.SQLITE_CANTOPEN and _may_be_opened(path):
        return BusyError(f"{path} cannot be opened just now; too many files may be open")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return read_only(path)
    if code == sqlite3.SQLITE_IOERR:
        return StorageError(
            f"reading or writing {path} failed ({error}); check the disk", code="disk_error"
        )
    return None


def _may_be_opened(path: Path) -> bool:
    """Whether nothing about the file forbids it, so that descriptors must have run out."""
    return path.is_file() and os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)


def has_room(path: Path) -> bool:
    """Whether a mebibyte more can be written beside a file.

    It is tried, for a quota or a limit of the process does not show in the device's free space.
    """
    try:
        with tempfile.TemporaryFile(prefix=".room-", dir=path.parent, buffering=0) as file:
            return file.write(bytes(_PROBE_BYTES)) == _PROBE_BYTES
    except OSError as error:
        return error.errno not in _NO_ROOM


def folder_error(error: OSError, path: Path, remedy: str, code: str) -> StorageError:
    """A file that the operating system did not let us make or write."""
    if error.errno in _NO_ROOM:
        return disk_full(path)
    return StorageError(f"{path} cannot be written ({error.strerror}); {remedy}", code=code)


def disk_full(path: Path) -> DiskFullError:
    """No space left for the database."""
    return DiskFullError(
        f"no space left for {path}; free some on that device and everything goes on"
    )


def way_back(path: Path) -> str:
    """What to do about a file that cannot be used."""
    if any((path.parent / BACKUPS).glob(f"{path.stem}-*.db")):
        return f"`stashhog restore` puts a copy from {path.parent / BACKUPS} in its place"
    return f"there is no copy of it in {path.parent / BACKUPS}; move it away to start anew"


def damaged(path: Path, what: str = "") -> StorageError:
    """The file is not what it was."""
    found = f" ({what})" if what else ""
    return StorageError(
        f"{path} is damaged{found}; {way_back(path)}",
        code="database_damaged",
    )


def require_whole(connection: sqlite3.Connection, path: Path, check: str) -> None:
    """Read the whole file through: `quick_check`, or `integrity_check` with the indexes.

    Raises:
        StorageError: `database_damaged`; `path` is the file that is told.
    """
    rows = connection.execute(f"PRAGMA {check}(1)").fetchall()
    if rows != [("ok",)]:
        lines = [line for row in rows for line in str(row[0]).splitlines()]
        raise damaged(path, next((line for line in lines if not line.startswith("***")), ""))


def read_only(path: Path) -> StorageError:
    """The file or its folder cannot be written."""
    return StorageError(
        f"{path} cannot be opened for writing; give the file and its folder to this user",
        code="database_read_only",
    )
