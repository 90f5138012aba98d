"""Names that the library does not have: performers, studios and tags that a path plainly names.

Rules:
- A name is new only where one of its kind is expected: beside a known performer in a list, or in a
  place (of a file's name, or below a folder) where organised scenes nearly always had such a name.
- What squashes to a name or alias that exists, differs from one by a slip, or has a performer's
  words as initials, is not new; nor is a performer's name a new studio's.
- What files are marked with again and again (`NEW_`, `zz`) is no part of a name.
- A studio is named once in a file's name: what stands there twice is a title.
- A tag is new only where the path says that it is one: `#word`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from stashhog.domain.detection.counts import TOTAL, Counts, View, logit, sigmoid
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.reading import Reading, Segment
from stashhog.domain.detection.titles import Labels, gap_class, label
from stashhog.domain.library import EntityKind
from stashhog.domain.names import latin, near, squash, tokenise, words

MOST_WORDS = 5
LONGEST = 60
SHORTEST_KEY = 4
FAR_ENOUGH = 9
"""From so many letters on, two slips still make the same name."""

STRANGERS = 0.3
"""How much rarer a name that the library lacks is in a place than one that it has, as odds."""

AGAIN = 1.5
"""What a second place with the same name adds, in log-odds."""

USUAL_WORD = 1.5
"""What it adds that others of the kind begin (performers) or end (studios) with the same word."""

WORN = 4
"""A word that so many organised files have beside their titles is a mark, and no name's."""

_NOTHING = View(Counts())
_PRIOR = {"performer": 0.25, "studio": 0.1}
_LISTED_PRIOR = 0.9
TAG_CONFIDENCE = 0.8
MOST_NEW = 4
LEAST = 0.1
"""What is less likely than that is not even compared with the names that exist."""


class Run(NamedTuple):
    """Tokens `first` up to `after` of a segment that one thing fills, and where they stand."""

    segment: Segment
    first: int
    after: int
    place: str
    listed: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A name that is proposed as new, with how sure that is."""

    kind: EntityKind
    name: str
    confidence: float
    run: Run


def runs(segment: Segment, labels: Labels) -> Iterator[tuple[str, Run]]:
    """A text's runs between hard marks, each with its label: P(erformer), S(tudio) or a blank."""
    of, gaps, low = labels.of, segment.tokens.gaps, segment.tokens.low
    cuts = [
        at
        for at in range(1, len(of))
        if of[at] != of[at - 1] or gap_class(gaps[at]) in _HARD or _joint(low, at)
    ]
    for first, after in pairwise((0, *cuts, len(of))):
        begin = first + 1 if first < after and low[first] in _JOINTS else first
        if begin >= after or of[begin] not in " PS":
            continue
        before = _side(of, gaps, low, begin, -1)
        behind = _side(of, gaps, low, after, 1)
        listed = before in _LIST_MATES or behind in _LIST_MATES
        place = f"{segment.role[0]}{before}|{behind}"
        yield of[begin], Run(segment, begin, after, place, listed)


_HARD = frozenset("-[],b")
_JOINTS = frozenset("and und et y with mit feat ft и και ve".split())  # noqa: SIM905 - a list of words
_LIST_MATES = frozenset({"P,", ",P", "Pj", "jP"})


def _joint(low: Sequence[str], at: int) -> bool:
    return low[at] in _JOINTS or low[at - 1] in _JOINTS


def _side(of: str, gaps: Sequence[str], low: Sequence[str], at: int, step: int) -> str:
    """What stands on one side of a run: the neighbour's label and the mark between."""
    beyond = at - 1 if step < 0 else at
    if not 0 <= beyond < len(of):
        return "^" if step < 0 else "$"
    mark = gap_class(gaps[at])
    if low[beyond] in _JOINTS:
        further = beyond + step
        mark, beyond = "j", further if 0 <= further < len(of) else beyond
    return f"{of[beyond]}{mark}" if step < 0 else f"{mark}{of[beyond]}"


def kin_places(reading: Reading) -> Iterable[tuple[Segment, str]]:
    """Folders with the place that says what else lies beside them: the folder above."""
    folders = [segment for segment in reading.segments if re.fullmatch(r"d\d", segment.role)]
    for segment, above in zip(folders, [*folders[1:], None], strict=False):
        if above is not None or segment.role != "d3":
            yield segment, "".join(above.tokens.low) if above is not None else "/"


def newcomers(
    reading: Reading, kinds: frozenset[EntityKind], lexicon: Lexicon, view: View
) -> list[Newcomer]:
    """The names in a scene's paths that the library lacks, the surest first, each once."""
    places: dict[tuple[EntityKind, str], list[Newcomer]] = {}
    for one in _candidates(reading, kinds, lexicon, view):
        places.setdefault((one.kind, squash(one.name)), []).append(one)
    likely = {key: _together(same) for key, same in places.items()}
    found = {
        key: one
        for key, one in likely.items()
        if one.confidence >= LEAST
        and not has_alike(one.kind, one.name, lexicon)
        and not (one.kind == "studio" and _has("performer", one.name, lexicon))
    }
    studios = sorted((n for n in found.values() if n.kind == "studio"), key=_surest)[:1]
    others = sorted((n for n in found.values() if n.kind != "studio"), key=_surest)
    return studios + others[:MOST_NEW]


def _together(same: Sequence[Newcomer]) -> Newcomer:
    """One name from all places that have it, in its best spelling."""
    best = min(same, key=_surest)
    name = max((one.name for one in same), key=lambda name: (name.count(" "), name))
    odds = logit(best.confidence) + AGAIN * (len(same) > 1)
    return replace(best, name=name, confidence=sigmoid(odds))


def _surest(one: Newcomer) -> tuple[float, str]:
    return -one.confidence, one.name


def _candidates(
    reading: Reading, kinds: frozenset[EntityKind], lexicon: Lexicon, view: View
) -> Iterator[Newcomer]:
    stem = reading.stem
    if stem is not None and kinds & {"performer", "studio"}:
        for mark, run in runs(stem, label(stem, _NOTHING)):
            if mark == " ":
                yield from _judged(run, kinds, "n:stem", lexicon, view)
    for segment, above in kin_places(reading):
        size = len(segment.tokens)
        if size and not any(hit.first == 0 and hit.after == size for hit in segment.hits):
            run = Run(segment, 0, size, above, listed=False)
            yield from _judged(run, kinds, "n:kin", lexicon, view)
    if "tag" in kinds:
        for segment in reading.segments:
            yield from _hashtags(segment)


def _judged(
    run: Run, kinds: frozenset[EntityKind], slot: str, lexicon: Lexicon, view: View
) -> Iterator[Newcomer]:
    for kind in ("performer", "studio"):
        if kind not in kinds or not _namelike(run, kind):
            continue
        if (
            kind == "studio"
            and "".join(run.segment.tokens.low[run.first : run.after]) in lexicon.firsts
        ):
            continue
        prior = _LISTED_PRIOR if run.listed and kind == "performer" else _PRIOR[kind]
        if not run.listed and not view.n(slot, run.place, TOTAL):
            continue
        odds = view.odds(slot, run.place, kind, prior, 4.0) + (
            0.0 if run.listed else logit(STRANGERS / (1.0 + STRANGERS))
        )
        low = run.segment.tokens.low
        if _worn(low[run.first], lexicon, view) or _worn(low[run.after - 1], lexicon, view):
            continue
        if kind == "studio" and "".join(low).count("".join(low[run.first : run.after])) > 1:
            continue
        usual = (
            low[run.first] in lexicon.firsts
            if kind == "performer"
            else (low[run.after - 1] in lexicon.studio_ends)
        )
        yield Newcomer(kind, written(run), sigmoid(odds + USUAL_WORD * usual), run)


def _worn(word: str, lexicon: Lexicon, view: View) -> bool:
    """Whether a word stood in other files' names again and again, and in no title or name there."""
    if word in lexicon.firsts or word in lexicon.studio_ends:
        return False
    row = view.row("w", word)
    return row.get(TOTAL, 0) - row.get("in", 0) >= WORN


def _namelike(run: Run, kind: EntityKind) -> bool:
    """Whether the run's form is that of such a name: words of letters, none of them small."""
    tokens = run.segment.tokens
    low = tokens.low[run.first : run.after]
    chunks = 1 + sum(bool(gap) for gap in tokens.gaps[run.first + 1 : run.after])
    if not low or sum(map(len, low)) < SHORTEST_KEY or len(low) > MOST_WORDS:
        return False
    if kind == "studio":
        return any(word.isalpha() for word in low) and not all(len(word) < 2 for word in low)
    joined = len(low) > 1 and all(len(word) == 1 for word in low)
    return all(word.isalpha() for word in low) and (
        1 < chunks < 4 or (chunks == 1 and len(low) in (2, 3)) or joined
    )


def written(run: Run) -> str:
    """The run as a name is written: blanks between words, capitals where there were none."""
    tokens = run.segment.tokens
    start, end = tokens.span(run.first, run.after)
    text = re.sub(r"[._\s]+", " ", tokens.text[start:end])
    if " " not in text:
        text = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", text)
    if text.islower() or (text.isupper() and len(text) > 5):
        text = " ".join(word[:1].upper() + word[1:].lower() for word in text.split(" "))
    return text.strip()[:LONGEST]


_HASHTAG = re.compile(r"#([^\W_][\w-]{1,39})")


def _hashtags(segment: Segment) -> Iterator[Newcomer]:
    tokens = segment.tokens
    for match in _HASHTAG.finditer(tokens.text):
        inside = [
            at for at in range(len(tokens)) if match.start(1) <= tokens.starts[at] < match.end(1)
        ]
        if not inside or match.group(1).isdecimal():
            continue
        run = Run(segment, inside[0], inside[-1] + 1, "#", listed=True)
        yield Newcomer("tag", written(run), TAG_CONFIDENCE, run)


def has_alike(kind: EntityKind, name: str, lexicon: Lexicon) -> bool:
    """Whether the library has this name in another spelling, or one with a slip."""
    key = squash(name)
    return _has(kind, name, lexicon) or any(
        same_name(key, other) for other in lexicon.alike(kind, len(key))
    )


def _has(kind: EntityKind, name: str, lexicon: Lexicon) -> bool:
    again = latin(name)
    keys = {squash(name)} | ({squash(again)} if again else set())
    turned = words(name)
    if kind == "performer" and len(turned) > 1:
        keys.add(turned[-1] + "".join(turned[:-1]))
    if any(ref.kind == kind for one in keys for ref in lexicon.keys.get(one, ())):
        return True
    return kind == "performer" and _has_initials(tokenise(name).low, lexicon)


def _has_initials(parts: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether a performer's name is this one where single letters stand for words, in any order."""
    if len(parts) < 2 or all(len(part) > 1 for part in parts):
        return False
    for turned in (parts, [*parts[1:], parts[0]]):
        for _, performer, follows in lexicon.halves.get(turned[-1], ()):
            entity = lexicon.library.performers[performer]
            if not follows and any(
                _cut_short(turned, tokenise(known).low) for known in (entity.name, *entity.aliases)
            ):
                return True
    return False


def _cut_short(parts: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a name ends with the same word, begins with its letter, and has no other words."""
    if len(parts) < 2 or len(known) < 2 or parts[-1] != known[-1]:
        return False
    first, other = parts[0], known[0]
    begins = other == first or (len(first) == 1 and other.startswith(first))
    return begins and all(part in known for part in parts if len(part) > 1)


def same_person(one: str, other: str) -> bool:
    """Whether two written names are one: last name first, or with single letters for words."""
    parts, known = tokenise(one).low, tokenise(other).low
    if sorted(parts) == sorted(known):
        return True
    if all(len(part) > 1 for part in (*parts, *known)):
        return False
    return _cut_short(parts, known) or _cut_short(known, parts)


def same_name(one: str, other: str) -> bool:
    """Whether two squashed names are one: equal, a slip apart, or two slips where they are long."""
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST_KEY:
        return False
    if one[0] != other[0] and one[-1] != other[-1]:
        return False
    if near(one, other):
        return True
    return min(len(one), len(other)) >= FAR_ENOUGH and two_slips(one, other)


def two_slips(one: str, other: str) -> bool:
    """Whether two changes at most, each of one letter, lead from one word to the other."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if len(long) - len(short) > 2:
        return False
    head = 0
    while head < len(short) and short[head] == long[head]:
        head += 1
    short, long = short[head:], long[head:]
    if not short:
        return True
    return any(
        left == right or near(left, right)
        for left, right in ((short[1:], long[1:]), (short, long[1:]), (short[1:], long))
    )
