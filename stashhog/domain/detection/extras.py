"""What is proposed beside the usual: names that the library lacks, and members that seem wrong.

Rules:
- Both are off unless they are asked for.
- A member is proposed for removal only where it can be seen how it came there: its name stands in
  a text, and there most likely means something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stashhog.domain.detection.counts import logit, sigmoid
from stashhog.domain.detection.findings import Action, DetectionOptions, Proposal
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.newcomers import newcomers
from stashhog.domain.detection.scoring import Scored
from stashhog.domain.detection.wording import PLACES, evidence_of, rounded
from stashhog.domain.library import EntityKind, Scene

KINDS: Mapping[str, EntityKind] = {"studio": "studio", "performers": "performer", "tags": "tag"}

_NEW_REASONS = {
    "performer": "{place} names somebody whom the library does not have.",
    "studio": "{place} has an unknown name where studios' names stand.",
    "tag": "{place} marks this as a tag, and the library does not have it.",
}


def propose_new(
    scene: Scene,
    scored: Scored,
    wanted: frozenset[str],
    found: list[Proposal],
    knowledge: Knowledge,
    options: DetectionOptions,
) -> Iterable[Proposal]:
    """Names that the library lacks, of kinds that may be created, where nothing known stands."""
    fields = {kind: name for name, kind in KINDS.items()}
    kinds = frozenset(k for k in options.create_missing if fields[k] in wanted)
    sure = [p for p in found if p.confidence >= max(0.5, options.min_confidence)]
    for one in newcomers(scored.reading, kinds, knowledge.lexicon, scored.view):
        run = one.run
        if one.kind == "studio" and (
            scene.studio_id is not None or any(p.field == "studio" for p in sure)
        ):
            continue
        evidence = evidence_of(run.segment, run.first, run.after, f"{one.kind}.new")
        if any(_overlap(evidence, p.evidence) for p in sure if p.field in KINDS):
            continue
        place = PLACES[run.segment.role].capitalize()
        confidence = rounded(one.confidence)
        reason = _NEW_REASONS[one.kind].format(place=place)
        action: Action = "set" if one.kind == "studio" else "add"
        yield Proposal(
            fields[one.kind], action, None, one.name, confidence, "rule", reason, evidence
        )


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two spans of one text share a letter."""
    if one["text"] != other["text"] or one["start"] is None or other["start"] is None:
        return False
    return bool(one["start"] < other["end"] and other["start"] < one["end"])


ON_IT = 1.5
"""What it says for a member that somebody, or some program, put it on the scene; in log-odds."""

REMOVAL_LEAST = 0.8


def propose_removals(
    scene: Scene, scored: Scored, wanted: frozenset[str], knowledge: Knowledge
) -> Iterable[Proposal]:
    """Members whose names stand in a text, but most likely mean something else there."""
    named: list[tuple[str, EntityKind, str, float, dict[str, Any], str]] = []
    for performer in scored.performers:
        if performer.id in scene.performer_ids:
            m = performer.best
            evidence = evidence_of(m.segment, m.first, m.after, "performer.not_meant")
            named.append(
                ("performers", "performer", performer.id, performer.score, evidence, m.segment.role)
            )
    for tag in scored.tags:
        if tag.id in scene.tag_ids and tag.mentions:
            t = tag.mentions[0]
            evidence = evidence_of(t.segment, t.hit.first, t.hit.after, "tag.not_meant")
            named.append(("tags", "tag", tag.id, tag.score, evidence, t.segment.role))
    for field, kind, entity, score, evidence, role in named:
        if field not in wanted:
            continue
        right = knowledge.weights.calibrators[field].confidence(score)
        confidence = rounded(1.0 - sigmoid(logit(right) + ON_IT))
        if confidence >= REMOVAL_LEAST:
            yield Proposal(
                field, "remove", entity, knowledge.lexicon.name(kind, entity), confidence,
                "learned",
                f"{PLACES[role].capitalize()} has this name, but it most likely means something"
                " else there.",
                evidence,
            )  # fmt: skip
