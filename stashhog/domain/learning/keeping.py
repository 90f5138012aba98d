"""What was learned, as bytes to keep: counts and numbers, never code.

Rules:
- A kept lesson is good for one set of names and one way of learning: both are part of its key, and
  what does not fit is passed over and learned anew.
- Names are not kept: they are the library's, and are looked up in it again.
- It is JSON, line by line: one call for all of it would hold every other thread for as long.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from stashhog.domain.detection.counts import Counts, Rows
from stashhog.domain.detection.model import Calibrator, Linear, Weights
from stashhog.domain.detection.shipped import COLD, WARM
from stashhog.domain.detection.weights import FEATURES
from stashhog.domain.learning import Lesson
from stashhog.domain.learning.blocks import Block
from stashhog.domain.learning.training import FOLDS
from stashhog.domain.library import ENTITY_KINDS, Library

FORMAT = 4
"""To be raised with any change of what is counted or how it is fitted."""

MOST_BYTES = 64 * 1024 * 1024
VALUES_A_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A lesson, and the revision of the library that it was learned from."""

    lesson: Lesson
    revision: int


def lesson_key(library: Library) -> str:
    """What a kept lesson has to have been learned with: these names, in this way."""
    digest = hashlib.sha256()
    for part in (FORMAT, FOLDS, sorted(FEATURES.items()), COLD, WARM):
        digest.update(repr(part).encode())
    for kind in ENTITY_KINDS:
        for entity in library.of(kind).values():
            digest.update(repr(entity).encode("utf-8", "replace"))
    return digest.hexdigest()


def packed(lesson: Lesson, key: str, revision: int) -> bytes | None:
    """A lesson as bytes; None where it is too much to keep."""
    squeezed = zlib.compressobj(level=1)
    out = bytearray()
    for line in _lines(lesson, key, revision):
        out += squeezed.compress(line + b"\n")
    out += squeezed.flush()
    return bytes(out) if len(out) <= MOST_BYTES else None


def _lines(lesson: Lesson, key: str, revision: int) -> Iterator[bytes]:
    """Two lines for each block, and one for some values of a slot of the rest."""
    weights = lesson.weights
    yield _json(
        {
            "key": key,
            "revision": revision,
            "changed": lesson.changed,
            "linear": {name: linear.weights for name, linear in weights.linear.items()},
            "calibrators": {name: asdict(one) for name, one in weights.calibrators.items()},
            "blocks": len(lesson.blocks),
        }
    )
    for block in lesson.blocks:
        yield _json([block.name, block.prints])
        yield block.counts
    for slot, rows in lesson.rest.slots.items():
        values = iter(rows.items())
        while some := dict(islice(values, VALUES_A_LINE)):
            yield _json([slot, some])


def _json(line: Any) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode()


def unpacked(content: bytes, key: str, checkpoint: Callable[[], None]) -> Kept | None:
    """A kept lesson, where the bytes are whole and were kept under this key."""
    try:
        lines = iter(zlib.decompress(content).splitlines())
        head: Any = json.loads(next(lines))
        if head["key"] != key:
            return None
        blocks = []
        for _ in range(head["blocks"]):
            checkpoint()
            name, prints = json.loads(next(lines))
            blocks.append(Block(name, prints, next(lines)))
        slots: dict[str, Rows] = {}
        for line in lines:
            checkpoint()
            slot, rows = json.loads(line)
            slots.setdefault(slot, {}).update(rows)
        weights = Weights(
            {name: Linear(tuple(map(float, row))) for name, row in head["linear"].items()},
            {name: Calibrator(**parts) for name, parts in head["calibrators"].items()},
        )
        lesson = Lesson(weights, blocks, Counts(slots), int(head["changed"]))
        return Kept(lesson, int(head["revision"]))
    except (
        zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError, StopIteration
    ):  # fmt: skip
        return None
