"""Disks that are full: really so where file systems may be mounted, else for one process.

The limit of a process (`RLIMIT_FSIZE`) needs no rights: no file of it may grow past it, which the
system tells as `EFBIG`, where a full disk is `ENOSPC` and a quota `EDQUOT`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

FILLER = "filler"
_PIECE = bytes(64 << 10)


@contextmanager
def full_disk(process: subprocess.Popen[bytes], left_bytes: int = 0) -> Generator[None]:
    """Let a running process write nothing past `left_bytes` in any file, as long as this lasts."""
    limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (left_bytes, limits[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)


def may_mount() -> bool:
    """Whether a tmpfs can be mounted here."""
    if os.geteuid() != 0:
        return False
    try:
        with SmallDisk(1 << 20):
            return True
    except subprocess.CalledProcessError:
        return False


class SmallDisk:
    """A tmpfs of a size, as long as the block lasts."""

    def __init__(self, size_bytes: int) -> None:
        self._size = size_bytes
        self.path = Path()

    def __enter__(self) -> Self:
        self.path = Path(tempfile.mkdtemp(prefix="small-disk-"))
        self._run("mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", str(self.path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("umount", "--lazy", str(self.path))
        self.path.rmdir()

    @contextmanager
    def full(self, left_bytes: int = 0) -> Generator[None]:
        """Fill it but for so many bytes, as long as the block lasts."""
        filler = self.path / FILLER
        try:
            with filler.open("wb", buffering=0) as file:
                while self._free() > left_bytes:
                    try:
                        file.write(_PIECE[: max(4096, min(len(_PIECE), self._free() - left_bytes))])
                    except OSError:
                        break
            yield
        finally:
            filler.unlink(missing_ok=True)

    def _free(self) -> int:
        state = os.statvfs(self.path)
        return state.f_bavail * state.f_frsize

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)
