"""The title in a file's name.

It is what is left when studio, names, date and technical marks are taken
out, begun and ended where titles of organised scenes began and ended.

Rules:
- Each token is labelled: S(tudio), P(erformer), D(ate), J(unk), N(umber) or a blank for words.
- A candidate is a run of tokens without dates and junk; its ends are rated by their surroundings
  and by their words, the best few are weighed in full.
"""

from __future__ import annotations

import math
import re
from math import ceil
from typing import NamedTuple

from stashhog.domain.detection.counts import TOTAL, View, sigmoid
from stashhog.domain.detection.marks import marked_spans
from stashhog.domain.detection.reading import Reading, Segment
from stashhog.domain.names import Tokens, squash

FEATURES = (
    "bias", "start", "end", "first", "last", "inside", "least", "before", "after", "length",
    "one_word", "names", "studio_part", "number_only", "number_end", "number_start", "template",
    "also", "agreed", "hexlike", "glued", "whole_zone", "bracketed", "style", "zones", "longest",
    "rest_words", "known_words", "studio_style", "digits", "person_first", "person_before",
)  # fmt: skip

TITLED_ROLES = frozenset({"stem", "also"})
MOST_TOKENS = 48
ENDS_KEPT = 5
MOST_CANDIDATES = 10

_HEX = re.compile(r"^[0-9a-f]{8,}$")


class Labels(NamedTuple):
    """A segment's tokens by what they are, and its template: the labels without repeats.

    `persons` are tokens that begin like a performer's name: strangers' names stand there too.
    """

    of: str
    template: str
    persons: frozenset[int]


class TitleCandidate(NamedTuple):
    """Tokens `first` up to `after` of a segment as a title, with the row of features."""

    segment: Segment
    first: int
    after: int
    row: list[float]


def label(segment: Segment, view: View) -> Labels:
    """Label a segment's tokens by what the dictionary and the patterns know."""
    tokens = segment.tokens
    size = min(len(tokens), MOST_TOKENS)
    marks = [" "] * size
    for at in range(size):
        if tokens.low[at].isdigit():
            marks[at] = "N"
    for hit in segment.hits:
        forms = {ref.kind: ref.form for ref in hit.refs}
        if (
            forms.get("studio")
            and not hit.inside
            and (forms["studio"] != "single" or not hit.first)
        ):
            _mark(marks, hit.first, hit.after, "S")
        elif forms.get("performer", "single") not in ("single", "first") and not hit.inside:
            _mark(marks, hit.first, hit.after, "P")
    for slip in segment.slips:
        if slip.form == "typo":
            _mark(marks, slip.first, slip.after, "P")
    _mark_joints(tokens, marks)
    _mark_prefix(segment, marks, view)
    for start, end, mark in marked_spans(tokens.text):
        for at in range(size):
            if tokens.starts[at] < end and tokens.ends[at] > start:
                marks[at] = mark if mark != "B" else marks[at] if marks[at] in "SP" else "J"
    of = "".join(marks)
    return Labels(of, template_of(of, tokens.gaps), _persons(segment))


def _persons(segment: Segment) -> frozenset[int]:
    alone = {slip.first for slip in segment.slips if slip.form == "first"}
    alone.update(
        hit.first
        for hit in segment.hits
        for ref in hit.refs
        if ref.kind == "performer" and ref.form == "single"
    )
    return frozenset(alone)


def _mark(marks: list[str], first: int, after: int, mark: str) -> None:
    for at in range(first, min(after, len(marks))):
        marks[at] = mark


def _mark_joints(tokens: Tokens, marks: list[str]) -> None:
    """What joins names to each other, or to the title, belongs to neither."""
    for at in range(1, len(marks) - 1):
        if marks[at] == " " and marks[at + 1] == "P":
            if tokens.low[at] in _PRESENTS:
                marks[at] = "J"
            elif marks[at - 1] == "P" and tokens.low[at] in _AND:
                marks[at] = "P"


_PRESENTS = frozenset({"feat", "ft", "featuring", "starring"})
_AND = frozenset({"and", "und", "et", "y", "e", "i", "и", "και", "ve", "och", "og", "en"})


def _mark_prefix(segment: Segment, marks: list[str], view: View) -> None:
    """A first word that was nearly always the mark of one studio is such a mark."""
    tokens = segment.tokens
    if segment.role != "stem" or not marks or marks[0] != " ":
        return
    run, after = tokens.low[0], 1
    while after < len(marks) and not tokens.gaps[after] and not tokens.low[after].isdigit():
        run += tokens.low[after]
        after += 1
    seen = view.n("S:p0", run)
    if seen >= 3:
        words_in = view.n("w", tokens.low[0], "in")
        if view.common("S:p0", run, ceil(0.7 * seen)) and words_in * 2 < view.n("w", tokens.low[0]):
            _mark(marks, 0, after, "S")


def template_of(of: str, gaps: list[str]) -> str:
    """The labels without repeats, with the hard gaps between them."""
    parts: list[str] = []
    for at, mark in enumerate(of):
        gap = gap_class(gaps[at]) if at else ""
        if gap in ("-", "[", "]"):
            parts.append(gap)
        if not parts or parts[-1] != mark:
            parts.append(mark)
    return "".join(parts)


def gap_class(gap: str) -> str:
    """A gap by its strongest mark."""
    if not gap:
        return "c"
    if len(gap) == 1:
        return "s" if gap in " ._-'" else "," if gap in ",&+;" else "b" if gap in "()[]{}" else "o"
    if " - " in gap or "_-_" in gap:
        return "-"
    if "(" in gap or "[" in gap or "{" in gap:
        return "["
    if ")" in gap or "]" in gap or "}" in gap:
        return "]"
    if "," in gap or "&" in gap or "+" in gap:
        return ","
    return "'" if "'" in gap else "m"


def start_context(labels: str, gaps: list[str], at: int) -> str:
    """What surrounds a possible beginning."""
    before = labels[at - 1] if at else "^"
    return f"{before}{gap_class(gaps[at]) if at else '^'}{labels[at]}"


def end_context(labels: str, gaps: list[str], after: int) -> str:
    """What surrounds a possible end."""
    behind = labels[after] if after < len(labels) else "$"
    return f"{labels[after - 1]}{gap_class(gaps[after]) if after < len(labels) else '$'}{behind}"


def zones(labels: str) -> list[tuple[int, int]]:
    """Maximal runs of tokens that are neither date nor junk."""
    return [match.span() for match in re.finditer(r"[^DJ]+", labels)]


def locate(segment: Segment, key: str) -> tuple[int, int] | None:
    """Where a squashed title stands in a segment, on token boundaries."""
    low = segment.tokens.low[:MOST_TOKENS]
    for first in range(len(low)):
        run = ""
        for after in range(first, len(low)):
            run += low[after]
            if len(run) >= len(key):
                if run == key:
                    return first, after + 1
                break
            if not key.startswith(run):
                break
    return None


class _Scored(NamedTuple):
    rate: float
    first: int
    after: int
    start: float
    end: float


def title_candidates(
    reading: Reading, names: frozenset[int], studio: str | None, view: View
) -> list[TitleCandidate]:
    """The best runs of the file names; `names` are stem tokens of sure names."""
    found: list[TitleCandidate] = []
    keys = ["".join(s.tokens.low) for s in reading.segments if s.role in TITLED_ROLES]
    at = -1
    for segment in reading.segments:
        if segment.role not in TITLED_ROLES or not segment.tokens.low:
            continue
        at += 1
        labels = label(segment, view)
        own = names if segment.role == "stem" else frozenset[int]()
        words = _WordOdds(segment, view)
        others = [key for place, key in enumerate(keys) if place != at]
        scored = _best_runs(segment, labels.of, words, own, view)
        name = _Name(segment, labels, words, own, others, studio, reading.style, view)
        found.extend(
            TitleCandidate(segment, run.first, run.after, _row(run, name, view)) for run in scored
        )
    return found


def chosen_title(
    text: str, reading: Reading, names: frozenset[int], studio: str | None, view: View
) -> TitleCandidate | None:
    """Somebody's title as a candidate; None where it is no run of a file's name."""
    key = squash(text)
    for segment in reading.segments:
        span = locate(segment, key) if key and segment.role in TITLED_ROLES else None
        if span is None:
            continue
        labels = label(segment, view)
        first, after = span
        if not any(low <= first and after <= high for low, high in zones(labels.of)):
            continue
        own = names if segment.role == "stem" else frozenset[int]()
        start = _start_odds(segment, labels.of, first, view)
        run = _Scored(0.0, first, after, start, _end_odds(segment, labels.of, after, view))
        words = _WordOdds(segment, view)
        name = _Name(segment, labels, words, own, [], studio, reading.style, view)
        return TitleCandidate(segment, first, after, _row(run, name, view))
    return None


class _WordOdds:
    """How the words of a segment stood in titles so far, in log-odds."""

    __slots__ = ("first", "inside", "known", "last")

    def __init__(self, segment: Segment, view: View) -> None:
        self.first: list[float] = []
        self.inside: list[float] = []
        self.last: list[float] = []
        self.known: list[bool] = []
        for word in segment.tokens.low[:MOST_TOKENS]:
            row = view.row("w", word)
            seen, inside = row.get(TOTAL, 0), row.get("in", 0)
            first, last = row.get("first", 0), row.get("last", 0)
            self.inside.append(math.log((inside + 0.5) / (seen - inside + 0.5)))
            self.first.append(math.log((first + 0.25) / (inside - first + 1.0)))
            self.last.append(math.log((last + 0.25) / (inside - last + 1.0)))
            self.known.append(seen > 0)


def _best_runs(
    segment: Segment, labels: str, words: _WordOdds, names: frozenset[int], view: View
) -> list[_Scored]:
    runs: list[_Scored] = []
    for low, high in zones(labels):
        starts = []
        ends = []
        for at in range(low, high):
            odds = _start_odds(segment, labels, at, view)
            starts.append((odds + 0.7 * words.first[at] + 0.3 * words.inside[at], at, odds))
            odds = _end_odds(segment, labels, at + 1, view)
            ends.append((odds + 0.5 * words.last[at] + 0.3 * words.inside[at], at + 1, odds))
        starts = sorted(starts, reverse=True)[:ENDS_KEPT]
        ends = sorted(ends, reverse=True)[:ENDS_KEPT]
        for rate, first, start in starts:
            for end_rate, after, end in ends:
                if first < after:
                    inner = words.inside[first:after]
                    named = sum(map(names.__contains__, range(first, after))) if names else 0
                    total = rate + end_rate + 0.5 * min(inner) - 1.5 * named / len(inner)
                    runs.append(_Scored(total, first, after, start, end))
    runs.sort(reverse=True)
    return runs[:MOST_CANDIDATES]


def _start_odds(segment: Segment, labels: str, at: int, view: View) -> float:
    context = start_context(labels, segment.tokens.gaps, at)
    return view.odds("b>", segment.role[0] + context, "right", _start_prior(context), 4.0)


def _end_odds(segment: Segment, labels: str, after: int, view: View) -> float:
    context = end_context(labels, segment.tokens.gaps, after)
    return view.odds("b<", segment.role[0] + context, "right", _start_prior(context[::-1]), 4.0)


def _start_prior(context: str) -> float:
    """How likely a title begins (or, read backwards, ends) here, before anything is learned."""
    before, gap, own = context[0], context[1], context[2]
    if own != " ":
        return 0.05 if own == "N" else 0.02
    if gap in "^$-[]" or before in "DJS":
        return 0.75
    return 0.4 if before == "P" else 0.03


class _Name:
    """A segment with what the rows of all its runs have in common."""

    __slots__ = (
        "labels", "legal", "longest", "names", "others", "segment", "studio", "titled", "words",
    )  # fmt: skip

    def __init__(
        self,
        segment: Segment,
        labels: Labels,
        words: _WordOdds,
        names: frozenset[int],
        others: list[str],
        studio: str | None,
        style: str,
        view: View,
    ) -> None:
        self.segment = segment
        self.labels = labels
        self.words = words
        self.names = names
        self.others = others
        self.legal = zones(labels.of)
        self.longest = max((b - a for a, b in self.legal), default=0)
        self.titled = view.odds("style", style, "titled", 0.7, 4.0)
        chosen = sigmoid(self.titled)
        self.studio = view.odds("S>titled", studio, "titled", chosen, 3.0) if studio else 0.0


def _row(run: _Scored, name: _Name, view: View) -> list[float]:
    first, after = run.first, run.after
    segment, labels, words, names = name.segment, name.labels, name.words, name.names
    of = labels.of
    own = of[first:after]
    inner = words.inside[first:after]
    size = after - first
    low = segment.tokens.low
    key = "".join(low[first:after])
    zone = next(z for z in name.legal if z[0] <= first and after <= z[1])
    shape = f"{labels.template}|{template_of(of[:first], segment.tokens.gaps)}|{of[first]}"
    rest = of.count(" ", zone[0], first) + of.count(" ", after, zone[1])
    begin, end = segment.tokens.span(first, after)
    text = segment.tokens.text
    return [
        1.0,
        run.start,
        run.end,
        words.first[first],
        words.last[after - 1],
        sum(inner) / size,
        min(inner),
        words.inside[first - 1] if first and of[first - 1] in " N" else -1.0,
        words.inside[after] if after < len(of) and of[after] in " N" else -1.0,
        math.log(size),
        float(size == 1),
        sum(map(names.__contains__, range(first, after))) / size if names else 0.0,
        own.count("S") / size,
        float(own.count("N") == size),
        float(of[after - 1] == "N"),
        float(of[first] == "N"),
        view.odds("template", shape, "right", 0.3, 2.0),
        float(segment.role == "also"),
        float(len(key) > 5 and any(key in other for other in name.others)),
        float(bool(_HEX.match(key)) and any(c.isdigit() for c in key)),
        float(size == 1 and len(key) > 14),
        float((first, after) == zone),
        float(text[begin - 1 : begin] in "([{" and begin > 0 and text[end : end + 1] in ")]}"),
        name.titled,
        float(len(name.legal)),
        float(size == name.longest),
        float(min(6, rest)),
        sum(words.known[first:after]) / size,
        name.studio,
        own.count("N") / size,
        float(first in labels.persons),
        float(first > 1 and first - 2 in labels.persons and of[first - 1] == " "),
    ]
