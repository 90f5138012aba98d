"""What a scene is tagged with.

It is told by names in its title and paths, and by what its studio, cast, folder,
size and named tags went with in organised scenes.

Rules:
- The longest name wins; how often a spelling meant its tag is counted for each place.
- A tag that no text names must be much surer than one that is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from stashhog.domain.detection.counts import View, logit, sigmoid
from stashhog.domain.detection.lexicon import Hit, Lexicon
from stashhog.domain.detection.reading import Reading, Segment

FEATURES = (
    "bias", "popular", "named", "surface", "seen", "in_title", "stem", "also", "folder", "title",
    "details", "alias", "single", "inside", "person_word", "studio_word", "over_name", "roles",
    "studio", "cast", "place", "width", "beside", "best", "unnamed_best", "unnamed_sum",
    "parent_named", "child_named", "shared", "unnamed_width", "long", "words", "leaf", "glued",
)  # fmt: skip

_PRIOR = {"in": 0.9, "stem": 0.5, "also": 0.6, "d": 0.1, "title": 0.9, "details": 0.5}
UNNAMED_SHARE = 0.3
UNNAMED_TIMES = 4
MOST_UNNAMED = 8


class TagMention(NamedTuple):
    """A tag's name in a text; `where` is `in` where it lies in the scene's title."""

    segment: Segment
    hit: Hit
    where: str
    form: str
    over_name: bool


@dataclass(slots=True)
class TagCandidate:
    """A tag with what speaks for it; `score` is log-odds."""

    id: str
    mentions: list[TagMention] = field(default_factory=list)
    row: list[float] = field(default_factory=list)
    score: float = 0.0
    custom: tuple[str, int, int] = ("", 0, 0)
    """For one that no text names: what it mostly went with, how often, of how many scenes."""


@dataclass(frozen=True, slots=True)
class TagContext:
    """What a scene's tags go with: likely studio, sure cast, title span and spans of names."""

    studios: Mapping[str, float]
    cast: tuple[str, ...]
    title: tuple[int, int] | None
    names: frozenset[int]


def where(segment: Segment, hit: Hit, title: tuple[int, int] | None) -> str:
    """The place that the truth of a tag's name is counted for."""
    role = segment.role
    if role == "stem" and title and title[0] <= hit.first and hit.after <= title[1]:
        return "in"
    return "d" if role[0] == "d" and role != "details" else role


def tag_mentions(
    reading: Reading, context: TagContext, lexicon: Lexicon
) -> dict[str, TagCandidate]:
    """All tags named in a scene's texts."""
    found: dict[str, TagCandidate] = {}
    tags = lexicon.library.tags
    for segment in reading.segments:
        own = segment.role == "stem"
        for hit in segment.hits:
            for ref in hit.refs:
                if ref.kind != "tag" or tags[ref.id].ignore_auto_tag:
                    continue
                over = own and any(at in context.names for at in range(hit.first, hit.after))
                place = where(segment, hit, context.title)
                mention = TagMention(segment, hit, place, ref.form, over)
                found.setdefault(ref.id, TagCandidate(ref.id)).mentions.append(mention)
    return found


def tag_candidates(
    reading: Reading, context: TagContext, lexicon: Lexicon, view: View
) -> list[TagCandidate]:
    """All candidates with their rows."""
    found = tag_mentions(reading, context, lexicon)
    beside = [tag for tag, c in found.items() if any(m.where in _TITLE for m in c.mentions)][:3]
    given = _Given(reading, context, beside, view)
    tags = lexicon.library.tags
    for tag in given.unnamed():
        if tag not in found and tag in tags and not tags[tag].ignore_auto_tag:
            found[tag] = TagCandidate(tag, custom=given.customs[tag])
    named = {tag for tag, candidate in found.items() if candidate.mentions}
    parents = {parent for tag in named for parent in tags[tag].parent_ids}
    for candidate in found.values():
        own = tags[candidate.id].parent_ids
        leaf = candidate.id not in lexicon.parents
        family = (any(p in named for p in own), candidate.id in parents, leaf)
        candidate.row = _row(candidate, given, family, view)
    return list(found.values())


_TITLE = frozenset({"in", "title"})


class _Given:
    """The slots that a scene's tags are counted under, and each tag's lift there."""

    __slots__ = ("customs", "rows", "slots", "total", "view")

    def __init__(
        self, reading: Reading, context: TagContext, beside: list[str], view: View
    ) -> None:
        self.customs: dict[str, tuple[str, int, int]] = {}
        slots: list[tuple[str, str, float, int]] = []
        for studio, p in context.studios.items():
            if p > 0.1:
                slots.append(("S>T", studio, p, view.n("S>T", studio)))
        slots.extend(("P>T", pid, 1.0, view.n("P>T", pid)) for pid in context.cast[:4])
        slots.extend(
            ("F>T", value, 1.0, view.n("F>T", value))
            for place, value in reading.places
            if place == "d1"
        )
        if reading.width:
            slots.append(("W>T", reading.width, 1.0, view.n("W>T", reading.width)))
        slots.extend(("T>T", tag, 1.0, view.n("T>T", tag)) for tag in beside)
        self.slots = [slot for slot in slots if slot[3]]
        self.rows = [(slot, view.row(slot, value), p, n) for slot, value, p, n in self.slots]
        self.view = view
        self.total = view.n("T", "")

    def unnamed(self) -> list[str]:
        """Tags that one of the slots mostly went with."""
        shares: dict[str, float] = {}
        self.customs.clear()
        for slot, value, p, scenes in self.slots:
            if scenes < UNNAMED_TIMES or p < 0.3:
                continue
            floor = max(UNNAMED_TIMES - 1, ceil(UNNAMED_SHARE * scenes))
            for tag, times in self.view.common(slot, value, floor):
                if times / scenes > shares.get(tag, 0.0):
                    shares[tag] = times / scenes
                    self.customs[tag] = (slot, times, scenes)
        return sorted(shares, key=lambda tag: -shares[tag])[:MOST_UNNAMED]

    def lifts(self, tag: str, prior: float, base: float) -> dict[str, float]:
        """The strongest lift of a tag in each kind of slot, weighed by the slot's certainty."""
        lifts: dict[str, float] = {}
        for slot, row, p, scenes in self.rows:
            share = (row.get(tag, 0) + 3.0 * prior) / (scenes + 3.0)
            lift = p * (math.log(share / (1.0 - share)) - base)
            if abs(lift) > abs(lifts.get(slot, 0.0)):
                lifts[slot] = -3.0 if lift < -3.0 else min(lift, 6.0)
        return lifts


def mention_odds(tag: str, mention: TagMention, view: View) -> float:
    """Log-odds that this spelling in this place means the tag."""
    shape = f"{mention.where}{mention.form[0]}{'o' if mention.over_name else ''}"
    shape += mention.hit.inside[:1]
    usual = sigmoid(view.odds("t-class", shape, "right", _PRIOR[mention.where], 6.0))
    return view.odds(f"t@{mention.where}", mention.hit.key, tag, usual, 3.0)


_SLOTS = ("S>T", "P>T", "F>T", "W>T", "T>T")


def _row(
    candidate: TagCandidate, given: _Given, family: tuple[bool, bool, bool], view: View
) -> list[float]:
    prior = (view.n("T", "", candidate.id) + 0.5) / (given.total + 100.0)
    base = logit(prior)
    lifts = given.lifts(candidate.id, prior, base)
    named = candidate.mentions
    odds = [mention_odds(candidate.id, mention, view) for mention in named]
    best = named[odds.index(max(odds))] if named else None
    roles = {mention.where for mention in named}
    shares = [lifts.get(slot, 0.0) for slot in _SLOTS]
    top = max(shares)
    kinds = {ref.kind for ref in best.hit.refs} if best else set()
    unnamed = best is None
    return [
        1.0,
        math.log(prior * 100.0),
        float(not unnamed),
        max(odds) if odds else 0.0,
        math.log1p(view.n(f"t@{best.where}", best.hit.key)) if best else 0.0,
        float("in" in roles),
        float("stem" in roles),
        float("also" in roles),
        float("d" in roles),
        float("title" in roles),
        float("details" in roles),
        float(best is not None and best.form == "alias"),
        float(best is not None and best.form == "single"),
        float(best is not None and bool(best.hit.inside)),
        float("performer" in kinds),
        float("studio" in kinds),
        float(best is not None and best.over_name),
        float(len(roles)),
        *shares,
        top,
        top + base if unnamed else 0.0,
        sum(shares) + base if unnamed else 0.0,
        float(family[0]),
        float(family[1]),
        float(best is not None and sum(ref.kind == "tag" for ref in best.hit.refs) > 1),
        shares[3] + base if unnamed else 0.0,
        len(best.hit.key) / 10.0 if best else 0.0,
        math.log(best.hit.after - best.hit.first) if best else 0.0,
        float(best is not None and family[2]),
        float(best is not None and _glued(best)),
    ]


def _glued(mention: TagMention) -> bool:
    """Whether the name is part of a longer word or number."""
    gaps = mention.segment.tokens.gaps
    first, after = mention.hit.first, mention.hit.after
    return (first > 0 and not gaps[first]) or (after < len(gaps) - 1 and not gaps[after])
