"""Names as they are compared: folded, cut into tokens, squashed.

Rules:
- Folding drops accents and compatibility forms and keeps case; squashing also drops case and
  everything that is neither letter nor digit. Two spellings of one name squash to the same key.
- A token is a run of letters of one CamelCase hump or of a script without capitals, a run of
  digits, or one ideograph; a Korean particle is a token of its own. What lies between two tokens is
  their gap. Offsets are those of the text as it came.
- Nothing here raises on any text, and everything is linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from anyascii import anyascii

MAX_TEXT = 600
"""Longer texts are cut there: no file system has longer names."""

_SPELLED = {
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ß": "ss", "ẞ": "SS",
    "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N", "’": "'", "‘": "'", "ʼ": "'", "`": "'",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-",
}  # fmt: skip


class _Folds(dict[int, str]):
    """Code point → its folded spelling, filled as it is asked for."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        spelled = _SPELLED.get(char)
        if spelled is None:
            parts = unicodedata.normalize("NFKD", char)
            spelled = "".join(
                _SPELLED.get(part, part) for part in parts if not unicodedata.combining(part)
            )
        self[point] = spelled
        return spelled


def ideographic(char: str) -> bool:
    """Whether a letter is a word, or a syllable, by itself: Han and kana."""
    point = ord(char)
    return 0x2E80 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or point >= 0x20000


class _Shapes(dict[int, str]):
    """Code point → U(pper), L(ower), O (neither), D(igit), C (an ideograph) or a blank."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        if char.isdecimal():
            shape = "D"
        elif not char.isalnum():
            shape = " "
        elif ideographic(char):
            shape = "C"
        elif char.isupper():
            shape = "U"
        else:
            shape = "L" if char.islower() else "O"
        self[point] = shape
        return shape


_FOLDS = _Folds()
_SHAPES = _Shapes()
_TOKEN = re.compile(r"U+(?!L)|U?L+|O+|D+|C")
_PARTICLES = ("와", "과", "의", "은", "는", "을", "를", "에", "에서", "로", "으로", "하고")
_PARTICLE = re.compile(
    "(?<=[\u1161-\u11ff])(?:"
    + "|".join(unicodedata.normalize("NFKD", particle) for particle in _PARTICLES)
    + ")$"
)
_PLAIN_WORD = re.compile(r"[^\W_]+")
_SYLLABLE = re.compile("[\u1100-\u1112]")


def fold(text: str) -> str:
    """Drop accents and compatibility forms; case stays."""
    return text if text.isascii() else text.translate(_FOLDS)


@dataclass(slots=True)
class Tokens:
    """A text in tokens: their squashed forms, where they lie in it, and the gaps between them.

    `gaps[i]` is the folded text before token i; the last gap is what follows the last token.
    """

    text: str
    low: list[str]
    starts: list[int]
    ends: list[int]
    gaps: list[str]

    def __len__(self) -> int:
        return len(self.low)

    def span(self, first: int, after: int) -> tuple[int, int]:
        """Where tokens `first` up to `after` (not included) lie in the text."""
        return self.starts[first], self.ends[after - 1]


def tokenise(text: str, limit: int = MAX_TEXT) -> Tokens:
    """Cut a text into tokens; what exceeds `limit` characters is not looked at."""
    if len(text) > limit:
        text = text[:limit]
    where: list[int] | None = None
    folded = text
    if not text.isascii():
        folded = text.translate(_FOLDS)
        where = [at for at, char in enumerate(text) for _ in _FOLDS[ord(char)]]
    spans = [match.span() for match in _TOKEN.finditer(folded.translate(_SHAPES))]
    if where is not None and _SYLLABLE.search(folded):
        spans = [part for span in spans for part in _without_particle(folded, *span)]
    small = folded.lower()
    if len(small) != len(folded):
        small = "".join(char.lower()[:1] or char for char in folded)
    low = [small[start:end] for start, end in spans]
    edge = 0
    gaps = []
    for start, end in spans:
        gaps.append(folded[edge:start])
        edge = end
    gaps.append(folded[edge:])
    if where is None:
        return Tokens(text, low, [s for s, _ in spans], [e for _, e in spans], gaps)
    starts = [where[start] for start, _ in spans]
    return Tokens(text, low, starts, [where[end - 1] + 1 for _, end in spans], gaps)


def _without_particle(folded: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """A word and the particle that is written onto it; only the word where that is too short."""
    found = _PARTICLE.search(folded, start, end)
    if found is None or len(_SYLLABLE.findall(folded, start, found.start())) < SHORTEST_STEM:
        return ((start, end),)
    return (start, found.start()), (found.start(), end)


SHORTEST_STEM = 2
"""Syllables that a Korean word has before a particle."""


def squash(text: str) -> str:
    """The key of a name: its letters and digits, folded, without case."""
    return "".join(tokenise(text).low)


def latin(name: str) -> str | None:
    """A name of another script in Latin letters; None where it has nothing to be written anew."""
    folded = fold(name)
    return None if folded.isascii() else anyascii(name)


_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe"}
)


def spelt_out(name: str) -> str | None:
    """A name with its umlauts in two letters, as keyboards without them write it; None without."""
    written = unicodedata.normalize("NFC", name)
    out = written.translate(_UMLAUTS)
    return None if out == written else out


_FAMILY_FIRST = re.compile(r"[\u3400-\u9fff]{2,4}|[\uac00-\ud7a3]{3,4}")


def family_first(name: str) -> tuple[str, str] | None:
    """Family and given name of a name written without blanks, in Latin letters."""
    if _FAMILY_FIRST.fullmatch(name) is None:
        return None
    return anyascii(name[0]), anyascii(name[1:])


def words(text: str) -> list[str]:
    """The squashed words of a name as white space and commas cut it, empty ones left out."""
    return [word for word in map(squash, re.split(r"[\s,]+", text[:MAX_TEXT])) if word]


def plain(text: str) -> str:
    """A title as it is compared: folded words with single blanks between."""
    if text.isascii():  # as most are: there is nothing to fold
        kept = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", text).casefold()
        kept = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(_PLAIN_WORD.findall(kept))


def near(one: str, other: str) -> bool:
    """Whether two words differ by one slip: a letter left out, added, changed, or two swapped."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if len(long) - len(short) > 1 or short == long:
        return False
    head = 0
    while head < len(short) and short[head] == long[head]:
        head += 1
    if len(short) < len(long):
        return short[head:] == long[head + 1 :]
    if short[head + 1 :] == long[head + 1 :]:
        return True
    swapped = short[head + 1 : head + 2] + short[head : head + 1]
    return short[head + 2 :] == long[head + 2 :] and swapped == long[head : head + 2]
