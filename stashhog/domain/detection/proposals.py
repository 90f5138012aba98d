"""Candidates as proposals: who wins, what it is worth, and how it is said to a person.

Rules:
- Fields that are filled and list members that the scene has are left alone.
- Confidence is the calibrator's; below the asked minimum nothing is proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from stashhog.domain.detection.counts import TOTAL
from stashhog.domain.detection.details import propose_details
from stashhog.domain.detection.extras import propose_new, propose_removals
from stashhog.domain.detection.findings import (
    DetectionOptions,
    Proposal,
    SceneFindings,
    Source,
    current_blocks,
)
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.opinions import Opinions, swayed, verdict
from stashhog.domain.detection.performers import WEAK, Mention, PerformerCandidate
from stashhog.domain.detection.reading import Segment, known_title, place_span, read
from stashhog.domain.detection.scoring import STEPS, Scored, bounded
from stashhog.domain.detection.studio import StudioCandidate
from stashhog.domain.detection.tags import TagCandidate, TagMention
from stashhog.domain.detection.wording import PLACES, evidence_of, rounded
from stashhog.domain.library import Scene

UNNAMED_LEAST = 0.6
"""Tags that no text names are proposed from this confidence on."""

UNCORRECTED = "before_decisions"
"""Where the evidence has the confidence as it was before decisions corrected it."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A scene after the detectors: what is wanted of it, all candidates, and what they come to.

    `scored` is None where there was nothing to look at.
    """

    scene: Scene
    wanted: frozenset[str]
    scored: Scored | None
    findings: SceneFindings


def detect(scene: Scene, knowledge: Knowledge, options: DetectionOptions) -> SceneFindings:
    """All proposals for one scene, or why there are none."""
    return examine(scene, knowledge, options).findings


def examine(scene: Scene, knowledge: Knowledge, options: DetectionOptions) -> Examined:
    """Look at a scene, keeping the candidates for whoever may be asked about them."""
    if scene.organized and not options.include_organized:
        return _unseen(scene, "organized")
    wanted = frozenset(f for f in options.fields if not current_blocks(scene, f, options))
    if not scene.files and not ("details" in wanted and scene.details):
        return _unseen(scene, "no_files")
    if not wanted:
        return _unseen(scene, "complete")
    scored = look(scene, knowledge) if scene.files and wanted - {"details"} else None
    findings = _judged(scene, wanted, scored, knowledge, options)
    return Examined(scene, wanted, scored, findings)


def reconsider(
    examined: Examined, opinions: Opinions, knowledge: Knowledge, options: DetectionOptions
) -> SceneFindings:
    """The proposals once more, with what a model said of the candidates.

    A proposal says in its evidence under `model` whether the model agrees; its source is `llm`
    where it would not have been proposed without.
    """
    if examined.scored is None or not opinions:
        return examined.findings
    scored = swayed(examined.scored, opinions, knowledge)
    findings = _judged(examined.scene, examined.wanted, scored, knowledge, options)
    before = {(p.field, p.key) for p in examined.findings.proposals}
    told = tuple(
        _told_of(proposal, opinions, fresh=(proposal.field, proposal.key) not in before)
        for proposal in findings.proposals
    )
    return replace(findings, proposals=told)


def _told_of(proposal: Proposal, opinions: Opinions, *, fresh: bool) -> Proposal:
    """The proposal with what the model said of it."""
    said = verdict(opinions, proposal.field, proposal.key)
    if said is None:
        return proposal
    return replace(
        proposal,
        source="llm" if fresh and said == "agrees" else proposal.source,
        reason=f"{proposal.reason} The model {said}.",
        evidence={**proposal.evidence, "model": said},
    )


def _unseen(scene: Scene, why: str) -> Examined:
    return Examined(scene, frozenset(), None, SceneFindings(scene.id, (), why))


def _judged(
    scene: Scene,
    wanted: frozenset[str],
    scored: Scored | None,
    knowledge: Knowledge,
    options: DetectionOptions,
) -> SceneFindings:
    found: list[Proposal] = []
    for name, rule in RULES.items():
        if name in wanted:
            found.extend(rule(scene))
    if scored is not None:
        for name, propose in _PROPOSERS.items():
            if name in wanted:
                found.extend(propose(scene, scored, knowledge))
        if options.create_missing:
            found.extend(propose_new(scene, scored, wanted, found, knowledge, options))
        if options.removals:
            found.extend(propose_removals(scene, scored, wanted, knowledge))
    found = [_corrected(proposal, knowledge) for proposal in found]
    kept = tuple(p for p in found if p.confidence >= options.min_confidence)
    if kept:
        return SceneFindings(scene.id, kept)
    return SceneFindings(scene.id, (), "low_confidence" if found else "nothing_found")


def _corrected(proposal: Proposal, knowledge: Knowledge) -> Proposal:
    """The proposal as the user's decisions about earlier ones correct it."""
    correction = knowledge.corrections.get(proposal.field)
    if correction is None or proposal.action == "remove" or proposal.field == "details":
        return proposal
    return replace(
        proposal,
        confidence=rounded(correction.corrected(proposal.confidence)),
        evidence={**proposal.evidence, UNCORRECTED: proposal.confidence},
    )


def look(scene: Scene, knowledge: Knowledge) -> Scored:
    """Run all detectors over a scene."""
    reading = read(scene, knowledge.lexicon, title=known_title(scene))
    scored = Scored(reading, knowledge.view(), scene.studio_id, scene.performer_ids)
    for step in STEPS.values():
        step(scored, knowledge.lexicon, knowledge.weights)
    return scored


def _propose_studio(scene: Scene, scored: Scored, knowledge: Knowledge) -> Iterable[Proposal]:
    if not scored.studios or scored.studios[0].id == scene.studio_id:
        return
    best = scored.studios[0]
    calibrator = knowledge.weights.calibrators["studio"]
    second = scored.studios[1] if len(scored.studios) > 1 else None
    rival = bounded(second.score if second else -8.0)
    alone = calibrator.confidence(best.score, rival)
    confidence = rounded(scored.confidence("studio", best.id, alone))
    runner_up = None
    if second is not None:
        alone = calibrator.confidence(second.score, bounded(best.score))
        other = min(confidence, rounded(scored.confidence("studio", second.id, alone)))
        runner_up = {"value": knowledge.lexicon.name("studio", second.id), "confidence": other}
    name = knowledge.lexicon.name("studio", best.id)
    source, reason, where, rule = _studio_reason(best, name, scored)
    evidence = evidence_of(*where, rule, runner_up, confidence)
    yield Proposal("studio", "set", best.id, name, confidence, source, reason, evidence)


_LIFT_REASONS = {
    "d1": ("folder", "in this folder are"), "d2": ("folder", "below this folder are"),
    "d3": ("folder", "below this folder are"), "p0": ("prefix", "whose files begin like this are"),
    "p1": ("prefix", "whose files begin like this are"),
    "p2": ("prefix", "whose files begin like this are"),
    "pb": ("bracket", "with this mark in brackets are"),
    "pz": ("suffix", "whose files end like this are"),
}  # fmt: skip


def _studio_reason(
    best: StudioCandidate, name: str, scored: Scored
) -> tuple[Source, str, tuple[Segment | None, int, int], str]:
    lift = max(best.lifts.items(), key=lambda item: item[1], default=("", 0.0))
    if best.named:
        named = max(best.named, key=lambda n: n.surface)
        hit = named.hit
        reason = f"{PLACES[named.segment.role].capitalize()} has the studio's name."
        source: Source = "learned" if lift[1] > 3.0 else "rule"
        return source, reason, (named.segment, hit.first, hit.after), f"studio.{named.form}"
    place = lift[0]
    if place not in _LIFT_REASONS:
        seen_with = "The performers named here were mostly seen with"
        reason = seen_with if place in ("cast", "person") else "It looks most like scenes of"
        rule = "cast" if place in ("cast", "person") else "custom"
        return "learned", f"{reason} {name}.", (None, 0, 0), f"studio.{rule}"
    rule, where = _LIFT_REASONS[place]
    values = [value for one, value in scored.reading.places if one == place]
    value = max(values, key=lambda one: scored.view.n(f"S:{place}", one, best.id))
    times, scenes = (scored.view.n(f"S:{place}", value, one) for one in (best.id, TOTAL))
    reason = f"{times} of {scenes} organised scenes {where} by {name}."
    return "learned", reason, place_span(scored.reading, place, value), f"studio.{rule}"


_FORM_REASONS = {
    "name": "has this name", "alias": "has an alias of this performer",
    "single": "has this one-word name, which mostly meant this performer",
    "reversed": "has this name, last name first", "initial": "has the initial and last name",
    "first": "has the first name, and the cast or folder fits",
    "typo": "has this name with one letter off",
}  # fmt: skip


def _propose_performers(scene: Scene, scored: Scored, knowledge: Knowledge) -> Iterable[Proposal]:
    calibrator = knowledge.weights.calibrators["performers"]
    for candidate in scored.performers:
        if candidate.id in scene.performer_ids:
            continue
        alone = calibrator.confidence(candidate.score)
        confidence = rounded(scored.confidence("performers", candidate.id, alone))
        mention = candidate.best
        rival = _rival(candidate, mention, scored, calibrator.confidence, knowledge)
        evidence = evidence_of(
            mention.segment, mention.first, mention.after, f"performer.{mention.form}",
            rival, confidence,
        )  # fmt: skip
        place = PLACES[mention.segment.role].capitalize()
        yield Proposal(
            "performers", "add", candidate.id, knowledge.lexicon.name("performer", candidate.id),
            confidence, "learned" if mention.form in WEAK else "rule",
            f"{place} {_FORM_REASONS[mention.form]}.", evidence,
        )  # fmt: skip


def _rival(
    candidate: PerformerCandidate,
    mention: Mention,
    scored: Scored,
    confidence: Callable[[float], float],
    knowledge: Knowledge,
) -> dict[str, Any] | None:
    """The next best performer that the same spelling may mean."""
    others = [
        other
        for other in scored.performers
        if other is not candidate and any(m.key == mention.key for m in other.mentions)
    ]
    if not others:
        return None
    best = max(others, key=lambda other: other.score)
    name = knowledge.lexicon.name("performer", best.id)
    heard = scored.confidence("performers", best.id, confidence(best.score))
    return {"value": name, "confidence": rounded(heard)}


def _propose_date(scene: Scene, scored: Scored, knowledge: Knowledge) -> Iterable[Proposal]:
    if not scored.dates or scored.dates[0][1].value == scene.date:
        return
    calibrator = knowledge.weights.calibrators["date"]
    score, best = scored.dates[0]
    second = next(((s, c) for s, c in scored.dates if c.value != best.value), None)
    rival = bounded(second[0] if second else -8.0)
    alone = calibrator.confidence(score, rival)
    confidence = rounded(scored.confidence("date", best.value, alone))
    runner_up = None
    if second is not None:
        alone = calibrator.confidence(second[0], bounded(score))
        other = min(confidence, rounded(scored.confidence("date", second[1].value, alone)))
        runner_up = {"value": second[1].value, "confidence": other}
    evidence = evidence_of(
        None, 0, 0, f"date.{best.writing.family}.{best.order}", runner_up, confidence
    )
    start = best.segment.offset + best.writing.start
    end = best.segment.offset + best.writing.end
    evidence |= {
        "text": best.segment.whole, "where": best.segment.role, "start": start, "end": end,
        "span": best.segment.whole[start:end],
    }  # fmt: skip
    place = PLACES[best.segment.role].capitalize()
    ways = len(best.writing.readings)
    reason = f"{place} has this date{', read in the usual order' if ways > 1 else ''}."
    source: Source = "learned" if ways > 1 else "rule"
    yield Proposal("date", "set", None, best.value, confidence, source, reason, evidence)


def _propose_title(scene: Scene, scored: Scored, knowledge: Knowledge) -> Iterable[Proposal]:
    if not scored.titles:
        return
    calibrator = knowledge.weights.calibrators["title"]
    score, best = scored.titles[0]
    text, key = scored.title_of(best)
    if not text or text == scene.title:
        return
    others = ((s, *scored.title_of(c)) for s, c in scored.titles[1:])
    second = next((other for other in others if other[2] != key), None)
    alone = calibrator.confidence(score, bounded(second[0] if second else -8.0))
    confidence = rounded(scored.confidence("title", key, alone))
    runner_up = None
    if second is not None:
        alone = calibrator.confidence(second[0], bounded(score))
        other = min(confidence, rounded(scored.confidence("title", second[2], alone)))
        runner_up = {"value": second[1], "confidence": other}
    evidence = evidence_of(
        best.segment, best.first, best.after, "title.rest", runner_up, confidence
    )
    reason = f"{PLACES[best.segment.role].capitalize()} leaves this when marks and names are out."
    yield Proposal("title", "set", None, text, confidence, "learned", reason, evidence)


def _propose_tags(scene: Scene, scored: Scored, knowledge: Knowledge) -> Iterable[Proposal]:
    calibrator = knowledge.weights.calibrators["tags"]
    for candidate in scored.tags:
        if candidate.id in scene.tag_ids:
            continue
        alone = calibrator.confidence(candidate.score)
        confidence = rounded(scored.confidence("tags", candidate.id, alone))
        if not candidate.mentions and confidence < UNNAMED_LEAST:
            continue
        source, reason, evidence = _tag_reason(candidate)
        name = knowledge.lexicon.name("tag", candidate.id)
        yield Proposal("tags", "add", candidate.id, name, confidence, source, reason, evidence)


_CUSTOMS = {
    "S>T": "of this studio", "P>T": "with one of these performers", "F>T": "in this folder",
    "W>T": "of this size", "T>T": "with a tag that the title names", "": "like this",
}  # fmt: skip


def _tag_reason(candidate: TagCandidate) -> tuple[Source, str, dict[str, Any]]:
    if not candidate.mentions:
        slot, times, scenes = candidate.custom
        reason = f"{times} of {scenes} organised scenes {_CUSTOMS[slot]} have this tag."
        return "learned", reason, evidence_of(None, 0, 0, f"tag.custom.{slot[0].lower()}")
    order = ("in", "title", "stem", "also", "d", "details")
    mention: TagMention = min(candidate.mentions, key=lambda m: order.index(m.where))
    hit = mention.hit
    reason = f"{PLACES[mention.segment.role].capitalize()} has the tag's name."
    if mention.where == "in":
        reason = "The title in the file's name has the tag's name."
    evidence = evidence_of(mention.segment, hit.first, hit.after, f"tag.{mention.where}")
    return "rule", reason, evidence


_PROPOSERS: Mapping[str, Callable[[Scene, Scored, Knowledge], Iterable[Proposal]]] = {
    "title": _propose_title,
    "date": _propose_date,
    "studio": _propose_studio,
    "performers": _propose_performers,
    "tags": _propose_tags,
}

RULES: Mapping[str, Callable[[Scene], Iterable[Proposal]]] = {
    "details": propose_details,
}
"""Detectors that need nothing learned, by the field that has to be asked for."""
