"""Organised scenes in blocks, each counted by itself: what says the same is not counted again.

Rules:
- The tables are sums over scenes, and so over blocks; the counts of a block whose scenes say what
  they said are taken as they were kept.
- A block is the scenes whose ids differ in their last digits only. They have to come in the order
  of their ids, else none is found again; what is counted is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby

from stashhog.domain.detection.counts import Counts
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.reading import known_title, read
from stashhog.domain.learning.tally import tally
from stashhog.domain.library import Scene

DIGITS = 3
"""A thousand ids a block: a third of a second to count, some milliseconds to read."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some organised scenes: by id what each says, and what was counted in them, as JSON."""

    name: str
    prints: Mapping[str, str]
    counts: bytes

    @classmethod
    def counted(
        cls,
        name: str,
        prints: Mapping[str, str],
        scenes: Iterable[Scene],
        lexicon: Lexicon,
        checkpoint: Callable[[], None],
    ) -> Block:
        """Count what the scenes say."""
        own = Counts()
        for scene in scenes:
            checkpoint()
            tally(own, scene, read(scene, lexicon, title=known_title(scene)))
        return cls(name, prints, json.dumps(own.slots, separators=(",", ":")).encode())

    def add_to(self, counts: Counts) -> None:
        """Add what was counted in this block."""
        counts.merge(json.loads(self.counts))

    def changed_from(self, former: Block | None) -> int:
        """How many scenes say something else than before, came or went."""
        before = {} if former is None else former.prints
        both = {*before, *self.prints}
        return sum(before.get(one) != self.prints.get(one) for one in both)


def in_blocks(
    organized: Iterable[Scene], checkpoint: Callable[[], None]
) -> Iterator[tuple[str, list[Scene]]]:
    """The organised scenes that have files, block by block; others are passed over."""

    def usable() -> Iterator[Scene]:
        for scene in organized:
            checkpoint()
            if scene.organized and scene.files:
                yield scene

    for name, some in groupby(usable(), key=lambda scene: scene.id[:-DIGITS]):
        yield name, list(some)


def print_of(scene: Scene) -> str:
    """A short print of all that is counted in a scene."""
    said = (
        scene.title,
        scene.details,
        scene.date,
        scene.studio_id,
        sorted(scene.performer_ids),
        sorted(scene.tag_ids),
        [(file.path, file.width) for file in scene.files],
        scene.created_at,
    )
    return blake2b(repr(said).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
