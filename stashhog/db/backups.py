"""Copies of the database: whole, checked, and only then under their name."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog

from stashhog.core.exceptions import StorageError
from stashhog.db.connections import connect, pragma
from stashhog.db.errors import damaged, disk_full, storage_error
from stashhog.db.files import PRIVATE, sync_file, sync_folder

log = structlog.get_logger(__name__)

FOLDER = "backups"
KEEP = 5
_UNFINISHED = ".unfinished-"
_FOLDER_MODE = 0o700
_ROOM = 1.1
"""A copy is never larger than the file with its log; a tenth more for what the folder needs."""


def backups_of(path: Path) -> list[Path]:
    """The finished copies of a database, oldest first."""
    return sorted((path.parent / FOLDER).glob(f"{path.stem}-*.db"))


def make_backup(path: Path, label: str) -> Path:
    """Copy the database as it is at one commit, check the copy, and keep the newest copies.

    Args:
        path: The database file; others may read and write it meanwhile.
        label: Goes into the name: `manual`, or the schema that the copy has.

    Raises:
        DiskFullError: there is no room for a copy.
        StorageError: the file cannot be copied, or the copy is not whole.
    """
    folder = path.parent / FOLDER
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    final = folder / f"{path.stem}-{stamp}-{label}.db"
    unfinished = folder / f"{_UNFINISHED}{final.name}"
    try:
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        remove_unfinished(path)
        if shutil.disk_usage(folder).free < _size(path) * _ROOM:
            raise disk_full(path)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        _copy(path, unfinished)
        sync_file(unfinished)
        unfinished.replace(final)
        sync_folder(folder)
    except sqlite3.Error as error:
        remove_unfinished(path)
        raise storage_error(error, path) or error from error
    except OSError as error:
        remove_unfinished(path)
        raise StorageError(
            f"no backup could be written into {folder} ({error.strerror}); give the folder to "
            "this user",
            code="backup_failed",
        ) from None
    for old in backups_of(path)[:-KEEP]:
        old.unlink(missing_ok=True)
    log.info("backup_written", file=str(final), size_bytes=final.stat().st_size)
    return final


def _copy(path: Path, target: Path) -> None:
    with closing(connect(path)) as source:
        pragma(source, "wal_autocheckpoint=0")
        source.execute("VACUUM INTO ?", (str(target),)).close()
    with closing(connect(target, mode="ro")) as copy:
        rows = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if rows != [("ok",)]:
        raise damaged(path, str(rows[0][0]) if rows else "")


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def remove_unfinished(path: Path) -> None:
    """Remove what a killed process left of a copy."""
    for rest in (path.parent / FOLDER).glob(f"{_UNFINISHED}*"):
        rest.unlink(missing_ok=True)
