"""One scene as a question: its path, the open fields, and what each may be, under short codes.

Rules:
- A candidate's code is its field's letter and its place. The places say nothing: the order is one
  by lot, the same each time, so that a model that prefers the first of a list prefers none.
- A question's path and candidates stay below `MOST_TOKENS`: the least likely candidates are left
  out first, tags before all others.
- The key of a question is what it says and whom its candidates are: the same key has the same
  answer, whichever scenes it is asked beside.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from stashhog.domain.asking.tokens import Tokens, count
from stashhog.domain.detection import Examined, Option, Question
from stashhog.domain.detection.findings import stem
from stashhog.domain.names import squash

LETTERS: Mapping[str, str] = {
    "studio": "s",
    "performers": "p",
    "date": "d",
    "title": "k",
    "tags": "t",
}
"""The letters that candidates' codes begin with, by field."""

ABOUT = "about"
"""Under this the facts stand that a text is to be written from."""

MOST_TOKENS = 210
MOST_OF: Mapping[str, int] = {"studio": 6, "performers": 10, "date": 4, "title": 4, "tags": 8}
FOLDERS = 3
LONGEST_FOLDER = 60
LONGEST_STEM = 180
LONGEST_TITLE = 120
LONGEST_NAME = 80
MOST_SHOWN = 4096
"""So many texts are remembered as they are sent: most are the same names and folders."""

_PARTS = re.compile(r"[/\\]")
_BLANKS = re.compile(r"\s+")
_DROPPED_FIRST = ("tags", "performers", "studio", "date", "title")


@dataclass(frozen=True, slots=True)
class AskedScene:
    """A scene's question.

    `said` is what is sent of it; `options` maps code → (field, value); `stems` are the squashed
    names of its files, which a title has to stand in; `tokens` are those of its line.
    """

    scene_id: str
    said: Mapping[str, Any]
    options: Mapping[str, tuple[str, Option]]
    stems: tuple[str, ...]
    key: str
    tokens: Tokens

    @property
    def summary(self) -> bool:
        """Whether a text about it is asked for."""
        return ABOUT in self.said

    @property
    def fields(self) -> frozenset[str]:
        """The fields that are asked about."""
        return frozenset(field for field, _ in self.options.values())

    def line(self, number: int) -> str:
        """The question as a line of JSON, under a number."""
        return json.dumps({"n": number, **self.said}, ensure_ascii=False, separators=(",", ":"))


@lru_cache(MOST_SHOWN)
def visible(text: str, most: int) -> str:
    """Text as it is sent: one line without control, invisible and direction characters, cut."""
    if text.isascii() and text.isprintable():  # as nearly all is
        return _BLANKS.sub(" ", text[: 4 * most]).strip()[:most]
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Zs") else char
        for char in text[: 4 * most]
        if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn")
    )
    return _BLANKS.sub(" ", shown).strip()[:most]


def asked_scene(
    examined: Examined,
    questions: Sequence[Question],
    *,
    about: str,
    facts: Mapping[str, Any] | None = None,
) -> AskedScene | None:
    """Put a scene's open questions into one; None where there are none.

    Args:
        examined: The scene after detection.
        questions: What is open, each with its candidates, the likeliest first.
        about: What else an answer depends on: model, wording.
        facts: What is told of the scene where a text about it is asked for as well.
    """
    scene = examined.scene
    if not (questions or facts is not None) or not scene.files:
        return None
    kept = {q.field: list(q.options[: MOST_OF[q.field]]) for q in questions}
    said: dict[str, Any] = {"path": shown_path(scene.files[0].path)}
    title = _known_title(examined)
    if title:
        said["title"] = title
    while True:
        lists = {LETTERS[f]: [visible(o.value, LONGEST_NAME) for o in kept[f]] for f in kept}
        whole = {**said, **lists}
        tokens = _tokens_of(whole)
        if tokens.usual <= MOST_TOKENS or not _shorten(kept):
            break
    for field, found in kept.items():
        found.sort(key=lambda option: _lot(said["path"], option))
        whole[LETTERS[field]] = [visible(option.value, LONGEST_NAME) for option in found]
    if facts is not None:
        whole[ABOUT] = facts
        tokens = _tokens_of(whole)
    options = {
        f"{LETTERS[field]}{place}": (field, option)
        for field, found in kept.items()
        for place, option in enumerate(found)
    }
    ids = [option.entity_id for _, option in options.values()]
    text = json.dumps([about, whole, ids], ensure_ascii=True, separators=(",", ":"))
    return AskedScene(
        scene.id,
        whole,
        options,
        tuple(squash(stem(file.path)) for file in scene.files),
        hashlib.sha256(text.encode()).hexdigest(),
        tokens,
    )


def _lot(path: str, option: Option) -> int:
    return zlib.crc32(f"{path}\0{option.key}".encode("utf-8", "replace"))


def _tokens_of(said: Mapping[str, Any]) -> Tokens:
    """The tokens of a line: its number and its other marks make up for the blanks counted here."""
    return count(json.dumps(said, ensure_ascii=False))


def shown_path(path: str) -> str:
    """The nearest folders and the file's name without its extension, as they are sent."""
    parts = [part for part in _PARTS.split(path) if part]
    folders = [visible(part, LONGEST_FOLDER) for part in parts[-1 - FOLDERS : -1]]
    return "/".join([*folders, visible(stem(path), LONGEST_STEM)])


def _known_title(examined: Examined) -> str | None:
    reading = examined.scored.reading if examined.scored is not None else None
    for segment in reading.segments if reading is not None else ():
        if segment.role == "title":
            return visible(segment.whole, LONGEST_TITLE)
    return None


def _shorten(kept: dict[str, list[Option]]) -> bool:
    """Leave out the least likely candidate; False where each field has only one left."""
    for field in _DROPPED_FIRST:
        least = 0 if field == "tags" else 1
        if len(kept.get(field, ())) > least:
            kept[field].pop()
            if not kept[field]:
                del kept[field]
            return True
    return False
