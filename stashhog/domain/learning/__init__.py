"""What the user's own organised scenes teach: counts, weights and what a confidence is worth.

Rules:
- Weights and calibrators are fitted on scores whose counts leave the scene's fold out.
- Small libraries stay near the shipped numbers; below `CALIBRATED_FROM` organised scenes the
  confidence is not the library's own.
- The same scenes teach the same, in whatever order they come.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from stashhog.domain.detection.counts import Counts
from stashhog.domain.detection.knowledge import CALIBRATED_FROM, Knowledge, strongest
from stashhog.domain.detection.lexicon import build_lexicon
from stashhog.domain.detection.model import Weights
from stashhog.domain.detection.reading import known_title, last_day, read
from stashhog.domain.detection.weights import shipped
from stashhog.domain.learning.tally import survey, survey_folders, tally
from stashhog.domain.learning.training import Checkpoint, fit_weights, folded
from stashhog.domain.library import Library, Scene

__all__ = ["CALIBRATED_FROM", "Knowledge", "learn"]

MOST_SAMPLED = 2_000
MOST_SURVEYED = 2_000


def _nothing() -> None:
    """No checkpoint."""


_T = TypeVar("_T", tuple[int, str], tuple[int, str, Scene])


def _sample(kept: list[_T], most: int, entry: _T) -> None:
    """Keep the greatest entries: the same ones in whatever order they come."""
    if len(kept) < most:
        heapq.heappush(kept, entry)
    else:
        heapq.heappushpop(kept, entry)


def learn(
    library: Library,
    organized: Iterable[Scene],
    paths: Iterable[tuple[str, datetime]] = (),
    *,
    checkpoint: Checkpoint = _nothing,
    start: Weights | None = None,
) -> Knowledge:
    """Learn from organised scenes; others among them are passed over.

    Args:
        library: The entities that may be proposed.
        organized: The scenes, read once, in any number.
        paths: Paths of all files of the library with the instant each came in, for what they say
            without being organised.
        checkpoint: Called every few milliseconds of work; what it raises ends the learning.
        start: What little libraries stay near; the shipped numbers where it is None.
    """
    lexicon = build_lexicon(library, checkpoint)
    counts = Counts()
    sample: list[tuple[int, str, Scene]] = []
    total = 0
    for scene in organized:
        checkpoint()
        if not scene.organized or not scene.files:
            continue
        total += 1
        tally(counts, scene, read(scene, lexicon, title=known_title(scene)))
        entry = (-zlib.crc32(f"s{scene.id}".encode("utf-8", "replace")), scene.id, scene)
        _sample(sample, MOST_SAMPLED, entry)
    surveyed: list[tuple[int, str]] = []
    for path, came in paths:
        checkpoint()
        survey(counts, path, last_day(came))
        _sample(surveyed, MOST_SURVEYED, (-zlib.crc32(path.encode("utf-8", "replace")), path))
    for _, path in sorted(surveyed):
        checkpoint()
        survey_folders(counts, path, lexicon)
    scenes = [entry[2] for entry in sorted(sample, key=lambda entry: entry[:2])]
    weights = start or shipped(total)
    if scenes:
        examples = folded(scenes, lexicon, counts, checkpoint)
        weights = fit_weights(examples, weights, checkpoint)
        while examples:  # all at once, the other threads would wait for the end of all of them
            checkpoint()
            examples.pop()
    tops = strongest(counts, checkpoint)
    return Knowledge.of(lexicon, counts, weights, total, tops)
