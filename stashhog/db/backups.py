"""Copies of the database: whole, checked, and only then under their name; and the way back."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from stashhog.core.exceptions import DiskFullError, StorageError
from stashhog.db.connections import APPLICATION_ID, connect, pragma
from stashhog.db.errors import (
    BACKUPS,
    damaged,
    disk_full,
    folder_error,
    require_whole,
    storage_error,
)
from stashhog.db.files import PRIVATE, sync_file, sync_folder

log = structlog.get_logger(__name__)

KEEP = 3
"""Copies of one label: those made by hand push out none that a change of schema left."""
REPLACED = "replaced"
_UNFINISHED = ".unfinished-"
_FOLDER_MODE = 0o700
_ROOM = 1.1
"""A copy is never larger than the file with its log; a tenth more for what the folder needs."""
_STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"-(\d{8}T\d{12}Z)-(\w+)$")


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished copy: `label` is `manual`, `replaced` or the schema that it has."""

    path: Path
    made_at: datetime
    label: str

    @classmethod
    def of(cls, path: Path) -> Backup | None:
        """Read a copy's name; None for another file."""
        found = _NAME.search(path.stem)
        if found is None:
            return None
        return cls(path, datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC), found[2])


def backups_of(path: Path) -> list[Backup]:
    """The finished copies of a database, oldest first."""
    files = (path.parent / BACKUPS).glob(f"{path.stem}-*.db")
    return sorted(filter(None, map(Backup.of, files)), key=lambda backup: backup.made_at)


def make_backup(path: Path, label: str) -> Path:
    """Copy the database as it is at one commit, check the copy, and keep the newest copies.

    Args:
        path: The database file; others may read and write it meanwhile.
        label: Goes into the name: `manual`, or the schema that the copy has.

    Raises:
        DiskFullError: there is no room for a copy.
        StorageError: the file cannot be copied, or the copy is not whole.
    """
    folder = path.parent / BACKUPS
    final = folder / f"{path.stem}-{datetime.now(UTC).strftime(_STAMP)}-{label}.db"
    unfinished = folder / f"{_UNFINISHED}{final.name}"
    try:
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        if shutil.disk_usage(folder).free < _size(path) * _ROOM:
            raise disk_full(path)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        _copy(path, unfinished)
        sync_file(unfinished)
        unfinished.replace(final)
        sync_folder(folder)
    except sqlite3.Error as error:
        raise storage_error(error, path) or error from error
    except OSError as error:
        raise folder_error(error, folder, "give it to this user", "backup_failed") from None
    finally:
        unfinished.unlink(missing_ok=True)
    for old in [each for each in backups_of(path) if each.label == label][:-KEEP]:
        old.path.unlink(missing_ok=True)
    log.info("backup_written", file=str(final), size_bytes=final.stat().st_size)
    return final


def _copy(path: Path, target: Path) -> None:
    with closing(connect(path, mode="ro")) as source:
        source.execute("VACUUM INTO ?", (str(target),)).close()
    if not _is_whole_and_ours(target, path):
        raise damaged(path, "it is not ours")


def _is_whole_and_ours(copy: Path, told: Path) -> bool:
    with closing(connect(copy, mode="ro&immutable=1")) as connection:
        pragma(connection, "query_only=ON")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            return False
        require_whole(connection, told, "integrity_check")
        return True


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def remove_unfinished(path: Path) -> None:
    """Remove what a killed process left of a copy."""
    for rest in (path.parent / BACKUPS).glob(f"{_UNFINISHED}*"):
        rest.unlink(missing_ok=True)


def restore_backup(path: Path, backup: Path) -> Path | None:
    """Put a copy in the database's place; what was there is kept among the copies.

    The caller holds the data folder's lock. A crash in the middle leaves the old file or the copy
    under the database's name, never none.

    Args:
        path: The database file; it may be damaged, or not there.
        backup: The copy; a bare name is one of `backups_of`.

    Returns:
        Where the old one is kept; None where there was none.

    Raises:
        StorageError: the copy is none of ours or not whole, or there is no room; nothing changed.
    """
    if backup == Path(backup.name) and not backup.exists():
        backup = path.parent / BACKUPS / backup
    _check_copy(backup)
    new = path.with_name(f"{path.name}.new")
    try:
        shutil.copyfile(backup, new)
        new.chmod(PRIVATE)
        sync_file(new)
        kept = _set_aside(path)
        for name in (f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.closed"):
            path.with_name(name).unlink(missing_ok=True)
        sync_folder(path.parent)
        new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise folder_error(error, path, "give it to this user", "restore_failed") from None
    log.info("backup_restored", file=str(path), backup=str(backup), kept=str(kept or ""))
    return kept


def _check_copy(backup: Path) -> None:
    if not backup.is_file():
        raise StorageError(f"{backup} is not there", code="backup_unusable")
    try:
        usable = _is_whole_and_ours(backup, backup)
    except (StorageError, sqlite3.Error):
        usable = False
    if not usable:
        raise StorageError(
            f"{backup} is not a whole copy of ours; name another", code="backup_unusable"
        )


def _set_aside(path: Path) -> Path | None:
    """Keep what is there: as a copy like all others where it is whole, else file and log as is."""
    if not path.exists():
        return None
    if path.stat().st_size:  # beside an empty file SQLite would remove the log
        try:
            return make_backup(path, REPLACED)
        except DiskFullError:
            raise
        except (StorageError, sqlite3.Error) as error:
            log.warning("replaced_file_is_damaged", file=str(path), error=str(error))
    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC).strftime(_STAMP)}")
    try:
        os.link(path, kept)
    except OSError:  # some file systems know no links
        shutil.copyfile(path, kept)
    log_file = path.with_name(f"{path.name}-wal")
    if log_file.exists():
        log_file.replace(kept.with_name(f"{kept.name}-wal"))
    return kept
