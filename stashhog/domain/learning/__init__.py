"""What the user's own organised scenes teach: counts, weights and what a confidence is worth.

Rules:
- Weights and calibrators are fitted on scores whose counts leave the scene's fold out.
- Small libraries stay near the shipped numbers; below `CALIBRATED_FROM` organised scenes the
  confidence is not the library's own.
- The same scenes teach the same, in whatever order they come.
- Where the library's names are those of a former lesson, only blocks of scenes that say something
  else are counted again, and the tables are those of learning anew. What is fitted on them stays
  until more than one scene in `FIT_AGAIN` changed: so an edit counts at once, and costs a quarter.
  A name more or less may be found in any path, so everything is learned anew then.

Measured with 25,000 organised scenes: 7 s of counting, 6 s of fitting, 1 s of what all paths say.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from stashhog.domain.detection.counts import Counts
from stashhog.domain.detection.knowledge import CALIBRATED_FROM, Knowledge, strongest
from stashhog.domain.detection.lexicon import Lexicon, build_lexicon
from stashhog.domain.detection.model import Weights
from stashhog.domain.detection.reading import last_day
from stashhog.domain.detection.weights import shipped
from stashhog.domain.learning.blocks import Block, in_blocks, print_of
from stashhog.domain.learning.tally import TITLE_SLOTS, survey, survey_folders
from stashhog.domain.learning.training import Checkpoint, fit_weights, folded
from stashhog.domain.library import Library, Scene

__all__ = ["CALIBRATED_FROM", "Knowledge", "Lesson", "learn", "learn_again"]

MOST_SAMPLED = 2_000
MOST_SURVEYED = 2_000
FIT_AGAIN = 100


def _nothing() -> None:
    """No checkpoint."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, in the parts that it is kept in; the library's names are not among them.

    Attributes:
        weights: What was fitted.
        blocks: The organised scenes, and what was counted in them.
        rest: What was counted in all paths, and in the scenes that `weights` were fitted on.
        changed: How many scenes have changed since `weights` were fitted.
    """

    weights: Weights
    blocks: Sequence[Block] = ()
    rest: Counts = field(default_factory=Counts)
    changed: int = 0

    @property
    def scenes(self) -> int:
        """How many organised scenes it was learned from."""
        return sum(len(block.prints) for block in self.blocks)

    def recalled(self, library: Library, checkpoint: Checkpoint) -> Knowledge:
        """The knowledge that it was, for the library that it was learned from."""
        counts = Counts()
        for block in self.blocks:
            checkpoint()
            block.add_to(counts)
        counts.merge(self.rest.slots)
        return self.knowledge(build_lexicon(library, checkpoint), counts, checkpoint)

    def knowledge(self, lexicon: Lexicon, counts: Counts, checkpoint: Checkpoint) -> Knowledge:
        """The knowledge that goes with these counts, which are those of this lesson."""
        tops = strongest(counts, checkpoint)
        return Knowledge.of(lexicon, counts, self.weights, self.scenes, tops)


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
    return learn_again(None, library, organized, paths, checkpoint=checkpoint, start=start)[0]


def learn_again(
    former: Lesson | None,
    library: Library,
    organized: Iterable[Scene],
    paths: Iterable[tuple[str, datetime]] = (),
    *,
    checkpoint: Checkpoint = _nothing,
    start: Weights | None = None,
) -> tuple[Knowledge, Lesson]:
    """Learn as `learn` does, taking from `former` what was learned with the very same names."""
    lexicon = build_lexicon(library, checkpoint)
    counts, rest = Counts(), Counts()
    known = {} if former is None else {block.name: block for block in former.blocks}
    changed = 0 if former is None else former.changed
    sample: list[tuple[int, str, Scene]] = []
    blocks: list[Block] = []
    for name, scenes in in_blocks(organized, checkpoint):
        for scene in scenes:
            entry = (-zlib.crc32(f"s{scene.id}".encode("utf-8", "replace")), scene.id, scene)
            _sample(sample, MOST_SAMPLED, entry)
        prints = {scene.id: print_of(scene) for scene in scenes}
        block = before = known.pop(name, None)
        if block is None or block.prints != prints:
            block = Block.counted(name, prints, scenes, lexicon, checkpoint)
            changed += block.changed_from(before)
        block.add_to(counts)
        blocks.append(block)
    changed += sum(len(gone.prints) for gone in known.values())
    _survey(rest, paths, lexicon, checkpoint)
    counts.merge(rest.slots)
    total = sum(len(block.prints) for block in blocks)
    if former is not None and changed * FIT_AGAIN <= total:
        weights = former.weights
        titles = {slot: former.rest.slots.get(slot, {}) for slot in TITLE_SLOTS}
        counts.merge(titles)
    else:
        ranked = [entry[2] for entry in sorted(sample, key=lambda entry: entry[:2])]
        weights = _fitted(ranked, lexicon, counts, start or shipped(total), checkpoint)
        titles, changed = {slot: counts.slots.get(slot, {}) for slot in TITLE_SLOTS}, 0
    rest.slots.update(titles)
    lesson = Lesson(weights, blocks, rest, changed)
    return lesson.knowledge(lexicon, counts, checkpoint), lesson


_T = TypeVar("_T", tuple[int, str], tuple[int, str, Scene])


def _sample(kept: list[_T], most: int, entry: _T) -> None:
    """Keep the greatest entries: the same ones in whatever order they come."""
    if len(kept) < most:
        heapq.heappush(kept, entry)
    else:
        heapq.heappushpop(kept, entry)


def _survey(
    counts: Counts,
    paths: Iterable[tuple[str, datetime]],
    lexicon: Lexicon,
    checkpoint: Checkpoint,
) -> None:
    """Count what all paths say without being organised."""
    surveyed: list[tuple[int, str]] = []
    for path, came in paths:
        checkpoint()
        survey(counts, path, last_day(came))
        _sample(surveyed, MOST_SURVEYED, (-zlib.crc32(path.encode("utf-8", "replace")), path))
    for _, path in sorted(surveyed):
        checkpoint()
        survey_folders(counts, path, lexicon)


def _fitted(
    scenes: Sequence[Scene],
    lexicon: Lexicon,
    counts: Counts,
    start: Weights,
    checkpoint: Checkpoint,
) -> Weights:
    """Fit on some scenes; adds to the counts where their titles begin and end."""
    if not scenes:
        return start
    examples = folded(scenes, lexicon, counts, checkpoint)
    weights = fit_weights(examples, start, checkpoint)
    while examples:  # all at once, the other threads would wait for the end of all of them
        checkpoint()
        examples.pop()
    return weights
