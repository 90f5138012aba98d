"""The open database: one function with a Session in one thread hop is one transaction.

Rules:
- A write is never abandoned: who is cancelled meanwhile waits for its end, so that "done" and "on
  disk" are one. A read is interrupted at once.
- What `read` and `write` give back are values, never rows that still hang on a Session.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar, cast

import structlog
import trio
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stashhog.db import connections
from stashhog.db.backups import make_backup
from stashhog.db.connections import pragma, reader_engine, writer_engine
from stashhog.db.errors import storage_error
from stashhog.db.store_events import OwnWriteRows
from stashhog.db.store_jobs import JobRows
from stashhog.db.store_journal import JournalRows
from stashhog.db.store_model import ModelRows
from stashhog.db.store_plans import PlanRows
from stashhog.db.store_schedules import ScheduleRows
from stashhog.db.store_sync import SyncRows
from stashhog.db.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 2.0
TEND_SECONDS = 30.0
TOLD_TIMES = 8
"""How much longer than it should be the log is before that is said."""
HELD = "another program has the database open and looks at an old state; close it"


class _Reading:
    """A read under way in a thread, which the event loop may interrupt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._unwanted = False

    def began(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if self._unwanted:
                raise InterruptedError
            self._connection = connection

    def ended(self) -> None:
        with self._lock:
            self._connection = None

    def interrupt(self) -> None:
        with self._lock:
            self._unwanted = True
            if self._connection is not None:
                self._connection.interrupt()


class Database:
    """The database of one data folder, open; `stashhog.db.open_database` makes it.

    Args:
        path: The file; it exists, is ours and has the present schema.
        vault: Seals secrets.
        pool_size: How many may read at the same time.
        echo: Log every statement, without its values.
    """

    def __init__(self, path: Path, vault: Vault, *, pool_size: int, echo: bool = False) -> None:
        self.path = path
        self.secrets = vault
        self.jobs = JobRows(self)
        self.sync = SyncRows(self)
        self.plans = PlanRows(self, path.parent)
        self.journal = JournalRows(self)
        self.schedules = ScheduleRows(self)
        self.own_writes = OwnWriteRows(self)
        self.model = ModelRows(self)
        self._pool_size = pool_size
        self._writer = writer_engine(path, echo=echo)
        self._readers = reader_engine(path, pool_size, echo=echo)
        self._write_limiter = trio.CapacityLimiter(1)
        self._read_limiter = trio.CapacityLimiter(pool_size)

    async def read(
        self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query function on one snapshot; cancelling interrupts it.

        Raises:
            StorageError: the file cannot be read.
        """
        reading = _Reading()
        call = _call(query, *args, **kwargs)
        try:
            return await trio.to_thread.run_sync(
                self._read, reading, call, abandon_on_cancel=True, limiter=self._read_limiter
            )
        finally:
            reading.interrupt()

    def _read(self, reading: _Reading, query: Callable[[Session], T]) -> T:
        with _transaction(self._readers, self.path) as s:
            reading.began(_raw(s))
            try:
                return query(s)
            finally:
                reading.ended()

    async def write(
        self, change: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function as one transaction; when this returns, it is on disk.

        A cancel that comes after the beginning waits for the end; what was written stays.

        Raises:
            DiskFullError: no space; nothing of this call was kept.
            StorageError: the file cannot be written; nothing of this call was kept.
            BusyError: another program holds the file.
        """
        call = _call(change, *args, **kwargs)
        return await trio.to_thread.run_sync(self._write, call, limiter=self._write_limiter)

    def _write(self, change: Callable[[Session], T]) -> T:
        with _transaction(self._writer, self.path) as s:
            return change(s)

    async def ping(self) -> float:
        """How long the shortest read takes, in seconds.

        Raises:
            StorageError: the file cannot be read.
        """
        before = time.perf_counter()
        await self.read(_look)
        return time.perf_counter() - before

    async def backup(self, label: str = "manual") -> Path:
        """Write a checked copy into the folder of backups; writers are not held up.

        Raises:
            StorageError: there is no room, or the copy is not whole.
        """
        return await trio.to_thread.run_sync(make_backup, self.path, label)

    async def tend(self) -> None:
        """Keep the log short for as long as this runs, also while nobody writes.

        Whoever looks at an old state (another program; our own copies, for seconds) keeps the log
        from being cut: it grows meanwhile, and that is said.
        """
        told = False
        while True:
            await trio.sleep(TEND_SECONDS)
            size_bytes = self._log_bytes()
            if size_bytes <= connections.LOG_LIMIT_BYTES or await self.cut_log():
                told = False
            elif size_bytes > connections.LOG_LIMIT_BYTES * TOLD_TIMES and not told:
                told = True
                log.warning(
                    "log_cannot_be_cut", file=str(self.path), size_bytes=size_bytes, detail=HELD
                )

    async def cut_log(self) -> bool:
        """Write the log back and empty it; False where somebody still looks at an old state."""
        return await trio.to_thread.run_sync(self._cut_log, limiter=self._write_limiter)

    def _cut_log(self) -> bool:
        try:
            return _checkpoint(self._writer, wait=False)
        except (DBAPIError, sqlite3.Error) as error:
            log.warning("log_not_written_back", error=str(getattr(error, "orig", error)))
            return False

    def _log_bytes(self) -> int:
        try:
            return self.path.with_name(f"{self.path.name}-wal").stat().st_size
        except OSError:
            return 0

    async def close(self) -> None:
        """Wait shortly for readers, write the log back and let go of the file."""
        with trio.CancelScope(shield=True):
            with trio.move_on_after(CLOSE_SECONDS):
                for _ in range(self._pool_size):
                    await self._read_limiter.acquire_on_behalf_of(object())
            await trio.to_thread.run_sync(self._close, limiter=self._write_limiter)

    def _close(self) -> None:
        self._readers.dispose()
        try:
            _checkpoint(self._writer, wait=True)
        except (DBAPIError, sqlite3.Error) as error:
            log.warning("log_not_written_back", error=str(getattr(error, "orig", error)))
        self._writer.dispose()


def _call(
    function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
) -> Callable[[Session], T]:
    return lambda s: function(s, *args, **kwargs)


@contextmanager
def _transaction(engine: Engine, path: Path) -> Generator[Session]:
    """A Session from BEGIN to COMMIT, with SQLite's errors told as ours."""
    try:
        with Session(engine, autoflush=False, expire_on_commit=False) as s, s.begin():
            yield s
    except DBAPIError as error:
        told = storage_error(error.orig, path)
        if told is None:
            raise
        raise told from error


def _checkpoint(writer: Engine, *, wait: bool) -> bool:
    """Write the log back and empty it, as far as nobody needs it; whether it is empty now.

    Args:
        writer: The writer's pool.
        wait: Whether to wait for readers as long as for any other lock.
    """
    with Session(writer) as s:
        s.connection().exec_driver_sql("COMMIT")
        raw = _raw(s)
        seconds = connections.BUSY_SECONDS if wait else 0
        pragma(raw, f"busy_timeout={int(seconds * 1000)}")
        try:
            busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            pragma(raw, f"busy_timeout={int(connections.BUSY_SECONDS * 1000)}")
    return not busy


def _raw(s: Session) -> sqlite3.Connection:
    return cast("sqlite3.Connection", s.connection().connection.driver_connection)


def _look(s: Session) -> None:
    s.connection().exec_driver_sql("SELECT 1")
