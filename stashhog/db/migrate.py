"""Bringing a database file to the present schema, in one transaction, after a checked copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from stashhog.core.exceptions import StorageError
from stashhog.db.backups import make_backup
from stashhog.db.connections import APPLICATION_ID, connect, migration_engine, pragma
from stashhog.db.errors import storage_error
from stashhog.db.files import sync_file, sync_folder
from stashhog.db.revisions import REVISIONS, head

log = structlog.get_logger(__name__)


def create(path: Path) -> None:
    """Make a new, empty database under its name, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    for rest in path.parent.glob(f"{new.name}*"):
        rest.unlink()
    try:
        with closing(connect(new, mode="rwc")) as connection:
            new.chmod(0o600)
            pragma(connection, f"application_id={APPLICATION_ID}")
        upgrade(new)
        with closing(connect(new)) as connection:
            pragma(connection, "journal_mode=DELETE")
    except sqlite3.Error as error:
        raise storage_error(error, path) or error from error
    sync_file(new)
    new.replace(path)
    sync_folder(path.parent)
    log.info("database_made", file=str(path))


def migrate(path: Path, revision: str, folder: Path = REVISIONS) -> None:
    """Copy a database of an older schema, then change it.

    Args:
        path: The database file, which nobody else has open.
        revision: The schema that it has.
        folder: Where the revisions are.

    Raises:
        StorageError: there is no room, it cannot be written, or a revision does not go through;
            the file is as it was.
    """
    backup = make_backup(path, revision)
    log.info("migrating", file=str(path), from_=revision, to=head(folder), backup=str(backup))
    upgrade(path, folder)


def upgrade(path: Path, folder: Path = REVISIONS, to: str = "head") -> None:
    """Run the revisions that a database lacks, all in one transaction.

    Raises:
        StorageError: it cannot be written, or a revision does not go through; the file is as it
            was.
    """
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    engine = migration_engine(path)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            if loose := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1):
                raise _not_migrated(path, folder, f"a row of {loose[0][0]} refers to nothing")
    except DBAPIError as error:
        told = storage_error(error.orig, path)
        raise told or _not_migrated(path, folder, str(error.orig)) from error
    finally:
        engine.dispose()


def _not_migrated(path: Path, folder: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} could not be brought to schema {head(folder)} ({why}); it is as it was: go on "
        "with the former release, and report this",
        code="migration_failed",
    )
