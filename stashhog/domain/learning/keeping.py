"""What was learned, as bytes to keep: counts and numbers, never code.

Rules:
- Kept knowledge is good for one library and one way of learning: both are part of its key, and
  what does not fit is passed over and learned anew.
- Names are not kept: they are the library's, and are looked up in it again.
- It is JSON, line by line: one call for all of it would hold every other thread for as long.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

from stashhog.domain.detection.counts import Counts, Rows
from stashhog.domain.detection.knowledge import Knowledge, strongest
from stashhog.domain.detection.lexicon import build_lexicon
from stashhog.domain.detection.model import Calibrator, Linear, Weights
from stashhog.domain.detection.shipped import COLD, WARM
from stashhog.domain.detection.weights import FEATURES
from stashhog.domain.learning.training import FOLDS
from stashhog.domain.library import ENTITY_KINDS, Library

FORMAT = 3
"""To be raised with any change of what is counted or how it is fitted."""

MOST_BYTES = 64 * 1024 * 1024
VALUES_A_LINE = 1_000


def knowledge_key(library: Library, revision: int) -> str:
    """What kept knowledge has to have been learned from, and how."""
    digest = hashlib.sha256()
    for part in (FORMAT, FOLDS, sorted(FEATURES.items()), COLD, WARM, revision):
        digest.update(repr(part).encode())
    for kind in ENTITY_KINDS:
        for entity in library.of(kind).values():
            digest.update(repr(entity).encode("utf-8", "replace"))
    return digest.hexdigest()


def packed(knowledge: Knowledge, key: str) -> bytes | None:
    """Knowledge as bytes; None where it is too much to keep."""
    squeezed = zlib.compressobj(level=1)
    out = bytearray()
    for line in _lines(knowledge, key):
        out += squeezed.compress(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    out += squeezed.flush()
    return bytes(out) if len(out) <= MOST_BYTES else None


def _lines(knowledge: Knowledge, key: str) -> Iterator[Any]:
    """All but the counts, then the counts: a slot with some of its values a line."""
    weights = knowledge.weights
    yield {
        "key": key,
        "organized": knowledge.organized_scenes,
        "linear": {name: linear.weights for name, linear in weights.linear.items()},
        "calibrators": {name: asdict(one) for name, one in weights.calibrators.items()},
    }
    for slot, rows in knowledge.counts.slots.items():
        values = iter(rows.items())
        while some := dict(islice(values, VALUES_A_LINE)):
            yield slot, some


def unpacked(
    content: bytes, library: Library, key: str, checkpoint: Callable[[], None]
) -> Knowledge | None:
    """Kept knowledge, where the bytes are whole and were kept under this key."""
    try:
        head, *lines = zlib.decompress(content).splitlines()
        found: Any = json.loads(head)
        if found["key"] != key:
            return None
        slots: dict[str, Rows] = {}
        for line in lines:
            checkpoint()
            slot, rows = json.loads(line)
            slots.setdefault(slot, {}).update(rows)
        weights = Weights(
            {name: Linear(tuple(map(float, row))) for name, row in found["linear"].items()},
            {name: Calibrator(**parts) for name, parts in found["calibrators"].items()},
        )
        counts, organized = Counts(slots), int(found["organized"])
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lexicon = build_lexicon(library, checkpoint)
    return Knowledge.of(lexicon, counts, weights, organized, strongest(counts, checkpoint))
