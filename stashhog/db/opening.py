"""Opening a database file: what it may be, and the one line for everything that it may not.

Rules:
- Never an empty library in place of an old one: only where there is no file at all is one made.
- A file that is not taken is not touched; it is looked at through a connection that cannot write.
- The whole file is read through only on suspicion: when it is not as the last orderly close left
  it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import structlog
import trio

from stashhog.core.exceptions import DiskFullError, StorageError
from stashhog.db.backups import remove_unfinished
from stashhog.db.connections import APPLICATION_ID, connect, pragma
from stashhog.db.engine import Database
from stashhog.db.errors import damaged, read_only, require_whole, storage_error, way_back
from stashhog.db.files import network_file_system, place, sync_folder
from stashhog.db.lock import make_data_folder
from stashhog.db.revisions import head, is_known
from stashhog.db.tables import metadata
from stashhog.db.vault import open_vault

log = structlog.get_logger(__name__)

MAGIC = b"SQLite format 3\x00"
HEADER_BYTES = 100
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""
NOT_LOCAL = "a database on a network share may be damaged by its locks; use a local disk"
_PREFIX = "sqlite:///"
ALONE = "ro&immutable=1"
"""Looks at the file without its log, and leaves nothing beside it."""


class DatabaseValues(Protocol):
    """The settings that this layer reads."""

    @property
    def url(self) -> str:
        """`sqlite:///FILE`, or empty for the data folder's own."""
        ...

    @property
    def echo(self) -> bool:
        """Whether to log every statement, without its values."""
        ...

    @property
    def pool_size(self) -> int:
        """How many connections read at the same time."""
        ...


def database_path(data_dir: Path, settings: DatabaseValues) -> Path:
    """The file that the settings name.

    Raises:
        StorageError: `database_url`, they name no SQLite file.
    """
    if not settings.url:
        return _real(data_dir / "stashhog.db")
    if not settings.url.startswith(_PREFIX):
        raise StorageError(
            "database.url has to name an SQLite file: sqlite:///FILE", code="database_url"
        )
    return _real(data_dir / settings.url.removeprefix(_PREFIX))


def _real(path: Path) -> Path:
    """The file itself where a link names it: SQLite's log lies beside that one."""
    if not path.is_symlink():
        return path
    if not path.exists():
        raise StorageError(
            f"{path} is a link to {path.readlink()}, which is not there; bring back the disk that "
            "it is on, or remove the link to start with an empty library",
            code="database_missing",
        )
    return path.resolve()


@asynccontextmanager
async def open_database(
    data_dir: Path, settings: DatabaseValues, *, migrate: bool = True
) -> AsyncGenerator[Database]:
    """Open the database of a data folder, and make it where there is none.

    The caller holds the folder's lock (`stashhog.db.lock`).

    Args:
        data_dir: The data folder; made where it does not exist.
        settings: The section `database`.
        migrate: Whether to make a new file and to bring an older schema up to date; else both are
            errors (`no_database`, `schema_outdated`) and nothing changes.

    Raises:
        StorageError: what is there cannot be used; one line that names the file and the remedy.
    """
    path = database_path(data_dir, settings)
    await trio.to_thread.run_sync(lambda: prepare(data_dir, path, migrate=migrate))
    vault = await trio.to_thread.run_sync(lambda: open_vault(data_dir, make=migrate))
    await trio.to_thread.run_sync(_take_mark, path)
    if kind := network_file_system(path.parent):
        log.warning("network_file_system", folder=str(path.parent), kind=kind, detail=NOT_LOCAL)
    db = Database(path, vault, pool_size=settings.pool_size, echo=settings.echo)
    try:
        await _prove_writable(db)
        yield db
    finally:
        await db.close()
        _leave_mark(path)


async def _prove_writable(db: Database) -> None:
    """Write once before anybody counts on it; a full disk is no reason not to serve reads."""
    try:
        await db.write(_count_opening)
    except DiskFullError as error:
        log.warning("disk_full_at_start", detail=error.detail)


def _count_opening(s: Any) -> None:
    s.connection().exec_driver_sql(
        "INSERT INTO meta (name, value) VALUES ('opened', '1')"
        " ON CONFLICT DO UPDATE SET value = value + 1"
    )


def prepare(data_dir: Path, path: Path, *, migrate: bool) -> None:
    """Bring the file into the present schema, or say why it cannot be used."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StorageError(
            f"SQLite {sqlite3.sqlite_version} is too old; use a Python that brings 3.37 or newer",
            code="sqlite_too_old",
        )
    if migrate:
        make_data_folder(data_dir)
    found = examine(path)
    if found is None:
        if not migrate:
            raise StorageError(
                f"there is no database yet; `stashhog serve` makes {path}", code="no_database"
            )
        try:
            _migrations().create(path)
        except OSError:
            raise read_only(path) from None
    elif not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise read_only(path)
    elif found.revision != head():
        if not migrate:
            raise StorageError(
                f"{path} has an older schema; start `stashhog serve` once to bring it up to date",
                code="schema_outdated",
            )
        _migrations().migrate(path, found.revision)
    if migrate:
        remove_unfinished(path)


def _migrations() -> ModuleType:
    from stashhog.db import migrate  # noqa: PLC0415 - loads Alembic, which most starts need not

    return migrate


@dataclass(frozen=True, slots=True)
class Found:
    """A database of ours: its schema, and whether the whole file was read through."""

    revision: str
    checked: bool


def examine(path: Path) -> Found | None:
    """Look at a file without changing it; None where there is none.

    Raises:
        StorageError: it is none of ours, damaged, newer than this code, or unreadable.
    """
    log_file, logged = _log_file(path), has_log(path)
    if not path.exists():
        if not path.parent.is_dir():
            raise StorageError(
                f"the folder {path.parent} of the database is not there; make it, or bring back "
                "the disk that it is on",
                code="database_folder_missing",
            )
        if logged:
            raise StorageError(
                f"{log_file} is there but {path} is not; put the database back, or move the log "
                "away to start with an empty library",
                code="database_missing",
            )
        return None
    clean = _is_as_left(path)
    if clean and logged:
        raise _foreign_log(path, log_file)
    try:
        _check_header(path)
        if not logged:
            return _look(path, ALONE, thorough=not clean)
        try:
            return _look(path, "ro", thorough=True)
        except (StorageError, sqlite3.DatabaseError) as error:
            if _is_whole_alone(path):
                raise _foreign_log(path, log_file) from error
            raise
    except sqlite3.Error as error:
        raise storage_error(error, path) or damaged(path, str(error)) from None
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror}); give it to this user",
            code="database_unreadable",
        ) from None


def _log_file(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def has_log(path: Path) -> bool:
    """Whether something was written that is not in the file itself yet."""
    log_file = _log_file(path)
    return log_file.exists() and log_file.stat().st_size > 0


def _foreign_log(path: Path, log_file: Path) -> StorageError:
    return StorageError(
        f"{log_file} does not belong to {path}; move the log away", code="foreign_log"
    )


def _look(path: Path, mode: str, *, thorough: bool) -> Found:
    with closing(connect(path, mode=mode)) as connection:
        return _look_inside(connection, path, thorough=thorough)


def _is_whole_alone(path: Path) -> bool:
    try:
        return _look(path, ALONE, thorough=True).checked
    except (StorageError, sqlite3.DatabaseError):
        return False


def _check_header(path: Path) -> None:
    if not path.is_file():
        raise StorageError(f"{path} is not a file; move it away", code="not_a_database")
    with path.open("rb") as file:
        head_bytes = file.read(HEADER_BYTES)
    if not head_bytes:
        raise StorageError(f"{path} is empty (0 bytes); {way_back(path)}", code="database_empty")
    if len(head_bytes) < HEADER_BYTES or not head_bytes.startswith(MAGIC):
        raise StorageError(f"{path} is not a database; {way_back(path)}", code="not_a_database")


def _look_inside(connection: sqlite3.Connection, path: Path, *, thorough: bool) -> Found:
    pragma(connection, "query_only=ON", "cache_size=-16384")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StorageError(
            f"{path} is the database of another program; move it away, or name another file by "
            "database.url",
            code="foreign_database",
        )
    rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(rows) != 1:
        raise damaged(path, "its schema has no version")
    revision = str(rows[0][0])
    if not is_known(revision):
        raise StorageError(
            f"{path} was written by a newer StashHog (schema {revision[:32]}); install that "
            f"release, or go back: {way_back(path)}",
            code="schema_newer",
        )
    if revision == head():
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if lost := metadata.tables.keys() - {name for (name,) in tables}:
            raise damaged(path, f"it has no table {min(lost)}")
    if thorough:
        require_whole(connection, path, "quick_check")
    return Found(revision, thorough)


# --- how the last process left the file ----------------------------------------------------------


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}.closed")


def _state(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"size_bytes": found.st_size, "changed_ns": found.st_mtime_ns}


def _is_as_left(path: Path) -> bool:
    try:
        return bool(json.loads(_mark(path).read_bytes()) == _state(path))
    except (OSError, ValueError):
        return False


def _take_mark(path: Path) -> None:
    """From here on the file is not as it was left, after a power cut either."""
    try:
        _mark(path).unlink()
    except FileNotFoundError:
        return
    except OSError:
        raise read_only(path) from None
    sync_folder(path.parent)


def _leave_mark(path: Path) -> None:
    if has_log(path):
        return
    mark = _mark(path)
    try:
        place(mark, json.dumps(_state(path)).encode())
    except OSError as error:
        log.warning("mark_not_written", file=str(mark), error=error.strerror)
