"""Who is in a scene: names in its texts, weighed by place, spelling, cast and folder.

Rules:
- The longest name wins. A name of one word, a first name or an initial is proposed only where the
  counts of its own spelling, the studio's cast or the folder stand behind it.
- A name that two performers share goes to the one whom cast, folder and custom speak for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stashhog.domain.detection.counts import View, logit, sigmoid
from stashhog.domain.detection.lexicon import Lexicon
from stashhog.domain.detection.reading import Reading, Segment

FEATURES = (
    "bias", "popular", "surface", "seen", "name", "alias", "single", "reversed", "initial",
    "first", "typo", "stem", "also", "folder", "title", "details", "places", "head", "left_hard",
    "right_hard", "beside", "whose", "inside", "studio_word", "tag_word", "shared", "share",
    "cast", "cast_known", "folder_lift", "long", "weak_cast", "weak_folder", "next_name",
    "has_named", "elsewhere", "same_first",
)  # fmt: skip

_FORMS = ("name", "alias", "single", "reversed", "initial", "first", "typo")
_PRIOR = {
    "name": 0.9, "alias": 0.8, "single": 0.1, "reversed": 0.9, "initial": 0.5, "first": 0.02,
    "typo": 0.75,
}  # fmt: skip
WEAK = frozenset({"single", "first"})
_RANK = {form: at for at, form in enumerate(_FORMS)} | {"single": 8, "first": 9}
MOST_NAMESAKES = 40
_HARD = frozenset("()[]{},&+;/|")


class Mention(NamedTuple):
    """A performer's name in a text."""

    segment: Segment
    key: str
    first: int
    after: int
    form: str
    inside: str
    shared: int
    kinds: frozenset[str]


@dataclass(slots=True)
class PerformerCandidate:
    """A performer with where it is named; `score` is log-odds."""

    id: str
    mentions: list[Mention] = field(default_factory=list)
    row: list[float] = field(default_factory=list)
    score: float = 0.0

    @property
    def best(self) -> Mention:
        """The clearest mention."""
        return min(self.mentions, key=_clearness)


def _clearness(mention: Mention) -> tuple[bool, int, int]:
    place = {"stem": 0, "d1": 1, "title": 2, "d2": 3, "also": 4}.get(mention.segment.role, 5)
    return bool(mention.inside), _RANK[mention.form], place


def performer_slot(role: str) -> str:
    """Where the truth of a spelling is counted."""
    return "p@d" if role[0] == "d" and role != "details" else f"p@{role}"


def _has_neighbour(best: Mention, performer: str, spans: Iterable[tuple[int, int, str]]) -> bool:
    """Whether another performer is named right beside this mention."""
    return any(
        abs(first - best.after) < 2 or abs(best.first - after) < 2
        for first, after, other in spans
        if other != performer
    )


def mention_class(mention: Mention) -> str:
    """The class of a mention, for what was never seen itself."""
    bound = "h" if _bounds(mention)[0] else ""
    inside = "i" if mention.inside else ""
    return f"{performer_slot(mention.segment.role)[2:]}:{mention.form}:{bound}{inside}"


def mentions(
    reading: Reading,
    studios: Mapping[str, float],
    lexicon: Lexicon,
    view: View,
) -> dict[str, PerformerCandidate]:
    """All performers named; first names only of those whom cast or folder stand behind."""
    found: dict[str, PerformerCandidate] = {}
    performers = lexicon.library.performers
    for segment in reading.segments:
        for hit in segment.hits:
            kinds = frozenset(ref.kind for ref in hit.refs)
            shared = sum(ref.kind == "performer" for ref in hit.refs)
            for ref in hit.refs:
                if ref.kind == "performer" and not performers[ref.id].ignore_auto_tag:
                    mention = Mention(
                        segment, hit.key, hit.first, hit.after, ref.form, hit.inside, shared, kinds
                    )
                    found.setdefault(ref.id, PerformerCandidate(ref.id)).mentions.append(mention)
    folders = [value for place, value in reading.places if place[0] == "d"]
    for segment in reading.segments:
        for slip in segment.slips:
            for performer in _backed(slip.form, slip.ids, studios, folders, found, view):
                mention = Mention(
                    segment, slip.key, slip.first, slip.after, slip.form, "", len(slip.ids),
                    frozenset({"performer"}),
                )  # fmt: skip
                found.setdefault(performer, PerformerCandidate(performer)).mentions.append(mention)
    return found


def _backed(
    form: str,
    ids: tuple[str, ...],
    studios: Mapping[str, float],
    folders: list[str],
    found: Mapping[str, PerformerCandidate],
    view: View,
) -> list[str]:
    if form != "first":
        return list(ids)
    kept = []
    for performer in ids[:400]:
        times = sum(view.n("S>P", studio, performer) * p for studio, p in studios.items())
        times += sum(view.n("F>P", folder, performer) for folder in folders)
        if times > 0.2 or performer in found:
            kept.append((times, performer))
    return [performer for _, performer in sorted(kept, reverse=True)[:MOST_NAMESAKES]]


def sure_cast(reading: Reading, lexicon: Lexicon) -> list[str]:
    """Performers whose whole name stands in a path and nobody else's is the same."""
    sure: dict[str, None] = {}
    for segment in reading.segments:
        if segment.role in ("details", "title"):
            continue
        for hit in segment.hits:
            if not hit.inside and len(hit.refs) == 1:
                ref = hit.refs[0]
                if ref.kind == "performer" and ref.form not in ("single", "initial"):
                    sure[ref.id] = None
    return list(sure)


def performer_candidates(
    reading: Reading,
    studios: Mapping[str, float],
    lexicon: Lexicon,
    view: View,
) -> list[PerformerCandidate]:
    """All candidates with their rows; `studios` are the likely ones with their probability."""
    found = mentions(reading, studios, lexicon, view)
    context = _Context(reading, studios, found, view)
    for candidate in found.values():
        candidate.row = context.row(candidate, lexicon)
    return list(found.values())


class _Context:
    """What all candidates of a scene are weighed against."""

    __slots__ = ("folders", "found", "full", "popularity", "studios", "total", "view")

    def __init__(
        self,
        reading: Reading,
        studios: Mapping[str, float],
        found: Mapping[str, PerformerCandidate],
        view: View,
    ) -> None:
        self.view = view
        self.studios = [(s, p) for s, p in studios.items() if p > 0.05]
        self.folders = [value for place, value in reading.places if place[0] == "d"]
        self.found = found
        self.total = view.n("P", "")
        self.popularity = {pid: view.n("P", "", pid) for pid in found}
        self.full: dict[int, list[tuple[int, int, str]]] = {}
        for candidate in found.values():
            for mention in candidate.mentions:
                if mention.form not in WEAK and not mention.inside:
                    spans = self.full.setdefault(id(mention.segment), [])
                    spans.append((mention.first, mention.after, candidate.id))

    def cast(self, performer: str) -> float:
        """Lift of the performer under the likely studios."""
        prior = (self.popularity[performer] + 0.3) / (self.total + 300.0)
        lift = 0.0
        for studio, p in self.studios:
            scenes = self.view.n("S>P", studio)
            if scenes:
                times = self.view.n("S>P", studio, performer)
                lift += p * math.log((times + 2.0 * prior) / (scenes + 2.0) / prior)
        return min(max(lift, -3.0), 6.0)

    def folder(self, performer: str) -> float:
        """The best share of the performer in one of the folders, in log-odds above rare."""
        best = 0.0
        for folder in self.folders:
            scenes = self.view.n("F>P", folder)
            if scenes:
                times = self.view.n("F>P", folder, performer)
                share = (times + 0.02) / (scenes + 0.5)
                best = max(best, logit(share) + 4.0) if times else best
        return min(best, 8.0)

    def row(self, candidate: PerformerCandidate, lexicon: Lexicon) -> list[float]:
        """The candidate's features."""
        best = candidate.best
        view = self.view
        slot = performer_slot(best.segment.role)
        usual = sigmoid(view.odds("p-class", mention_class(best), "right", _PRIOR[best.form], 6.0))
        surface = view.odds(slot, best.key, candidate.id, usual, 2.0)
        head, left, right = _bounds(best)
        own = self.popularity[candidate.id]
        cast = self.cast(candidate.id)
        folder = self.folder(candidate.id)
        roles = {
            m.segment.role[0] if m.segment.role != "details" else "x" for m in candidate.mentions
        }
        spans = self.full.get(id(best.segment), ())
        weak = best.form in WEAK
        rivals = [
            self.popularity[other.id]
            for other in self.found.values()
            if other is not candidate and any(m.key == best.key for m in other.mentions)
        ]
        return [
            1.0,
            math.log((own + 0.5) / (self.total + 500.0) * 1000.0),
            surface,
            math.log1p(view.n(slot, best.key)),
            *(float(best.form == form) for form in _FORMS),
            float("s" in roles),
            float("a" in roles),
            float("d" in roles),
            float("t" in roles),
            float("x" in roles),
            float(len(roles) - 1),
            float(head),
            float(left),
            float(right),
            float(_has_neighbour(best, candidate.id, spans)),
            float(_is_possessive(best)),
            float(bool(best.inside)),
            float("studio" in best.kinds),
            float("tag" in best.kinds),
            float(best.shared > 1),
            math.log((own + 0.5) / (own + sum(rivals) + 0.5 * (1 + len(rivals))))
            if rivals
            else 0.0,
            cast,
            float(bool(self.studios)),
            folder,
            len(best.key) / 10.0,
            cast if weak else 0.0,
            folder if weak else 0.0,
            float(weak and _name_follows(best)),
            float(any(True for _ in spans) and weak),
            float(weak and len(candidate.mentions) > 1),
            float(weak and any(pid == candidate.id for s in self.full.values() for _, _, pid in s)),
        ]  # fmt: skip


def _is_possessive(mention: Mention) -> bool:
    """Whether the mention is followed by `'s`."""
    tokens, after = mention.segment.tokens, mention.after
    return after < len(tokens.low) and tokens.low[after] == "s" and tokens.gaps[after] == "'"


def _bounds(mention: Mention) -> tuple[bool, bool, bool]:
    """Whether the mention opens its text, and whether hard marks stand left and right of it."""
    gaps = mention.segment.tokens.gaps
    left, right = gaps[mention.first], gaps[mention.after]
    head = mention.first == 0
    last = mention.after == len(mention.segment.tokens)
    return (
        head,
        head or " - " in left or not _HARD.isdisjoint(left),
        last or " - " in right or not _HARD.isdisjoint(right),
    )


def _name_follows(mention: Mention) -> bool:
    """Whether a capitalised word follows softly: the name goes on as somebody else's."""
    tokens = mention.segment.tokens
    if mention.after >= len(tokens) or tokens.gaps[mention.after] not in (" ", ".", "_"):
        return False
    start = tokens.starts[mention.after]
    return tokens.text[start : start + 1].isupper()
