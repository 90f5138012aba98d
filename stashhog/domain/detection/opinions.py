"""What another reader (a language model) says of the candidates, as one more thing that speaks.

Rules:
- An opinion names candidates; it never is a confidence. It moves a candidate's log-odds by what
  agreeing and not agreeing were worth so far, and the calibrator judges the sum.
- A field that was not asked about is not touched; one asked about and answered with nothing speaks
  against all of its candidates.
- A title may also be a run of the file's name that detection did not think of; any other value
  that is no candidate is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.model import Trust
from stashhog.domain.detection.scoring import Scored, bounded
from stashhog.domain.detection.titles import TitleCandidate, chosen_title
from stashhog.domain.names import plain

Opinions = Mapping[str, frozenset[str]]
"""Field → what was chosen for it: entity ids, or texts; empty where it was said to have none."""

Verdict = Literal["agrees", "disagrees"]


def verdict(opinions: Opinions, field: str, key: str) -> Verdict | None:
    """What was said of one value; None where nobody was asked."""
    chosen = opinions.get(field)
    if chosen is None:
        return None
    if field == "title":
        chosen = frozenset(map(plain, chosen))
        key = plain(key)
    return "agrees" if key in chosen else "disagrees"


def swayed(scored: Scored, opinions: Opinions, knowledge: Knowledge) -> Scored:
    """A copy of the candidates with the opinions in their scores, best first again."""
    out = replace(scored)
    if "studio" in opinions:
        moved = (c.moved(_shift(opinions, "studio", c.id, knowledge)) for c in scored.studios)
        out.studios = sorted(moved, key=lambda c: (-c.score, c.id))
        out.likely = None
    if "performers" in opinions:
        out.performers = [
            c.moved(_shift(opinions, "performers", c.id, knowledge)) for c in scored.performers
        ]
    if "tags" in opinions:
        out.tags = [c.moved(_shift(opinions, "tags", c.id, knowledge)) for c in scored.tags]
    if "date" in opinions:
        out.dates = sorted(
            ((s + _shift(opinions, "date", c.value, knowledge), c) for s, c in scored.dates),
            key=lambda item: (-item[0], item[1].value),
        )
    if "title" in opinions:
        out.titles = _titles(scored, opinions, knowledge)
    return out


def _shift(opinions: Opinions, field: str, key: str, knowledge: Knowledge) -> float:
    trust = knowledge.trust.get(field, Trust())
    return trust.agrees if verdict(opinions, field, key) == "agrees" else trust.disagrees


def _titles(
    scored: Scored, opinions: Opinions, knowledge: Knowledge
) -> list[tuple[float, TitleCandidate]]:
    found = [(s, c, scored.title_of(c)[1]) for s, c in scored.titles]
    known = {key for _, _, key in found}
    chosen = {plain(text): text for text in sorted(opinions["title"])}
    weights, trust = knowledge.weights, knowledge.trust.get("title", Trust())
    for key, text in chosen.items():
        if key in known:
            continue
        fresh = chosen_title(
            text, scored.reading, scored.name_tokens(weights), scored.top_studio(weights),
            scored.view,
        )  # fmt: skip
        if fresh is not None:
            score = bounded(weights.linear["title"].score(fresh.row))
            found.append((score, fresh, scored.title_of(fresh)[1]))
    swayed_ones = [
        (score + (trust.agrees if key in chosen else trust.disagrees), c) for score, c, key in found
    ]
    return sorted(swayed_ones, key=lambda item: -item[0])
