"""What was learned, as bytes to keep: counts and numbers, never code.

Rules:
- Kept knowledge is good for one library and one way of learning: both are part of its key, and
  what does not fit is passed over and learned anew.
- Names are not kept: they are the library's, and are looked up in it again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from stashhog.domain.detection.counts import Counts
from stashhog.domain.detection.knowledge import Knowledge, strongest
from stashhog.domain.detection.lexicon import build_lexicon
from stashhog.domain.detection.model import Calibrator, Linear, Weights
from stashhog.domain.detection.shipped import COLD, WARM
from stashhog.domain.detection.weights import FEATURES
from stashhog.domain.learning.training import FOLDS
from stashhog.domain.library import ENTITY_KINDS, Library

FORMAT = 1
"""To be raised with any change of what is counted or how it is fitted."""

MOST_BYTES = 64 * 1024 * 1024


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
    weights = knowledge.weights
    content = {
        "key": key,
        "organized": knowledge.organized_scenes,
        "linear": {name: linear.weights for name, linear in weights.linear.items()},
        "calibrators": {name: asdict(one) for name, one in weights.calibrators.items()},
        "counts": knowledge.counts.slots,
    }
    out = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), level=1)
    return out if len(out) <= MOST_BYTES else None


def unpacked(
    content: bytes, library: Library, key: str, checkpoint: Callable[[], None]
) -> Knowledge | None:
    """Kept knowledge, where the bytes are whole and were kept under this key."""
    try:
        found: Any = json.loads(zlib.decompress(content))
        if found["key"] != key:
            return None
        checkpoint()
        weights = Weights(
            {name: Linear(tuple(map(float, row))) for name, row in found["linear"].items()},
            {name: Calibrator(**parts) for name, parts in found["calibrators"].items()},
        )
        counts, organized = Counts(found["counts"]), int(found["organized"])
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lexicon = build_lexicon(library, checkpoint)
    return Knowledge.of(lexicon, counts, weights, organized, strongest(counts, checkpoint))
