"""Connections to the database file: how they are set up, and the two pools made of them.

Rules:
- One writer connection, which begins with `BEGIN IMMEDIATE` and alone checkpoints the log: two
  connections that checkpoint are what SQLite's own WAL bugs need.
- Readers cannot write, and see one snapshot from their `BEGIN` on.
- Caches are small and nothing is mapped: the file's pages are the operating system's to keep.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

APPLICATION_ID = 0x53744867
"""Marks the file as ours, in bytes 68 to 71 of its header."""

BUSY_SECONDS = 5.0
WRITER_CACHE_KIB = 16384
READER_CACHE_KIB = 2048
CHECKPOINT_PAGES = 4000
LOG_LIMIT_BYTES = 32 << 20
"""What the log file is cut to after a checkpoint; while readers hold it, it may be larger."""


def connect(path: Path, *, mode: str = "rw") -> sqlite3.Connection:
    """Open the file without making it; transactions are ours to begin.

    Args:
        path: The database file.
        mode: `rw`, `ro`, or `rwc` to make the file.
    """
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


def pragma(connection: sqlite3.Connection, *settings: str) -> None:
    """Set pragmas, in order."""
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").close()


def _connect(path: Path, *settings: str) -> sqlite3.Connection:
    connection = connect(path)
    try:
        pragma(connection, *settings)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_writer(path: Path, *, foreign_keys: str = "ON") -> sqlite3.Connection:
    """Open the one connection that writes."""
    return _connect(
        path,
        "journal_mode=WAL",
        "synchronous=FULL",
        f"foreign_keys={foreign_keys}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        f"journal_size_limit={LOG_LIMIT_BYTES}",
        f"cache_size=-{WRITER_CACHE_KIB}",
        "mmap_size=0",
        "temp_store=MEMORY",
    )


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that can only read."""
    return _connect(
        path,
        "query_only=ON",
        "synchronous=FULL",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
        f"cache_size=-{READER_CACHE_KIB}",
        "mmap_size=0",
        "temp_store=MEMORY",
    )


def writer_engine(path: Path, *, echo: bool = False) -> Engine:
    """The pool of one that writes."""
    return _engine(lambda: connect_writer(path), 1, "BEGIN IMMEDIATE", echo=echo)


def migration_engine(path: Path) -> Engine:
    """The pool of one that changes the schema.

    Rebuilding a table drops the old one, and with foreign keys on that deletes what refers to it;
    whoever uses this checks them before it commits.
    """
    return _engine(
        lambda: connect_writer(path, foreign_keys="OFF"), 1, "BEGIN IMMEDIATE", echo=False
    )


def reader_engine(path: Path, size: int, *, echo: bool = False) -> Engine:
    """The pool that reads; the connection used last is used first, its cache being warm."""
    return _engine(lambda: connect_reader(path), size, "BEGIN", echo=echo)


def _engine(creator: Any, size: int, begin: str, *, echo: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_use_lifo=True,
        pool_reset_on_return="rollback",
        hide_parameters=True,
        echo=echo,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
