"""Where a data folder lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from stashhog.db.files import network_file_system


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data", None),
        ("/mnt/share/stashhog", "nfs4"),
        ("/mnt/share/stashhog/local", None),
        ("/mnt/my share/stashhog", "cifs"),
        ("/mnt/shared", None),
    ],
)
def test_a_network_share_is_known_by_its_mount(
    tmp_path: Path, folder: str, kind: str | None
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "overlay / overlay rw 0 0\n"
        "nas:/share /mnt/share nfs4 rw,vers=4.2 0 0\n"
        "/dev/sda1 /mnt/share/stashhog/local ext4 rw 0 0\n"
        "//nas/my /mnt/my\\040share cifs rw 0 0\n"
    )
    assert network_file_system(Path(folder), mounts) == kind


def test_where_mounts_are_not_told_nothing_is_said(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "none") is None
