"""The library's names in every spelling that is looked for, and where a text has them.

Rules:
- A name is found only on token boundaries, never across a bracket; a performer's never across a
  comma, but for `Last, First`.
- A hit inside a longer one of the same kind is dropped; inside one of another kind it is marked.
- Entities that must not be proposed are found too: their spans are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stashhog.domain.library import Entity, EntityKind, Library
from stashhog.domain.names import (
    Tokens,
    family_first,
    ideographic,
    latin,
    near,
    spelt_out,
    squash,
    tokenise,
    words,
)

HEAD = 4
SOME_STUDIOS = 2
LONGEST_NAME = 48
MOST_TOKENS = 10
MOST_HITS = 400
SHORTEST_TYPO = 4
SHORTEST_PART = 8
"""A part of a longer word counts as a name from this many letters on."""

_BRACKETS = frozenset("()[]{}<>")


class Ref(NamedTuple):
    """An entity under one of its spellings: `name`, `alias`, `single`, `reversed`, `initial`."""

    kind: EntityKind
    id: str
    form: str


class Hit(NamedTuple):
    """A spelling found at tokens `first` up to `after`; `inside` names the kind that covers it."""

    key: str
    refs: tuple[Ref, ...]
    first: int
    after: int
    inside: str


class Looked(NamedTuple):
    """A text that was looked up: its key, its tokens, and the names in it."""

    key: str
    tokens: Tokens
    hits: list[Hit]
    slips: list[Slip]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All spellings by key, plus what finds first names and slips of the pen.

    `firsts` maps a first word to the performers that have it; `halves` maps a first or last word
    to (the rest of the name, performer id, whether the rest follows). `heads` has how all keys
    begin, up to `HEAD` letters; `studio_ends` the words that several studios' names end with;
    `parents` the tags that have tags below them; `beginnings` each studio's squashed name and
    initials. `folders` remembers what was found in names of folders, which come again and again.
    """

    library: Library
    keys: Mapping[str, tuple[Ref, ...]]
    firsts: Mapping[str, tuple[str, ...]]
    halves: Mapping[str, tuple[tuple[str, str, bool], ...]]
    heads: frozenset[str]
    studio_ends: frozenset[str]
    parents: frozenset[str]
    beginnings: Mapping[str, tuple[str, str]]
    folders: dict[str, Looked] = field(default_factory=dict, repr=False)
    _sizes: dict[tuple[EntityKind, int], list[str]] = field(default_factory=dict, repr=False)

    def name(self, kind: EntityKind, entity_id: str) -> str:
        """An entity's own name."""
        return self.library.of(kind)[entity_id].name

    def alike(self, kind: EntityKind, size: int) -> Iterator[str]:
        """The squashed names and aliases of one kind that are about as long."""
        if not self._sizes:
            for key, refs in self.keys.items():
                for one in {ref.kind for ref in refs if ref.form in _USUAL}:
                    self._sizes.setdefault((one, len(key)), []).append(key)
        for length in range(size - 2, size + 3):
            yield from self._sizes.get((kind, length), ())


def build_lexicon(library: Library, checkpoint: Callable[[], None]) -> Lexicon:
    """Index a library's names; linear in their number and length."""
    keys: dict[str, dict[Ref, None]] = {}
    firsts: dict[str, dict[str, None]] = {}
    halves: dict[str, dict[tuple[str, str, bool], None]] = {}
    for kind in ("studio", "performer", "tag"):
        for entity in library.of(kind).values():
            checkpoint()
            for key, form in _spellings(entity):
                keys.setdefault(key, {})[Ref(kind, entity.id, form)] = None
    for entity in library.performers.values():
        checkpoint()
        if not entity.ignore_auto_tag:
            _index_parts(entity, firsts, halves)
    return Lexicon(
        library,
        {key: _one_each(refs) for key, refs in keys.items()},
        {word: tuple(ids) for word, ids in firsts.items()},
        {word: tuple(rest) for word, rest in halves.items()},
        frozenset(key[:size] for key in keys for size in range(1, HEAD + 1)),
        _studio_ends(library),
        frozenset(parent for tag in library.tags.values() for parent in tag.parent_ids),
        {studio.id: _beginning(studio.name) for studio in library.studios.values()},
    )


def _beginning(name: str) -> tuple[str, str]:
    parts = tokenise(name).low
    return "".join(parts), "".join(part[0] for part in parts)


def _studio_ends(library: Library) -> frozenset[str]:
    ends: dict[str, int] = {}
    for studio in library.studios.values():
        parts = tokenise(studio.name).low
        if len(parts) > 1:
            ends[parts[-1]] = ends.get(parts[-1], 0) + 1
    return frozenset(word for word, times in ends.items() if times > SOME_STUDIOS)


def _one_each(refs: Iterable[Ref]) -> tuple[Ref, ...]:
    """The first, that is the best, form of each entity."""
    best: dict[tuple[str, str], Ref] = {}
    for ref in refs:
        best.setdefault((ref.kind, ref.id), ref)
    return tuple(best.values())


def _written(entity: Entity) -> Iterable[str]:
    """Name and aliases, each also in Latin letters, and with its umlauts spelt out."""
    for name in (entity.name, *entity.aliases):
        yield name
        for again in (latin(name), spelt_out(name)):
            if again is not None:
                yield again


def _spellings(entity: Entity) -> Iterable[tuple[str, str]]:
    for name in (entity.name, *entity.aliases):
        joined = family_first(name) if entity.kind == "performer" else None
        if joined is not None:
            yield squash(joined[0] + joined[1]), "alias"
            yield squash(joined[1] + joined[0]), "alias"
    for at, name in enumerate(_written(entity)):
        key = squash(name)
        if not 1 < len(key) <= LONGEST_NAME and not (len(key) == 1 and ideographic(key)):
            continue
        parts = words(name)
        single = len(parts) < 2 and len(tokenise(name)) < 2 and family_first(name) is None
        yield key, "single" if single else "alias" if at else "name"
        if entity.kind != "performer" or not 1 < len(parts) < 5:
            continue
        yield parts[-1] + "".join(parts[:-1]), "reversed"
        if len(parts) > 2:
            yield "".join(parts[1:]) + parts[0], "reversed"
        if len(parts[0]) > 1:
            yield parts[0][0] + "".join(parts[1:]), "initial"


def _index_parts(
    entity: Entity,
    firsts: dict[str, dict[str, None]],
    halves: dict[str, dict[tuple[str, str, bool], None]],
) -> None:
    for name in _written(entity):
        parts = words(name)
        if not 1 < len(parts) < 5:
            continue
        if len(parts[0]) > 1:
            firsts.setdefault(parts[0], {})[entity.id] = None
        rest, head = "".join(parts[1:]), "".join(parts[:-1])
        if len(rest) >= SHORTEST_TYPO:
            halves.setdefault(parts[0], {})[rest, entity.id, True] = None
        if len(head) >= SHORTEST_TYPO:
            halves.setdefault(parts[-1], {})[head, entity.id, False] = None


def find(tokens: Tokens, lexicon: Lexicon) -> list[Hit]:
    """All names in a text, longest first within each kind, in order of place."""
    low, gaps, keys, heads = tokens.low, tokens.gaps, lexicon.keys, lexicon.heads
    size = len(low)
    found: list[Hit] = []
    for first in range(size):
        key = ""
        comma = False
        for after in range(first + 1, min(first + MOST_TOKENS, size) + 1):
            if after > first + 1:
                gap = gaps[after - 1]
                if gap and gap != " ":
                    if not _BRACKETS.isdisjoint(gap):
                        break
                    comma = comma or "," in gap
            key += low[after - 1]
            if len(key) > LONGEST_NAME or key[:HEAD] not in heads:
                break
            refs = keys.get(key)
            if refs is not None:
                refs = _fitting(refs, len(low[first]) == 1, comma)
                if refs:
                    found.append(Hit(key, refs, first, after, ""))
        if len(found) > MOST_HITS:
            break
    return _sift(found)


def _fitting(refs: tuple[Ref, ...], lone_letter: bool, comma: bool) -> tuple[Ref, ...]:  # noqa: FBT001 - private, two facts about the place
    """The spellings that may stand in this place."""
    if not comma and not lone_letter and all(ref.form in _USUAL for ref in refs):
        return refs
    return tuple(
        ref
        for ref in refs
        if (ref.form != "reversed" or comma)
        and (ref.form == "reversed" or not comma or ref.kind != "performer")
        and (ref.form != "initial" or lone_letter)
    )


_USUAL = frozenset({"name", "alias", "single"})


def _sift(found: list[Hit]) -> list[Hit]:
    """Drop what a longer hit of the same kind covers, mark what one of another kind covers."""
    found.sort(key=lambda hit: (hit.first, -hit.after))
    reach = {"performer": -1, "studio": -1, "tag": -1}
    kept = []
    for hit in found:
        covering = {kind for kind, after in reach.items() if after >= hit.after}
        refs = tuple(ref for ref in hit.refs if ref.kind not in covering) if covering else hit.refs
        if refs:
            inside = "" if not covering else min(covering)
            kept.append(Hit(hit.key, refs, hit.first, hit.after, inside))
            for ref in refs:
                if ref.form != "initial":
                    reach[ref.kind] = max(reach[ref.kind], hit.after)
    return kept


FOLDERS_KEPT = 4_000


def look_up_folder(name: str, lexicon: Lexicon) -> Looked:
    """Find the names in a folder's name."""
    looked = lexicon.folders.get(name)
    if looked is None:
        tokens = tokenise(name)
        hits = find(tokens, lexicon)
        looked = Looked("".join(tokens.low), tokens, hits, find_loose(tokens, lexicon, hits))
        if len(lexicon.folders) >= FOLDERS_KEPT:
            lexicon.folders.clear()
        lexicon.folders[name] = looked
    return looked


class Slip(NamedTuple):
    """A performer's name with one slip of the pen, or only the first name."""

    key: str
    ids: tuple[str, ...]
    first: int
    after: int
    form: str


def find_loose(tokens: Tokens, lexicon: Lexicon, hits: list[Hit]) -> list[Slip]:
    """First names on their own, and full names with one slip, outside of full names."""
    taken: set[int] = set()
    for hit in hits:
        if any(ref.kind == "performer" and ref.form != "single" for ref in hit.refs):
            taken.update(range(hit.first, hit.after))
    found = []
    low = tokens.low
    for at, word in enumerate(low):
        if at in taken or len(word) < 2:
            continue
        slip = _slip(tokens, at, taken, lexicon)
        if slip is not None:
            found.append(slip)
            taken.update(range(slip.first, slip.after))
    for at in range(len(low)):
        word = ""
        for after in range(at + 1, min(at + 3, len(low)) + 1):
            if after - 1 in taken or (after > at + 1 and tokens.gaps[after - 1] not in _JOINS):
                break
            word += low[after - 1]
            if word in lexicon.firsts:
                found.append(Slip(word, lexicon.firsts[word], at, after, "first"))
        if len(found) > MOST_HITS:
            break
    return found


_JOINS = frozenset({"", "-", "'", "_", "."})


def _slip(tokens: Tokens, at: int, taken: set[int], lexicon: Lexicon) -> Slip | None:
    """A full name with one slip that begins or ends with this exact word."""
    low = tokens.low
    for rest, performer, follows in lexicon.halves.get(low[at], ()):
        step = 1 if follows else -1
        word = ""
        for count in range(1, 4):
            place = at + step * count
            if not 0 <= place < len(low) or place in taken:
                break
            if not _BRACKETS.isdisjoint(tokens.gaps[max(place, place - step)]):
                break
            word = word + low[place] if follows else low[place] + word
            if len(word) > len(rest) + 1:
                break
            if len(word) >= SHORTEST_TYPO and word[0] == rest[0] and near(word, rest):
                first, last = min(at, place), max(at, place)
                return Slip(low[at] + word, (performer,), first, last + 1, "typo")
    return None
