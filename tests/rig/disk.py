"""A disk that is full for one process, without being root and without filling anything.

The limit is the process' own (`RLIMIT_FSIZE`): no file of it may grow past it, which the system
tells as `EFBIG`. `tests.reliability.disk` fills real file systems where it may mount them.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress


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
