"""Looking at a database without opening it for writing: what `stashhog doctor` says of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import trio

from stashhog.core.exceptions import StashHogException, StorageError
from stashhog.db.connections import connect, pragma
from stashhog.db.errors import has_room, read_only, storage_error
from stashhog.db.files import network_file_system
from stashhog.db.opening import ALONE, NOT_LOCAL, DatabaseValues, database_path, examine, has_log
from stashhog.db.revisions import head
from stashhog.db.settings import settings_tree
from stashhog.db.vault import open_vault

OK = 0
FAILED = 1

Finding = tuple[str, str, int]
"""How it is (`ok`, `warning`, `bad`), a sentence, and the exit code that it asks for."""


async def inspect_database(
    data_dir: Path, settings: DatabaseValues
) -> tuple[dict[str, Any] | None, list[Finding]]:
    """Look at the database of a data folder; nothing is written.

    Returns:
        What was saved in the UI (None where it cannot be read), and the findings.
    """
    return await trio.to_thread.run_sync(_inspect, data_dir, settings)


def _inspect(
    data_dir: Path, settings: DatabaseValues
) -> tuple[dict[str, Any] | None, list[Finding]]:
    try:
        path = database_path(data_dir, settings)
        # The data folder is made by the first start; any other folder has to be there.
        found = None if path.parent == data_dir and not data_dir.exists() else examine(path)
        if found is None:
            return None, [("ok", f"{path} will be made at the first start", OK)]
        if found.revision != head():
            detail = f"{path} has an older schema; the next start brings it up to date"
            return None, [("warning", detail, OK)]
        tree = _saved(data_dir, path)
    except StashHogException as error:
        return None, [("bad", error.detail, FAILED)]
    findings: list[Finding] = [("ok", f"{path}, {path.stat().st_size >> 20} MiB", OK)]
    if not os.access(path, os.W_OK):
        findings = [("bad", read_only(path).detail, FAILED)]
    elif not has_room(path):
        findings.append(("bad", f"no space left for {path}; free some on that device", FAILED))
    if kind := network_file_system(path.parent):
        findings.append(("warning", f"{path.parent} is on {kind}: {NOT_LOCAL}", OK))
    return tree, findings


def _saved(data_dir: Path, path: Path) -> dict[str, Any]:
    try:
        with closing(connect(path, mode="ro" if has_log(path) else ALONE)) as connection:
            pragma(connection, "query_only=ON")
            rows = connection.execute("SELECT name, value, sealed FROM settings").fetchall()
    except sqlite3.Error as error:
        told = storage_error(error, path)
        raise told or StorageError(f"{path} cannot be read ({error})") from None
    return settings_tree(rows, open_vault(data_dir, make=False))
