"""What a page from Stash changes in the local copy, and what to ask Stash for next.

Rules:
- Instants are compared in UTC, never as text; Stash compares `updated_at` as text in its own zone,
  so the question to Stash is built from the wall-clock part of a text that Stash itself wrote.
- A re-read that changed nothing disturbs nothing: the content hash decides.
- Nothing is marked deleted in bulk without a second look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from stashhog.domain.library import Scene, SceneFile

OVERLAP = timedelta(hours=1, seconds=10)
WIDE_OVERLAP = timedelta(hours=26)
SETTLE = timedelta(seconds=2)
"""A row read this soon after its own `updated_at` may still change within the same second."""


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """One scene or entity that could not be taken over, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Watermark:
    """The newest `updated_at` seen: Stash's own text, and its UTC offset in seconds.

    `offset_changed`: an earlier watermark had another offset (daylight saving, a moved server).
    """

    text: str
    offset_s: int
    offset_changed: bool = False

    @property
    def instant(self) -> datetime:
        """The watermark as an instant in UTC."""
        return parse_time(self.text)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A scene's id and Stash's text of its `updated_at`."""

    id: str
    updated_at_text: str


@dataclass(frozen=True, slots=True)
class KnownScene:
    """What the local copy remembers of a scene between syncs."""

    updated_at_text: str
    read_at: datetime
    content_hash: str


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """What a page or a run did to the local scenes."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0

    def as_tally(self) -> dict[str, int]:
        """The counts that are not zero, by name."""
        return {name: count for name, count in asdict(self).items() if count}


@dataclass(frozen=True, slots=True)
class EntityDelta:
    """What a full list of one kind of entity changed; `gone` are ids that Stash no longer has."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: tuple[str, ...] = ()
    failures: tuple[ItemFailure, ...] = field(default=())


def parse_time(text: str) -> datetime:
    """Read Stash's RFC 3339 text (any offset) as an aware datetime in UTC.

    Raises:
        ValueError: the text is no instant.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without a zone")
    return moment.astimezone(UTC)


def advance_watermark(mark: Watermark | None, text: str) -> Watermark:
    """The watermark after a row with this `updated_at` text was seen."""
    offset = datetime.fromisoformat(text).utcoffset() or timedelta(0)
    seconds = int(offset.total_seconds())
    if mark is None:
        return Watermark(text, seconds)
    moved = mark.offset_changed or seconds != mark.offset_s
    if parse_time(text) <= mark.instant:
        return mark if moved == mark.offset_changed else Watermark(mark.text, mark.offset_s, moved)
    return Watermark(text, seconds, moved)


def changed_since(mark: Watermark) -> str:
    """The value for Stash's `updated_at GREATER_THAN`: local wall clock, no offset.

    The text sorts before every text of the same second, so that second is included.
    """
    overlap = WIDE_OVERLAP if mark.offset_changed else OVERLAP
    local = datetime.fromisoformat(mark.text).replace(tzinfo=None) - overlap
    return local.isoformat(timespec="seconds")


def needs_reading(stamp: Stamp, known: KnownScene | None) -> bool:
    """Whether the whole row has to be read again.

    True where the scene is new, its time moved, or it was last read within two seconds of its own
    `updated_at`: a second edit in that same second would leave the text as it was.
    """
    if known is None or known.updated_at_text != stamp.updated_at_text:
        return True
    return known.read_at - parse_time(stamp.updated_at_text) <= SETTLE


def content_hash(scene: Scene) -> str:
    """Name the content of a scene in 32 hex digits; lists have no order.

    Times are not content, nor is the screenshot's address, which holds one. Spelled out field by
    field: a sync hashes every scene of a library.
    """
    content = (
        scene.id,
        scene.title,
        scene.details,
        scene.date,
        scene.rating100,
        scene.organized,
        scene.studio_id,
        sorted(scene.performer_ids),
        sorted(scene.tag_ids),
        [_file_content(file) for file in scene.files],
        scene.urls,
        scene.code,
        scene.director,
        [(one.endpoint, one.stash_id) for one in scene.stash_ids],
    )
    text = json.dumps(content, separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _file_content(file: SceneFile) -> tuple[object, ...]:
    return (
        file.id,
        file.path,
        file.size,
        file.duration,
        file.width,
        file.height,
        file.video_codec,
        file.frame_rate,
        [(one.type, one.value) for one in file.fingerprints],
    )


def looks_replaced(known: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether a sample of scene ids says that another library answers.

    Args:
        known: Scene id → `created_at` instant as our copy has it (ISO text in UTC).
        found: The same as Stash has it now, for the ids that it still has.

    More than half of at least three common ids disagree.
    """
    common = [scene_id for scene_id in known if scene_id in found]
    wrong = sum(known[scene_id] != found[scene_id] for scene_id in common)
    return len(common) >= 3 and wrong * 2 > len(common)  # noqa: PLR2004 - fewer prove nothing
