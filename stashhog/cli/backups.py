"""`stashhog backup` and `stashhog restore`: copies of the database, and the way back.

A copy holds no key: saved secrets in it can be opened in the data folder that it came from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import trio
from cyclopts import Parameter

from stashhog.cli.options import AsJson, DataDir, layers_of
from stashhog.cli.output import DONE, Printer, told
from stashhog.core.config import resolve
from stashhog.core.exceptions import StorageError
from stashhog.core.logging import configure_logging
from stashhog.db.backups import Backup, backups_of, make_backup, restore_backup
from stashhog.db.lock import lock_data_folder
from stashhog.db.opening import database_path, examine


def backup(*, as_json: AsJson = False, data_dir: DataDir = None) -> int:
    """Write a checked copy of the database."""

    async def story() -> int:
        _, path = _place(data_dir)
        if await trio.to_thread.run_sync(examine, path) is None:
            raise StorageError(f"there is no database yet at {path}", code="no_database")
        made = Backup.of(await trio.to_thread.run_sync(make_backup, path, "manual"))
        if made is not None:
            Printer(as_json).result(_shape(made))
        return DONE

    return told(story)


def restore(
    copy: Annotated[Path | None, Parameter(help="Its name or path; unset: list them.")] = None,
    *,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Put a copy in the database's place; what was there is kept."""
    printer = Printer(as_json)

    async def story() -> int:
        folder, path = _place(data_dir)
        if copy is None:
            shapes = [_shape(each) for each in reversed(backups_of(path))]
            printer.rows(("file", "made_at", "label", "size_bytes"), shapes)
            return DONE
        with lock_data_folder(folder):
            kept = await trio.to_thread.run_sync(restore_backup, path, copy)
        printer.result({"restored": str(copy), "kept": None if kept is None else str(kept)})
        return DONE

    return told(story)


def _place(data_dir: Path | None) -> tuple[Path, Path]:
    """The data folder and the database file in it."""
    settings = resolve(layers_of(data_dir)).settings
    configure_logging(settings.logging.model_copy(update={"level": "error"}))
    return settings.app.data_dir, database_path(settings.app.data_dir, settings.database)


def _shape(copy: Backup) -> dict[str, Any]:
    return {
        "file": copy.path.name,
        "made_at": copy.made_at.isoformat().replace("+00:00", "Z"),
        "label": copy.label,
        "size_bytes": copy.path.stat().st_size,
    }
