"""Whose studio a scene is: names in the path, and what folders, prefixes and casts meant so far.

Rules:
- A candidate is named in a text, or was the studio of organised scenes with the same folder,
  prefix or performers. The best one is proposed, with the runner-up and its gap.
- All counts are lifts: log-odds under the thing seen less the log-odds of the studio at large.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stashhog.domain.detection.counts import TOTAL, View, logit, sigmoid
from stashhog.domain.detection.lexicon import Hit, Lexicon
from stashhog.domain.detection.reading import Reading, Segment

FEATURES = (
    "bias", "prior", "named", "surface", "start", "inner", "last", "d1", "d2", "d3", "title",
    "details", "also", "alias", "single", "short", "places", "inside", "shared",
    "lift_d1", "lift_d2", "lift_d3", "lift_head", "lift_tail", "lift_bracket", "cast", "style",
    "parent_named", "child_named", "rivals", "rival", "best_lift", "whole", "goes_on",
    "word_before", "spelt", "lift_person",
)  # fmt: skip

_ROLE_FLAGS = ("start", "inner", "last", "d1", "d2", "d3", "title", "details", "also")
_NAMED_PRIOR = {
    "start": 0.8, "inner": 0.25, "last": 0.4, "d1": 0.75, "d2": 0.5, "d3": 0.25, "title": 0.1,
    "details": 0.5, "also": 0.4,
}  # fmt: skip
PLACES_KEPT = 5
LEAST_LIFT = 1.0
"""What a place or the cast must say for a studio that is not named, in log-odds."""


class Named(NamedTuple):
    """A studio's name in a text, and how often that meant the studio."""

    segment: Segment
    hit: Hit
    zone: str
    form: str
    surface: float
    before: float


@dataclass(slots=True)
class StudioCandidate:
    """A studio with what speaks for it; `score` is log-odds."""

    id: str
    named: list[Named] = field(default_factory=list)
    lifts: dict[str, float] = field(default_factory=dict)
    row: list[float] = field(default_factory=list)
    score: float = 0.0
    prior: float = 0.0


def zone(segment: Segment, hit: Hit) -> str:
    """The part of a path that a name stands in."""
    if segment.role != "stem":
        return segment.role
    if hit.first == 0 or (hit.first == 1 and segment.tokens.low[0].isdigit()):
        return "start"
    return "last" if hit.after == len(segment.tokens) else "inner"


def surface_keys(segment: Segment, hit: Hit, form: str) -> tuple[str, str]:
    """Where the truth of a name's spelling is counted: for itself, and for its class."""
    where = zone(segment, hit)
    shape = "s" if form == "single" else "n"
    marks = f"{'i' if hit.inside else ''}{'w' if stands_alone(segment, hit) else ''}"
    return f"s@{where}", f"{where}{shape}{marks}"


def stands_alone(segment: Segment, hit: Hit) -> bool:
    """Whether hard marks, digits or the text's ends stand on both sides of a name."""
    tokens = segment.tokens
    left, right = tokens.gaps[hit.first], tokens.gaps[hit.after]
    opens = hit.first == 0 or len(left.strip("._ ")) > 0 or tokens.low[hit.first - 1].isdigit()
    if hit.after == len(tokens):
        return opens
    return opens and (len(right.strip("._ ")) > 0 or tokens.low[hit.after].isdigit())


def word_before(segment: Segment, hit: Hit) -> str:
    """The word before a name within a stem; empty at its beginning."""
    return segment.tokens.low[hit.first - 1] if hit.first and segment.role == "stem" else ""


def _goes_on(segment: Segment, hit: Hit, lexicon: Lexicon) -> bool:
    """Whether the next word is one that studios' names often end with."""
    tokens = segment.tokens
    if hit.after >= len(tokens) or len(tokens.gaps[hit.after]) > 1:
        return False
    return tokens.low[hit.after] in lexicon.studio_ends


def studio_candidates(
    reading: Reading, cast: Iterable[str], lexicon: Lexicon, view: View
) -> list[StudioCandidate]:
    """All candidates with their rows; `cast` are performers that are sure enough."""
    found: dict[str, StudioCandidate] = {}
    popular = view.row("S", "")
    _add_named(reading, found, lexicon, view)
    _add_places(reading, found, popular, lexicon, view)
    _add_cast(tuple(cast)[:6], found, popular, lexicon, view)
    _part_persons(reading, found)
    found = {studio: one for studio, one in found.items() if _backed(one)}
    field = _Field(found, reading.style, popular, lexicon, view)
    head = next((value for place, value in reading.places if place == "p1"), "")
    for candidate in found.values():
        candidate.row = _row(candidate, field, lexicon, view)
        candidate.row.append(float(_spelt(head, candidate.id, lexicon)))
        candidate.row.append(candidate.lifts.get("person", 0.0))
    return list(found.values())


def _backed(candidate: StudioCandidate) -> bool:
    """Whether more speaks for a studio than its share and how files are named at large."""
    return bool(candidate.named) or max(candidate.lifts.values(), default=0.0) >= LEAST_LIFT


def _may(lexicon: Lexicon, studio: str) -> bool:
    entity = lexicon.library.studios.get(studio)
    return entity is not None and not entity.ignore_auto_tag


CATCH_ALL = "S~"
"""Slot: a folder with a studio's name → in how many paths below it another studio is named."""

FEWEST_PATHS = 6
FOLDER_ROLES = frozenset({"d1", "d2", "d3"})


def catches_all(segment: Segment, view: View) -> bool:
    """Whether a folder only happens to be called like a studio: others' scenes lie there too."""
    key = "".join(segment.tokens.low)
    seen = view.n(CATCH_ALL, key)
    return seen >= FEWEST_PATHS and 3 * view.n(CATCH_ALL, key, "other") >= seen


def _add_named(
    reading: Reading, found: dict[str, StudioCandidate], lexicon: Lexicon, view: View
) -> None:
    for segment in reading.segments:
        if segment.hits and segment.role in FOLDER_ROLES and catches_all(segment, view):
            continue
        for hit in segment.hits:
            for ref in hit.refs:
                if ref.kind != "studio" or not _may(lexicon, ref.id):
                    continue
                where = zone(segment, hit)
                slot, kind = surface_keys(segment, hit, ref.form)
                usual = sigmoid(view.odds("s-class", kind, "right", _NAMED_PRIOR[where], 8.0))
                odds = view.odds(slot, hit.key, ref.id, usual, 2.0)
                candidate = found.setdefault(ref.id, StudioCandidate(ref.id))
                word = word_before(segment, hit)
                lift = view.odds("s<", word, "right", usual, 3.0) - logit(usual) if word else 0.0
                candidate.named.append(Named(segment, hit, where, ref.form, odds, lift))


def _add_places(
    reading: Reading,
    found: dict[str, StudioCandidate],
    popular: Mapping[str, int],
    lexicon: Lexicon,
    view: View,
) -> None:
    total = popular.get(TOTAL, 0)
    for place, value in reading.places:
        slot = f"S:{place}"
        seen = view.n(slot, value)
        if not seen:
            continue
        for studio, _ in view.common(slot, value, max(1, seen // 20))[:PLACES_KEPT]:
            if _may(lexicon, studio):
                found.setdefault(studio, StudioCandidate(studio))
    for candidate in found.values():
        candidate.prior = (popular.get(candidate.id, 0) + 0.3) / (total + 30.0)
    for place, value in reading.places:
        row = view.row(f"S:{place}", value)
        seen = row.get(TOTAL, 0)
        if not seen:
            continue
        weight = 1.5 if place[0] == "p" else 0.5
        for candidate in found.values():
            prior = candidate.prior
            p = (row.get(candidate.id, 0) + weight * prior) / (seen + weight)
            lift = math.log(p * (1.0 - prior) / ((1.0 - p) * prior))
            lift = -4.0 if lift < -4.0 else min(lift, 9.0)
            lifts = candidate.lifts
            if place not in lifts or lift > lifts[place]:
                lifts[place] = lift


def _add_cast(
    cast: tuple[str, ...],
    found: dict[str, StudioCandidate],
    popular: Mapping[str, int],
    lexicon: Lexicon,
    view: View,
) -> None:
    for performer in cast:
        for studio, _ in view.common("P>S", performer, 2)[:3]:
            if _may(lexicon, studio):
                found.setdefault(studio, StudioCandidate(studio))
    rows = [view.row("P>S", performer) for performer in cast]
    seen = [(row, row[TOTAL]) for row in rows if row.get(TOTAL, 0)]
    total = popular.get(TOTAL, 0) + 30.0
    for candidate in found.values():
        prior = (popular.get(candidate.id, 0) + 0.3) / total
        lift = 0.0
        for row, scenes in seen:
            times = row.get(candidate.id, 0)
            lift += math.log((times + 2.0 * prior) / (scenes + 2.0) / prior)
        candidate.lifts["cast"] = min(max(lift, -4.0), 6.0)


def _part_persons(reading: Reading, found: Mapping[str, StudioCandidate]) -> None:
    """Set apart what was counted under a performer's name: it is the cast once more."""
    persons: set[str] = set()
    for segment in reading.segments:
        for hit in segment.hits:
            person = any(r.kind == "performer" and r.form != "single" for r in hit.refs)
            if person and hit.first == 0:
                if segment.role == "stem":
                    persons.update(_HEADS)
                elif hit.after == len(segment.tokens):
                    persons.add(segment.role)
    for candidate in found.values():
        lifts = [candidate.lifts.pop(place) for place in persons if place in candidate.lifts]
        if lifts:
            candidate.lifts["person"] = max(lifts)


_HEADS = ("p0", "p1", "p2")


def _spelt(head: str, studio: str, lexicon: Lexicon) -> bool:
    """Whether the stem's first letters are how the studio's name begins, or its initials."""
    if not 1 < len(head) < 6 or head.isdigit():
        return False
    whole, initials = lexicon.beginnings[studio]
    return initials == head or whole.startswith(head)


def _strongest(found: Mapping[str, StudioCandidate]) -> list[tuple[float, str]]:
    """The two best named candidates by the truth of their spelling."""
    named = [(max(n.surface for n in c.named), c.id) for c in found.values() if c.named]
    return sorted(named, reverse=True)[:2]


class _Field:
    """What the rows of all candidates for a scene have in common."""

    __slots__ = ("named", "parents", "popular", "share", "strongest", "style", "total")

    def __init__(
        self,
        found: Mapping[str, StudioCandidate],
        style: str,
        popular: Mapping[str, int],
        lexicon: Lexicon,
        view: View,
    ) -> None:
        studios = lexicon.library.studios
        self.style = style
        self.popular = popular
        self.total = popular.get(TOTAL, 0)
        self.strongest = _strongest(found)
        self.named = {c.id for c in found.values() if c.named}
        self.parents = {parent for studio in self.named for parent in studios[studio].parent_ids}
        self.share = (view.n("Y", "", style) + 1.0) / (self.total + 20.0)


def _row(candidate: StudioCandidate, field: _Field, lexicon: Lexicon, view: View) -> list[float]:
    named = candidate.named
    best = max(named, key=lambda n: n.surface) if named else None
    flags = dict.fromkeys(_ROLE_FLAGS, 0.0)
    for entry in named:
        flags[entry.zone] = 1.0
    lifts = candidate.lifts
    head = max((lifts[p] for p in _HEADS if p in lifts), default=0.0)
    own, total = field.popular.get(candidate.id, 0), field.total
    entity = lexicon.library.studios[candidate.id]
    rival = next((odds for odds, studio in field.strongest if studio != candidate.id), None)
    habit = 0.0
    if own and total:
        share, times = field.share, view.n("Y", candidate.id, field.style)
        habit = math.log((times + 4.0 * share) / (own + 4.0) / share)
    return [
        1.0,
        math.log((own + 0.5) / (total + 50.0) * 100.0),
        float(best is not None),
        best.surface if best else 0.0,
        *(flags[name] for name in _ROLE_FLAGS),
        float(best is not None and best.form == "alias"),
        float(best is not None and best.form == "single"),
        float(best is not None and len(best.hit.key) < 5),
        float(len({n.segment.role for n in named})),
        float(best is not None and bool(best.hit.inside)),
        float(best is not None and len(best.hit.refs) > 1),
        lifts.get("d1", 0.0),
        lifts.get("d2", 0.0),
        lifts.get("d3", 0.0),
        head,
        lifts.get("pz", 0.0),
        lifts.get("pb", 0.0),
        lifts.get("cast", 0.0),
        min(max(habit, -3.0), 3.0),
        float(not field.named.isdisjoint(entity.parent_ids)),
        float(candidate.id in field.parents),
        min(3.0, float(len(field.named) - bool(named))),
        0.0 if rival is None else rival + 3.0,
        max((v for k, v in lifts.items() if k not in _PEOPLE), default=0.0),
        float(best is not None and stands_alone(best.segment, best.hit)),
        float(best is not None and _goes_on(best.segment, best.hit, lexicon)),
        best.before if best else 0.0,
    ]


_PEOPLE = frozenset({"cast", "person"})
