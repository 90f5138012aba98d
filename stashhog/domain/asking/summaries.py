"""A scene's details, written by a model where that was asked for: what is told, and what counts.

Rules:
- It is told what is known, or proposed, of the scene, and nothing else of the library.
- Only one short plain paragraph counts. What holds markup, an address, a number that nobody gave,
  a run of the request's or the path's words, or the name of something in the library that is not
  on this scene is refused.
- Its confidence is fixed and modest: no model is a witness of what it writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stashhog.domain.asking.prompts import STYLES, system_of
from stashhog.domain.asking.scenes import LONGEST_NAME, LONGEST_TITLE, AskedScene, visible
from stashhog.domain.asking.tokens import usual
from stashhog.domain.detection import DetectionOptions, Examined, Proposal, SceneFindings
from stashhog.domain.detection.findings import title_is_stem
from stashhog.domain.detection.lexicon import Lexicon, find
from stashhog.domain.detection.wording import evidence_of
from stashhog.domain.library import EntityKind, Scene
from stashhog.domain.names import tokenise

CONFIDENCE = 0.5
"""Below what people accept at a stroke; an analysis that asks for more gets no such text."""

SHORTEST, LONGEST = 12, 400
MOST_FACT_TOKENS = 120
ECHO_WORDS = 6
"""So many words in a row that stand in the request as well are an echo of it."""

_KINDS: Mapping[str, EntityKind] = {"studio": "studio", "performers": "performer", "tags": "tag"}
_MOST_OF: Mapping[str, int] = {"performers": 8, "tags": 10}
_DROPPED_FIRST = ("tags", "performers", "studio", "title", "date")
_MARKUP = re.compile(r"[<>{}\[\]|/\\`]|&#?\w+;|[!-~]{40}")
_ADDRESS = re.compile(r"\bwww\.|\w@\w|\w\.[a-z]{2,}\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…。！？](?=\s|$|[^\x00-\x7f])")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")

Known = Mapping[str, Sequence[tuple[str | None, str]]]


def wants_summary(examined: Examined, options: DetectionOptions) -> bool:
    """Whether details are asked for and there are none, or others may replace them."""
    if "details" not in examined.wanted or options.min_confidence > CONFIDENCE:
        return False
    if any(proposal.field == "details" for proposal in examined.findings.proposals):
        return False
    return "details" in options.overwrite or not (examined.scene.details or "").strip()


def facts_of(examined: Examined, lexicon: Lexicon) -> dict[str, Any]:
    """What a model is told of a scene, besides its path, to write about it."""
    known = _known(examined, lexicon)
    told: dict[str, Any] = {}
    for field, found in known.items():
        names = [visible(name, LONGEST_NAME) for _, name in found[: _MOST_OF.get(field, 1)]]
        told[field] = names if field in _MOST_OF else visible(found[0][1], LONGEST_TITLE)
    while usual(json.dumps(told, ensure_ascii=False)) > MOST_FACT_TOKENS:
        last = next(field for field in _DROPPED_FIRST if field in told)
        if last not in _MOST_OF or not told[last][1:]:
            del told[last]
        else:
            told[last].pop()
    return told


def with_summary(
    examined: Examined, asked: AskedScene, text: str, lexicon: Lexicon, model: str
) -> SceneFindings | None:
    """The findings with a model's text as details; None where the text is refused."""
    findings = examined.findings
    summary = checked(text, examined, asked, lexicon)
    if summary is None:
        return None
    if summary == (examined.scene.details or "").strip():
        return findings
    evidence = evidence_of(None, 0, 0, "details.written") | {"written_by": model}
    proposal = Proposal(
        "details", "set", None, summary, CONFIDENCE, "llm",
        f"Written by the model {model} from what is known of the scene; nobody has checked it.",
        evidence,
    )  # fmt: skip
    return replace(findings, proposals=(*findings.proposals, proposal), skipped=None)


def checked(text: str, examined: Examined, asked: AskedScene, lexicon: Lexicon) -> str | None:
    """The text as it may be proposed; None where it may not."""
    summary = _short(visible(text, 4 * LONGEST))
    if len(summary) < SHORTEST or _MARKUP.search(summary) or _ADDRESS.search(summary):
        return None
    if not _numbers(summary) <= _numbers(json.dumps(asked.said, ensure_ascii=False)):
        return None
    if _runs(summary) & (_REQUEST | _runs_of_path(examined, asked, lexicon)):
        return None
    return None if _names_others(summary, examined, lexicon) else summary


def _short(text: str) -> str:
    """As many whole sentences as there is room for; nothing where not even one fits."""
    if len(text) <= LONGEST:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text[:LONGEST])]
    return text[: ends[-1]] if ends else ""


def _numbers(text: str) -> set[str]:
    return {found.lstrip("0") for found in _NUMBER.findall(text)}


def _runs(text: str) -> set[tuple[str, ...]]:
    found = _WORD.findall(text.casefold())
    return {tuple(found[at : at + ECHO_WORDS]) for at in range(len(found) - ECHO_WORDS + 1)}


def _runs_of_path(examined: Examined, asked: AskedScene, lexicon: Lexicon) -> set[tuple[str, ...]]:
    """Words of the path, but for a title in it, which may be said whole."""
    titles = _known(examined, lexicon).get("title", ())
    return _runs(asked.said["path"]).difference(*(_runs(title) for _, title in titles))


_REQUEST = frozenset(run for style in STYLES for run in _runs(system_of(style, summaries=True)))


def _names_others(text: str, examined: Examined, lexicon: Lexicon) -> bool:
    """Whether a name of the library stands in a text that is of nothing on the scene.

    A tag's name may be a word of the title that the scene has.
    """
    known = _known(examined, lexicon)
    there = {(_KINDS[f], one) for f, found in known.items() if f in _KINDS for one, _ in found}
    title = tokenise(_own_title(examined.scene))
    there |= {(r.kind, r.id) for hit in find(title, lexicon) for r in hit.refs if r.kind == "tag"}
    return any(
        there.isdisjoint((ref.kind, ref.id) for ref in hit.refs)
        for hit in find(tokenise(text), lexicon)
        if not hit.inside
    )


def _known(examined: Examined, lexicon: Lexicon) -> Known:
    """By field what the scene has, then what is proposed for it: entity ids and names."""
    scene, library = examined.scene, lexicon.library
    has: dict[str, list[tuple[str | None, str]]] = {
        "title": [(None, title)] if (title := _own_title(scene)) else [],
        "date": [(None, scene.date)] if scene.date else [],
        "studio": [], "performers": [], "tags": [],
    }  # fmt: skip
    ids = {
        "studio": (scene.studio_id,) if scene.studio_id else (),
        "performers": scene.performer_ids,
        "tags": scene.tag_ids,
    }
    for field, found in ids.items():
        entities = library.of(_KINDS[field])
        has[field] += [(one, entities[one].name) for one in found if one in entities]
    for proposal in examined.findings.proposals:
        if proposal.field in has and proposal.action != "remove":
            has[proposal.field].append((proposal.entity_id, proposal.value))
    return {field: found for field, found in has.items() if found}


def _own_title(scene: Scene) -> str:
    return "" if title_is_stem(scene) else (scene.title or "").strip()
