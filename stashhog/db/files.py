"""Files of the data folder that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600
MOUNTS = Path("/proc/self/mounts")
NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"}
    | {"fuse.glusterfs", "fuse.rclone", "fuse.sshfs"}
)
"""File systems whose locks and shared memory SQLite's log cannot rely on."""


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of network file system that holds a folder; None on a local one, or unknown."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    place = path.resolve()
    holding = ("", "")
    for line in lines:
        _, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if place.is_relative_to(point) and len(point) >= len(holding[0]):
            holding = (point, kind)
    return holding[1] if holding[1] in NETWORK else None


def place(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; a crash leaves the old one or the new one.

    When this returns, the new one is on the device under its name.
    """
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Bring a file's content to the device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the device."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
