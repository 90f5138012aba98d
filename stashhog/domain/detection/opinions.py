"""What another reader (a language model) says of the candidates, as one more thing that speaks.

Rules:
- An opinion names candidates; it never is a confidence. It moves the log-odds of a candidate's
  confidence by what taking and not taking one is worth (`Trust`).
- It speaks of what was offered: no other candidate is touched.
- A title may also be a run of the file's name that detection did not think of; any other value
  that is no candidate is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from stashhog.domain.detection.counts import logit, sigmoid
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.scoring import Scored, bounded, date_odds, studio_odds, title_odds
from stashhog.domain.detection.titles import chosen_title
from stashhog.domain.detection.trust import Trust
from stashhog.domain.names import plain

Opinions = Mapping[str, Mapping[str, bool]]
"""Field → what was offered for it (entity ids, or texts), and whether it was chosen."""

ONE = frozenset({"studio", "date", "title"})
"""Fields of which there can be one value."""

Verdict = Literal["agrees", "disagrees"]


def among(field: str, said: Mapping[str, bool]) -> int:
    """Between how many values there was one choice: all, or each for itself in lists."""
    return max(1, len(said)) if field in ONE else 1


def verdict(opinions: Opinions, field: str, key: str) -> Verdict | None:
    """What was said of one value; None where it was not offered."""
    said = opinions.get(field, {})
    chosen = _by_title(said).get(plain(key)) if field == "title" else said.get(key)
    return None if chosen is None else "agrees" if chosen else "disagrees"


def swayed(scored: Scored, opinions: Opinions, knowledge: Knowledge) -> Scored:
    """A copy of the candidates with what was said in their confidences, best first again."""
    out = replace(scored, heard={})
    calibrators = knowledge.weights.calibrators
    for field, said in opinions.items():
        trust = knowledge.trust.get(field, Trust())
        if field == "studio":
            alone = {c.id: p for c, p in studio_odds(scored, calibrators[field])}
            heard = _moved(alone, said, trust, among(field, said))
            out.studios = sorted(scored.studios, key=lambda c: -heard[c.id])
        elif field == "date":
            alone = {c.value: p for c, p in date_odds(scored, calibrators[field])}
            heard = _moved(alone, said, trust, among(field, said))
            out.dates = sorted(scored.dates, key=lambda item: -heard.get(item[1].value, 0.0))
        elif field == "title":
            heard = _titles(scored, out, _by_title(said), knowledge)
        else:
            candidates: Iterable[Any] = scored.performers if field == "performers" else scored.tags
            confidence = calibrators[field].confidence
            alone = {c.id: confidence(c.score) for c in candidates if c.id in said}
            heard = _moved(alone, said, trust, among(field, said))
        out.heard[field] = heard
    return out


def _titles(
    scored: Scored, out: Scored, said: Mapping[str, bool], knowledge: Knowledge
) -> Mapping[str, float]:
    """Rank the titles in `out`, with a chosen one that is new among them; their confidences."""
    weights, found = knowledge.weights, list(scored.titles)
    calibrator = weights.calibrators["title"]
    alone = {scored.title_of(c)[1]: p for c, p in title_odds(scored, calibrator)}
    known = {scored.title_of(c)[1] for _, c in found}
    rival = bounded(found[0][0]) if found else -8.0
    for key, chosen in said.items():
        if not chosen or key in known:
            continue
        fresh = chosen_title(
            key, scored.reading, scored.name_tokens(weights), scored.top_studio(weights),
            scored.view,
        )  # fmt: skip
        if fresh is not None:
            score = bounded(weights.linear["title"].score(fresh.row))
            found.append((score, fresh))
            alone[scored.title_of(fresh)[1]] = calibrator.confidence(score, rival)
    heard = _moved(alone, said, knowledge.trust.get("title", Trust()), among("title", said))
    out.titles = sorted(found, key=lambda item: -heard.get(scored.title_of(item[1])[1], 0.0))
    return heard


def _moved(
    alone: Mapping[str, float], said: Mapping[str, bool], trust: Trust, among_: int
) -> Mapping[str, float]:
    """Confidences with what was said of some of them."""
    worth = {True: trust.agrees(among_), False: trust.disagrees(among_)}
    heard = dict(alone)
    for key in alone.keys() & said.keys():
        heard[key] = sigmoid(logit(alone[key]) + worth[said[key]])
    return heard


def _by_title(said: Mapping[str, bool]) -> Mapping[str, bool]:
    """The same by the form that titles are compared in."""
    found: dict[str, bool] = {}
    for text, chosen in said.items():
        found[plain(text)] = chosen or found.get(plain(text), False)
    return found
