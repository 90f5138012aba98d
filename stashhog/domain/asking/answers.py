"""What of a model's answer counts: codes that were given out, and titles that the name holds.

Rules:
- Nothing is raised on any answer: what cannot be read is as if it had not been said.
- A number that was not asked about is dropped; one that was answered twice is not answered.
- A code out of range, a name out of the list, and a title that is not in the file's name are
  dropped. Two choices where there can be one are none, and no opinion either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stashhog.domain.asking.prompts import Style, listed
from stashhog.domain.asking.scenes import LETTERS, LONGEST_STEM, AskedScene, visible
from stashhog.domain.detection import Opinions
from stashhog.domain.detection.opinions import ONE
from stashhog.domain.names import squash

_SHORTEST_TITLE = 2
_LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model chose for one scene: codes of its question, and a title of its own reading.

    `details` is the text that it wrote where one was asked for, not yet checked.
    """

    picks: tuple[str, ...] = ()
    title: str | None = None
    details: str | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """The answer as it is kept."""
        kept = {"picks": list(self.picks), "title": self.title}
        return kept if self.details is None else {**kept, "details": self.details}

    @classmethod
    def of(cls, kept: Mapping[str, Any], scene: AskedScene) -> Answer:
        """A kept answer, checked like a new one."""
        return _answer(kept, scene)


def read_answers(text: str, asked: Sequence[AskedScene], style: Style) -> dict[str, Answer]:
    """Scene id → answer, for those scenes that the text answers."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    files = data.get("files") if isinstance(data, dict) else None
    found: dict[str, Answer] = {}
    twice: set[str] = set()
    for number, said in _numbered(files):
        if not 1 <= number <= len(asked):
            continue
        scene = asked[number - 1]
        if scene.scene_id in found:
            twice.add(scene.scene_id)
        elif style == "names":
            named = {"picks": list(_codes(said, scene)), "details": said.get("details")}
            found[scene.scene_id] = _answer(named, scene)
        elif isinstance(said.get("picks"), list):
            found[scene.scene_id] = _answer(said, scene)
    return {scene_id: answer for scene_id, answer in found.items() if scene_id not in twice}


def opinions_of(scene: AskedScene, answer: Answer) -> Opinions:
    """The answer in the detectors' words: field → what was offered, and whether it was chosen."""
    said: dict[str, dict[str, bool]] = {}
    for code, (field, option) in scene.options.items():
        said.setdefault(field, {})[option.key] = code in answer.picks
    if answer.title is not None and not any(said.get("title", {"": True}).values()):
        said["title"][answer.title] = True
    return {
        field: values
        for field, values in said.items()
        if field not in ONE or sum(values.values()) <= 1
    }


def _numbered(files: object) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Each file's number and what was said of it, from a list or an object by number."""
    if isinstance(files, list):
        for item in files:
            if isinstance(item, dict) and _number(item.get("n")) is not None:
                yield _number(item.get("n")) or 0, item
    elif isinstance(files, dict):
        for name, item in files.items():
            if isinstance(item, dict) and _number(name) is not None:
                yield _number(name) or 0, item


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 6:  # noqa: PLR2004 - more digits than any call has files
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _codes(said: Mapping[str, Any], scene: AskedScene) -> Iterable[str]:
    """Codes for names that were answered by field."""
    for field in LETTERS:
        names = listed(scene, field)
        value = said.get(field)
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and name in names:
                yield names[name]


def _answer(said: Mapping[str, Any], scene: AskedScene) -> Answer:
    picks = said.get("picks")
    codes = [code for code in picks if isinstance(code, str)] if isinstance(picks, list) else []
    title, details = said.get("title"), said.get("details")
    return Answer(
        tuple(dict.fromkeys(code for code in codes if code in scene.options)),
        title if isinstance(title, str) and _stands_in(title, scene) else None,
        (visible(details, _LONGEST_TEXT) or None)
        if scene.summary and isinstance(details, str)
        else None,
    )


def _stands_in(title: str, scene: AskedScene) -> bool:
    if "title" not in scene.fields or len(title) > LONGEST_STEM:
        return False
    key = squash(title)
    return len(key) >= _SHORTEST_TITLE and any(key in stem for stem in scene.stems)
