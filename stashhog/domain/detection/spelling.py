"""A title as it is written, from the run of a file's name that it was found in.

Rules:
- Separators become blanks, humps of CamelCase words of their own; what is in one case throughout
  gets capitals.
- Files' names often lack the letters that titles have. Words that organised titles mostly have in
  letters of their own are written with those.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from anyascii import anyascii

from stashhog.domain.detection.counts import TOTAL, View
from stashhog.domain.detection.titles import TitleCandidate
from stashhog.domain.names import fold, ideographic

_SOFT = re.compile(r"[._\s]+")
_WORD = re.compile(r"[^\W_]+")
_SMALL = frozenset("a an and as at by for from in into of on or the to vs with".split())  # noqa: SIM905 - a list of words


def title_text(candidate: TitleCandidate, view: View) -> str:
    """The candidate's run as a title."""
    start, end = candidate.segment.tokens.span(candidate.first, candidate.after)
    whole = candidate.segment.tokens.text
    text = whole[start:end]
    if end < len(whole) and whole[end] in "!?":
        text += whole[end]
    if " " not in text:
        if "_" in text or "." in text:
            text = " ".join(map(_unglued, _SOFT.sub(" ", text).split()))
        elif text.count("-") > 1 or ("-" in text and text.islower()):
            text = text.replace("-", " ")
        elif "-" not in text:
            text = _apart(text, digits=True)
    else:
        text = text.replace("_", " ")
    if text.islower() or text.isupper():
        text = " ".join(
            word if at and word in _SMALL else word[:1].upper() + word[1:]
            for at, word in enumerate(text.lower().split())
        )
    known = view.counts.slots.get(SPELLINGS)
    if known and not known.keys().isdisjoint(_WORD.findall(text.lower())):
        text = _respelt(text, view)
    return " ".join(text.split())


def _unglued(word: str) -> str:
    """A word of a text with separators: several words where it has several humps."""
    parts = _apart(word, digits=False)
    return parts if parts.count(" ") > 1 else word


def _apart(text: str, *, digits: bool) -> str:
    """CamelCase humps with blanks between them, and numbers apart from words if asked for."""
    if text.islower() or text.isupper():
        return text if not digits else _NUMBER.sub(" ", text)
    out = [text[:1]]
    for at in range(1, len(text)):
        before, char, behind = text[at - 1], text[at], text[at + 1 : at + 2]
        hump = char.isupper() and (
            (before.isalnum() and not before.isupper()) or (before.isupper() and behind.islower())
        )
        counted = digits and char.isdigit() and (before.islower() or before.isupper())
        out.append(f" {char}" if hump or counted else char)
    return "".join(out)


_NUMBER = re.compile(r"(?<=[A-Za-z])(?=\d)")

SPELLINGS = "spelt"
"""Slot: a word in plain letters → how organised titles have it, where they have other letters."""


def spellings(title: str) -> Iterable[tuple[str, str]]:
    """Words of a title with letters that files' names often lack, by how those write them."""
    if title.isascii():
        return
    for word in _WORD.findall(unicodedata.normalize("NFC", title)):
        if not word.isascii():
            key = anyascii(word).lower()
            if key.isalnum() and not any(map(ideographic, word)):
                yield key, word.lower()


def _respelt(text: str, view: View) -> str:
    """A title in the letters that organised titles have its words in.

    Another script is taken only for all words at once.
    """
    whole = _WORD.sub(lambda word: _in_own_letters(word.group(), view, _ANY_SCRIPT), text)
    if any(char.isalpha() and not _is_latin(char) for char in whole) and any(map(_is_latin, whole)):
        return _WORD.sub(lambda word: _in_own_letters(word.group(), view, _LATIN), text)
    return whole


_ANY_SCRIPT, _LATIN = False, True


def _in_own_letters(word: str, view: View, only_latin: bool) -> str:  # noqa: FBT001 - named where it is passed
    key = word.lower()
    if not word.isascii() or not view.n(SPELLINGS, key):
        return word
    usual, times = max(view.row(SPELLINGS, key).items(), key=_frequent)
    if 2 * times <= view.n("w", key, "in") or (only_latin and not all(map(_is_latin, usual))):
        return word
    if word.isupper() and len(word) > 1:
        return usual.upper()
    return usual[:1].upper() + usual[1:] if word[:1].isupper() else usual


def _is_latin(char: str) -> bool:
    return char.isalpha() and (char.isascii() or fold(char).isascii())


def _frequent(item: tuple[str, int]) -> tuple[bool, int, str]:
    return item[0] != TOTAL, item[1], item[0]
