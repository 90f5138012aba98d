"""A disk that forgets: what a folder may look like after the power was cut at some moment.

`powercut.c` traces every change of a folder's files. Played back up to a moment, what was synced is
there; of what was not, any part may be: each write by sectors, each name by itself. That is more
than most file systems lose, and all that POSIX promises.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).with_name("powercut.c")
SECTOR = 512
CREATE, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, MKDIR = range(1, 9)
_HEAD = struct.Struct("<IIQQq")
_SCRATCH = "-shm"


def compiler() -> str | None:
    """The C compiler, if there is one."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def build(folder: Path) -> Path:
    """Compile the tracer."""
    command = compiler()
    assert command is not None, "no C compiler"
    library = folder / "powercut.so"
    flags = ("-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library))
    subprocess.run([command, *flags, str(SOURCE), "-ldl", "-lpthread"], check=True)
    return library


@dataclass(frozen=True, slots=True)
class Step:
    """One traced call: `at_ns` is the monotonic clock after it."""

    op: int
    at_ns: int
    inode: int
    offset: int
    content: bytes


def steps(trace: Path) -> Iterator[Step]:
    """Read a trace; a last record that is cut is left out."""
    with trace.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            op, size, at_ns, inode, offset = _HEAD.unpack(head)
            content = file.read(size)
            if len(content) == size:
                yield Step(op, at_ns, inode, offset, content)


@dataclass(slots=True)
class _File:
    """What of a file is on the device, and what was done to it since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        for step in self.pending:
            _do(self.durable, step)
        self.pending.clear()

    def after_cut(self, chance: random.Random, share: float) -> bytes:
        content = bytearray(self.durable)
        for step in self.pending:
            if step.op == TRUNCATE:
                if chance.random() < share:
                    _do(content, step)
                continue
            for start in range(0, len(step.content), SECTOR):
                if chance.random() < share:
                    piece = step.content[start : start + SECTOR]
                    _put(content, step.offset + start, piece)
        return bytes(content)


def _put(content: bytearray, offset: int, piece: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(piece)] = piece


def _do(content: bytearray, step: Step) -> None:
    if step.op == WRITE:
        _put(content, step.offset, step.content)
    elif step.offset < len(content):
        del content[step.offset :]
    else:
        content.extend(bytes(step.offset - len(content)))


_Names = dict[str, int]


@dataclass(slots=True)
class _Rename:
    """A pending change of names: `gone` leave, `come` arrive."""

    folder: str
    gone: tuple[str, ...]
    come: tuple[tuple[str, int], ...]
    """Names, and the number of the file that has each."""

    def do(self, names: _Names) -> None:
        for path in self.gone:
            names.pop(path, None)
        names.update(self.come)


class Playback:
    """Plays a trace forward over a folder as it was before it, and cuts the power on the way."""

    def __init__(self, before: Path, root: Path) -> None:
        self._root = str(root)
        self._files: list[_File] = []
        self._of_inode: dict[int, int] = {}
        self._folders: dict[int, str] = {root.stat().st_ino: self._root}
        self._durable: _Names = {}
        self._pending: list[_Rename] = []
        for path in before.rglob("*"):
            inode = (root / path.relative_to(before)).stat().st_ino
            if path.is_dir():
                self._folders[inode] = str(root / path.relative_to(before))
            else:
                name = str(root / path.relative_to(before))
                self._durable[name] = self._new_file(inode, bytearray(path.read_bytes()))
        self._now: _Names = dict(self._durable)

    def _new_file(self, inode: int, content: bytearray) -> int:
        """A file of its own, also where a removed one had the same inode."""
        self._files.append(_File(content))
        self._of_inode[inode] = len(self._files) - 1
        return len(self._files) - 1

    def do(self, step: Step) -> None:
        """Take the next step."""
        path = step.content.decode() if step.op in (CREATE, RENAME, UNLINK, MKDIR) else ""
        if step.op in (WRITE, TRUNCATE):
            self._files[self._of_inode[step.inode]].pending.append(step)
        elif step.op == SYNC:
            self._files[self._of_inode[step.inode]].sync()
        elif step.op == SYNC_FOLDER:
            self._sync_folder(self._folders[step.inode])
        elif step.op == MKDIR:
            self._folders[step.inode] = path
        elif step.op == CREATE:
            if path not in self._now:
                self._rename(path, (), ((path, self._new_file(step.inode, bytearray())),))
        elif step.op == UNLINK:
            self._rename(path, (path,), ())
        else:
            old, new = path.split("\0")
            self._rename(new, (old,), ((new, self._of_inode[step.inode]),))

    def _rename(self, at: str, gone: tuple[str, ...], come: tuple[tuple[str, int], ...]) -> None:
        change = _Rename(str(Path(at).parent), gone, come)
        change.do(self._now)
        self._pending.append(change)

    def _sync_folder(self, folder: str) -> None:
        for change in [each for each in self._pending if each.folder == folder]:
            change.do(self._durable)
            self._pending.remove(change)

    def cut(self, target: Path, chance: random.Random) -> None:
        """Write what is left after a power cut now into a new folder."""
        share = chance.choice((0.0, 0.5, 1.0))
        names = dict(self._durable)
        for change in self._pending:
            if chance.random() < share:
                change.do(names)
        for folder in self._folders.values():
            (target / os.path.relpath(folder, self._root)).mkdir(parents=True, exist_ok=True)
        for path, number in names.items():
            if not path.endswith(_SCRATCH):
                file = target / os.path.relpath(path, self._root)
                file.write_bytes(self._files[number].after_cut(chance, share))
                file.chmod(0o600)


def traced(library: Path, root: Path, trace: Path) -> dict[str, str]:
    """The environment of a process whose changes below `root` are traced."""
    return {
        "LD_PRELOAD": str(library),
        "POWER_ROOT": str(root.resolve()),
        "POWER_TRACE": str(trace.resolve()),
    }
