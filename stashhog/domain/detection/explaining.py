"""What is found in one scene and why: all candidates, not only those that would be proposed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stashhog.domain.detection.findings import FIELDS, DetectionOptions, Proposal
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.proposals import examine
from stashhog.domain.detection.questions import options_of
from stashhog.domain.library import Scene

MOST_CANDIDATES = 8
_EVERYTHING = DetectionOptions(
    fields=frozenset(FIELDS) - {"details"},
    min_confidence=0.0,
    overwrite=frozenset({"title", "date", "studio"}),
    create_missing=frozenset({"performer", "tag", "studio"}),
    include_organized=True,
)


def explained(scene: Scene, knowledge: Knowledge) -> dict[str, Any]:
    """By field the candidates, the likeliest first, with spans, rules and runners-up.

    Candidates that lost against the winner of their field have a confidence and no evidence.
    """
    examined = examine(scene, knowledge, _EVERYTHING)
    fields: dict[str, list[dict[str, Any]]] = {name: [] for name in FIELDS if name != "details"}
    seen: set[tuple[str, str]] = set()
    for proposal in examined.findings.proposals:
        if proposal.field in fields:
            seen.add((proposal.field, proposal.key))
            fields[proposal.field].append(_told(proposal))
    for name, options in options_of(examined, knowledge):
        for option in options:
            if (name, option.key) not in seen:
                value = {"value": option.value, "id": option.entity_id}
                lost = {"confidence": option.confidence, "source": None, "reason": None}
                fields[name].append({**value, **lost, "new": False, "evidence": {}})
    for candidates in fields.values():
        candidates.sort(key=lambda one: (-one["confidence"], one["value"]))
        del candidates[MOST_CANDIDATES:]
    return {
        "path": scene.path,
        "organized_scenes": knowledge.organized_scenes,
        "calibrated": knowledge.calibrated,
        "skipped": examined.findings.skipped,
        "fields": fields,
    }


def _told(proposal: Proposal) -> dict[str, Any]:
    told = asdict(proposal)
    return {
        "value": proposal.value,
        "id": proposal.entity_id,
        "confidence": proposal.confidence,
        "source": proposal.source,
        "reason": proposal.reason,
        "new": proposal.entity_id is None and proposal.field in ("studio", "performers", "tags"),
        "evidence": dict(told["evidence"]),
    }
