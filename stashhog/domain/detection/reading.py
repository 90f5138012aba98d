"""A scene's texts, cut and looked up once: what every detector reads.

Rules:
- The primary file's stem comes first, then its three nearest folders, then other files' stems
  and those of their folders that the primary file has not, then the title (where it says more than
  the file does) and the details.
- A folder named like the file is not looked at twice.
- Values that spans are reported in are those of the whole path, or of the title or details.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from stashhog.domain.detection.findings import stem, title_is_stem
from stashhog.domain.detection.lexicon import Hit, Lexicon, Slip, find, find_loose, look_up_folder
from stashhog.domain.library import Scene
from stashhog.domain.names import Tokens, squash, tokenise

FOLDERS = 3
OTHER_FILES = 2
MAX_PATH = 2_000
MAX_DETAILS = 1_500
DAYS_OF_GRACE = timedelta(days=2)

_PART = re.compile(r"[^/\\]+")
_MARKUP = re.compile(r"<[^<>]{0,200}>")
_BRACKETED = re.compile(r"\s*[\[({]([^\])}]{1,40})[\])}]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One text that was looked at; `offset` is where it begins in `whole`."""

    role: str
    whole: str
    offset: int
    tokens: Tokens
    hits: list[Hit]
    slips: list[Slip]


@dataclass(frozen=True, slots=True)
class Reading:
    """A scene as the detectors see it.

    `places` are the squashed things that counts are kept by: folders (`d1` nearest), the stem's
    first words, its bracketed head, its last word. `until` is the last day that a date may mean.
    """

    segments: tuple[Segment, ...]
    places: tuple[tuple[str, str], ...]
    width: str
    style: str
    until: str = "9999-12-31"

    @property
    def stem(self) -> Segment | None:
        """The primary file's stem."""
        return self.segments[0] if self.segments and self.segments[0].role == "stem" else None


def read(scene: Scene, lexicon: Lexicon, *, title: str | None = None) -> Reading:
    """Cut and look up a scene's texts; `title` is one that says more than the file's name."""
    segments: list[Segment] = []
    places: list[tuple[str, str]] = []
    for at, file in enumerate(scene.files[: 1 + OTHER_FILES]):
        path, offset = _clip(file.path)
        parts = [(m.group(), m.start() + offset) for m in _PART.finditer(path)]
        if not parts:
            continue
        name, start = parts[-1]
        text = stem(name)
        segments.append(_segment("also" if at else "stem", file.path, start, text, lexicon))
        if at == 0:
            places.extend(_heads(segments[-1].tokens, text))
        _folders(parts[:-1], file.path, lexicon, segments, places)
    for role, said, limit in (("title", title, 300), ("details", scene.details, MAX_DETAILS)):
        if said:
            shown = _unmarked(said) if role == "details" else said
            segments.append(_segment(role, shown, 0, shown[:limit], lexicon))
    until = last_day(scene.created_at)
    return Reading(tuple(segments), tuple(places), _width(scene), _style(segments), until)


def path_segments(path: str, lexicon: Lexicon) -> list[Segment]:
    """A path's stem and its nearest folders, looked up."""
    clipped, offset = _clip(path)
    parts = [(m.group(), m.start() + offset) for m in _PART.finditer(clipped)]
    if not parts:
        return []
    name, start = parts[-1]
    segments = [_segment("stem", path, start, stem(name), lexicon)]
    _folders(parts[:-1], path, lexicon, segments, [])
    return segments


def place_span(reading: Reading, place: str, value: str) -> tuple[Segment | None, int, int]:
    """The tokens that a place of `places` was read from; no segment where they are not known."""
    role = place if place[0] == "d" else "stem"
    alike = (one for one in reading.segments if one.role == role)
    segment = next((s for s in alike if role == "stem" or "".join(s.tokens.low) == value), None)
    if segment is None:
        return None, 0, 0
    size = len(segment.tokens)
    if role != "stem":
        return segment, 0, size
    low = segment.tokens.low
    if place == "pz":
        first = size - 1
        while first > 0 and len("".join(low[first:])) < len(value):
            first -= 1
        return segment, first, size
    after = 1
    while after < size and len("".join(low[:after])) < len(value):
        after += 1
    return segment, 0, after


def last_day(created: datetime) -> str:
    """The last day that a date in a scene's names may mean, clocks and zones allowed for."""
    try:
        return (created + DAYS_OF_GRACE).date().isoformat()
    except OverflowError:
        return created.date().isoformat()


def places_of(path: str) -> tuple[tuple[str, str], ...]:
    """A path's nearest folder and first word, as counts are kept by, without looking names up."""
    parts = _PART.findall(_clip(path)[0])
    if not parts:
        return ()
    name = stem(parts[-1])
    places = [place for place in _heads(tokenise(name), name) if place[0] == "p0"]
    own = squash(name)
    folder = next((key for key in map(squash, reversed(parts[:-1])) if key and key != own), None)
    return (*places, ("d1", folder)) if folder else tuple(places)


def known_title(scene: Scene) -> str | None:
    """A title that says more than the file's name."""
    return None if not scene.title or title_is_stem(scene) else scene.title


def _clip(path: str) -> tuple[str, int]:
    """The end of an over-long path, and where that begins."""
    offset = max(0, len(path) - MAX_PATH)
    return path[offset:], offset


def _segment(role: str, whole: str, offset: int, text: str, lexicon: Lexicon) -> Segment:
    tokens = tokenise(text, MAX_DETAILS)
    hits = find(tokens, lexicon)
    slips = find_loose(tokens, lexicon, hits) if role != "details" else []
    return Segment(role, whole, offset, tokens, hits, slips)


def _folders(
    parts: list[tuple[str, int]],
    path: str,
    lexicon: Lexicon,
    segments: list[Segment],
    places: list[tuple[str, str]],
) -> None:
    level = 0
    own = "".join(segments[-1].tokens.low)
    for name, start in reversed(parts):
        looked = look_up_folder(name, lexicon)
        key = looked.key
        if not key or (level == 0 and key == own):
            continue
        level += 1
        role = f"d{level}"
        if (role, key) not in places:
            segments.append(Segment(role, path, start, looked.tokens, looked.hits, looked.slips))
            places.append((role, key))
        if level == FOLDERS:
            break


def _heads(tokens: Tokens, text: str) -> list[tuple[str, str]]:
    """The places in a stem where a studio's mark is put."""
    low = tokens.low
    if not low:
        return []
    heads = [("p1", low[0])]
    run = low[0]
    after = 1
    while after < len(low) and not tokens.gaps[after] and not low[after].isdigit():
        run += low[after]
        after += 1
    heads.append(("p0", run))
    if len(low) > 1:
        heads.append(("p2", low[0] + low[1]))
    bracket = _BRACKETED.match(text)
    if bracket:
        heads.append(("pb", squash(bracket.group(1))))
    last = len(low) - 1
    run = low[last]
    while last > 0 and not tokens.gaps[last]:
        last -= 1
        run = low[last] + run
    if last > 0:
        heads.append(("pz", run))
    return heads


def _unmarked(text: str) -> str:
    return html.unescape(_MARKUP.sub(" ", text[: 2 * MAX_DETAILS]))


def _width(scene: Scene) -> str:
    """The picture's size class, as people tag it."""
    sizes = [file.width for file in scene.files if file.width]
    return str(max(sizes)) if sizes else ""


_EPISODE = re.compile(r"[Ss]\d{1,2}[Ee]\d{1,3}")


def _style(segments: list[Segment]) -> str:
    """How a file is named, in a few letters: its marks, not its words."""
    if not segments or segments[0].role != "stem":
        return ""
    tokens = segments[0].tokens
    text, gaps = tokens.text, tokens.gaps
    inner = gaps[1:-1]
    usual = max((".", " ", "_", "-"), key=lambda mark: sum(mark == gap for gap in inner))
    marks = (
        usual if usual in inner else "c" if inner else "1",
        "[" if text[:1] in "[(" else "",
        str(min(3, sum(" - " in gap for gap in inner))),
        "e" if _EPISODE.search(text) else "",
        "y" if any(len(word) == 4 and word[:2] in ("19", "20") for word in tokens.low) else "",
    )
    return "".join(marks)
