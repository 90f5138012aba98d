"""What a page from Stash changes in the local copy, and what to ask Stash for next.

Rules:
- Instants are compared in UTC, never as text; Stash compares `updated_at` as text in whatever zone
  its clock had when the row was written, so the question to Stash is built from the wall-clock part
  of a text that Stash itself wrote.
- Two windows on what changed: a narrow one, right while Stash keeps its zone, is listed; a wide
  one, right whatever zone it moved to, is only counted, and listed where the counts disagree.
- A row that was read within the second of its own `updated_at` may change again without a trace in
  that text: it is read once more.
- A re-read that changed nothing disturbs nothing: the content hash decides.
- Nothing is marked deleted in bulk without a second look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import orjson

from stashhog.domain.library import EntityKind, Scene, SceneFile

OVERLAP = timedelta(hours=1, seconds=10)
"""How far a clock is put back at most, and how long a change may wait for its commit."""
FILES_OVERLAP = timedelta(minutes=2)
"""The same for files, whose listing costs more; a clock put back shows in the wide count."""
FURTHEST_WEST = timedelta(hours=12)
SETTLE = timedelta(seconds=3)
"""The second of an edit, and how little is known of Stash's own clock."""
SWEEP_EVERY = timedelta(hours=24)
ENOUGH_HELD = 50
"""Of fewer scenes somebody may well delete more than half."""
DAY = len("2026-01-02")
LOCAL = len("2026-01-02T03:04:05")
"""Where in a text the day ends, and where the local time ends and its offset begins."""


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """One scene or entity that could not be taken over, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Watermark:
    """The newest `updated_at` that counts: an instant in Stash's own spelling, offset and all."""

    text: str

    @property
    def instant(self) -> datetime:
        """The watermark as an instant in UTC."""
        return parse_time(self.text)

    @property
    def offset(self) -> timedelta:
        """How far the clock that wrote it is ahead of UTC."""
        return datetime.fromisoformat(self.text).utcoffset() or timedelta(0)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """How far scenes and, where Stash can be asked for them, their files were seen."""

    scenes: Watermark | None = None
    files: Watermark | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a scene changed: its `updated_at`, and a print of its files if asked for.

    `files_text` is the last of the files' `updated_at` texts, as texts are ordered; both are None
    where not asked for.
    """

    id: str
    updated_at_text: str
    files_text: str | None = None
    files_print: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which scenes to list or count: all, or those (`of_files`: whose files) that changed since.

    `with_files` asks for the print of each scene's files, which costs several times as much.
    `linked_to` are those that have any of some entities of a kind, whenever they changed.
    """

    since: str | None = None
    of_files: bool = False
    with_files: bool = False
    linked_to: tuple[EntityKind, tuple[str, ...]] | None = None


EVERYTHING = Window()


@dataclass(frozen=True, slots=True)
class KnownScene:
    """What the local copy remembers of a scene between syncs."""

    updated_at_text: str
    files_print: str


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """What a page or a run did to the local scenes.

    `others` are ids that name another scene than before.
    """

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0
    others: tuple[str, ...] = ()

    def as_tally(self) -> dict[str, int]:
        """The counts that are not zero, by name."""
        return {name: n for name, n in asdict(self).items() if name != "others" and n}


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


def advance_watermark(mark: Watermark | None, text: str | None) -> Watermark | None:
    """The watermark after a row with this `updated_at` text was seen; what is no time is not."""
    if text is None or (mark is not None and _is_before(text, mark.text)):
        return mark
    try:
        newer = parse_time(text)
    except ValueError:
        return mark
    return Watermark(text) if mark is None or newer > mark.instant else mark


def _is_before(text: str, other: str) -> bool:
    """Whether a text surely names no later instant; those of one offset are ordered as texts."""
    return text <= other and len(text) == len(other) and text[LOCAL:] == other[LOCAL:]


def limited(mark: Watermark | None, latest: datetime) -> Watermark | None:
    """The watermark, but not beyond this instant.

    What is edited while a sync runs lies after the run's beginning, and rows from the future (a
    clock that was wrong) must not hide what comes before them.
    """
    if mark is None or mark.instant <= latest:
        return mark
    return Watermark(latest.astimezone(timezone(mark.offset)).isoformat(timespec="seconds"))


def changed_since(mark: Watermark, overlap: timedelta = OVERLAP) -> str:
    """The value for Stash's `updated_at GREATER_THAN`: local wall clock, no offset.

    The text sorts before every text of the same second, so that second is included.
    """
    local = datetime.fromisoformat(mark.text).replace(tzinfo=None) - overlap
    return local.isoformat(timespec="seconds")


def changed_anywhere_since(mark: Watermark) -> str:
    """The same, below the text of every later change, whatever zone Stash moved to meanwhile."""
    local = mark.instant.replace(tzinfo=None) - FURTHEST_WEST - OVERLAP
    return local.isoformat(timespec="seconds")


def another_zone(mark: Watermark, stamps: Iterable[Stamp]) -> bool:
    """Whether a row was written by a clock in another zone than the watermark's."""
    return any(_offset(stamp.updated_at_text) not in (None, mark.offset) for stamp in stamps)


def _offset(text: str) -> timedelta | None:
    try:
        return datetime.fromisoformat(text).utcoffset()
    except ValueError:
        return None


def needs_reading(stamp: Stamp, known: KnownScene | None) -> bool:
    """Whether the whole row has to be read again: it is new, its time moved, or its files did."""
    if known is None or known.updated_at_text != stamp.updated_at_text:
        return True
    return stamp.files_print is not None and stamp.files_print != known.files_print


def unsettled(scenes: Iterable[Scene], asked_at: datetime) -> list[str]:
    """Which scenes have to be read once more, because they were read in the second of an edit.

    Args:
        scenes: As they were read.
        asked_at: When Stash was asked, by Stash's own clock.
    """
    near = _near(asked_at)
    return [
        scene.id
        for scene in scenes
        if abs(asked_at - scene.updated_at) <= SETTLE or near(scene.files_text)
    ]


def _near(asked_at: datetime) -> Callable[[str | None], bool]:
    """What tells whether a text's instant is that of the question; most are told by their day."""
    days = {(asked_at + timedelta(days=n)).date().isoformat() for n in (-1, 0, 1)}

    def near(text: str | None) -> bool:
        if text is None or text[:DAY] not in days:
            return False
        mark = advance_watermark(None, text)
        return mark is not None and abs(asked_at - mark.instant) <= SETTLE

    return near


def entities_print(stamps: Iterable[Stamp], asked_at: datetime) -> str | None:
    """Name in 32 hex digits which entities of a kind there are and when each was last edited.

    None where one was edited in the second of the question: it may change again without a trace.
    """
    found = {int(stamp.id): stamp.updated_at_text for stamp in stamps}
    near = _near(asked_at)
    if any(map(near, found.values())):
        return None
    return _print(sorted(found.items()), 16)


def sweep_due(swept_at: datetime | None, now: datetime) -> bool:
    """Whether all scenes have to be compared, not only those that Stash says have changed."""
    return swept_at is None or now - swept_at >= SWEEP_EVERY


def files_print(files: Sequence[SceneFile], times: Sequence[str]) -> str:
    """Name what a list of files says of itself in 16 hex digits.

    A file that moved, was hashed or was given to another scene leaves the scene's time as it is.

    Args:
        files: With id, path, size and fingerprints; what else they hold does not count.
        times: The `updated_at` texts of the same files.
    """
    said = [
        (f.id, f.path, f.size, time, sorted((p.type, p.value) for p in f.fingerprints))
        for f, time in zip(files, times, strict=True)
    ]
    return _print(said, 8)


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
    return _print(content, 16)


def _print(content: object, size_bytes: int) -> str:
    """Name plain values in so many bytes, as hex digits."""
    try:
        said = orjson.dumps(content)
    except TypeError:  # halves of characters, which UTF-8 cannot hold
        said = json.dumps(content).encode("ascii")
    return hashlib.blake2b(said, digest_size=size_bytes).hexdigest()


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


def looks_emptied(gone: int, held: int, *, of: int | None = None) -> bool:
    """Whether more scenes went than anybody deletes: another library answers, or an empty one.

    `held` may be a sample `of` all.
    """
    return (held if of is None else of) >= ENOUGH_HELD and gone * 2 > held
