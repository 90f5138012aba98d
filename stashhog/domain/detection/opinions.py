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
from copy import copy
from dataclasses import replace
from typing import Literal

from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.model import Trust
from stashhog.domain.detection.scoring import Scored, bounded
from stashhog.domain.detection.spelling import title_text
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
        out.studios = [copy(c) for c in scored.studios]
        for studio in out.studios:
            studio.score += _shift(opinions, "studio", studio.id, knowledge)
        out.studios.sort(key=lambda c: (-c.score, c.id))
        out.likely = None
    if "performers" in opinions:
        out.performers = [copy(c) for c in scored.performers]
        for performer in out.performers:
            performer.score += _shift(opinions, "performers", performer.id, knowledge)
    if "tags" in opinions:
        out.tags = [copy(c) for c in scored.tags]
        for tag in out.tags:
            tag.score += _shift(opinions, "tags", tag.id, knowledge)
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
    found = list(scored.titles)
    known = {plain(title_text(c, scored.view)) for _, c in found}
    weights = knowledge.weights
    for text in opinions["title"]:
        if plain(text) in known:
            continue
        fresh = chosen_title(
            text, scored.reading, scored.name_tokens(weights), scored.top_studio(weights),
            scored.view,
        )  # fmt: skip
        if fresh is not None:
            found.append((bounded(weights.linear["title"].score(fresh.row)), fresh))
    swayed_ones = [
        (score + _shift(opinions, "title", title_text(c, scored.view), knowledge), c)
        for score, c in found
    ]
    return sorted(swayed_ones, key=lambda item: -item[0])
