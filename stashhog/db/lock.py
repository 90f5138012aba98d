"""One process a data folder: a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from stashhog.core.exceptions import StorageError
from stashhog.db.errors import folder_error

LOCK_FILE = "stashhog.lock"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def make_data_folder(data_dir: Path) -> None:
    """Make the data folder, readable by its owner only, where it does not exist.

    Raises:
        StorageError: it cannot be made, or something else has its name.
    """
    try:
        data_dir.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        remedy = "name another folder by --data-dir, or give this place to this user"
        raise folder_error(error, data_dir, remedy, "data_folder_unusable") from None


@contextmanager
def lock_data_folder(data_dir: Path) -> Generator[None]:
    """Hold the data folder for this process.

    Raises:
        StorageError: `data_folder_in_use` where another process holds it,
            `data_folder_unusable` where it cannot be made or written.
    """
    make_data_folder(data_dir)
    path = data_dir / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    except OSError as error:
        remedy = "give the data folder to this user, or name another by --data-dir"
        raise folder_error(error, path, remedy, "data_folder_unusable") from None
    try:
        _lock(descriptor, path)
        with suppress(OSError):  # on a full disk the holder stays unnamed
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder.isdecimal() else "another process"
        raise StorageError(
            f"{path.parent} is in use by {who}; stop it, or name another folder by --data-dir",
            code="data_folder_in_use",
            context={"pid": int(holder)} if holder.isdecimal() else None,
        ) from None
    except OSError as error:
        raise StorageError(
            f"{path} cannot be locked ({error.strerror}); put the data folder on a local disk",
            code="data_folder_unusable",
        ) from None
