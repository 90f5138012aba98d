"""Looking at scenes in a thread: what detection finds, and what of it a model may be asked.

Pure but for the checkpoint; an analysis and its estimate look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from actors.cpu import Checkpoint
from stashhog.core.config import AnalysisSettings, OpenAISettings, Settings
from stashhog.domain.asking import AskedScene, Style, asked_scene, facts_of, wants_summary
from stashhog.domain.asking.credit import Credit
from stashhog.domain.asking.prompts import wording
from stashhog.domain.detection import (
    DetectionOptions,
    Examined,
    Question,
    SceneFindings,
    examine,
    questions,
)
from stashhog.domain.learning import Knowledge
from stashhog.domain.library import EntityKind, Scene
from stashhog.domain.newnames import NewNames
from stashhog.domain.sync import content_hash

CREATE_NAMES: Mapping[str, EntityKind] = {
    "performers": "performer",
    "tags": "tag",
    "studios": "studio",
}
Use = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Looking:
    """How scenes are looked at: by what was learned, for what, and whether a model may be asked.

    `about` names model, server and wording, which an answer depends on; `names` are the new ones.
    `model` is the model's name, `credit` how far its answers are believed by now.
    """

    knowledge: Knowledge
    options: DetectionOptions
    use: Use = "never"
    about: str = ""
    model: str = ""
    names: NewNames = field(default_factory=NewNames)
    credit: Credit = field(default_factory=Credit)


@dataclass(frozen=True, slots=True)
class Looked:
    """One scene after a look; `examined` and `asked` are there where a model may be asked.

    `doubt` rises with what is unsure.
    """

    scene: Scene
    content: str
    findings: SceneFindings
    examined: Examined | None = None
    asked: AskedScene | None = None
    doubt: float = 0.0


def look_at(scenes: Sequence[Scene], looking: Looking) -> Callable[[Checkpoint], list[Looked]]:
    """Make the work of looking at scenes."""

    def work(checkpoint: Checkpoint) -> list[Looked]:
        found = []
        for scene in scenes:
            checkpoint()
            found.append(_look(scene, looking))
        return found

    return work


def _look(scene: Scene, looking: Looking) -> Looked:
    examined = examine(scene, looking.knowledge, looking.options)
    content = content_hash(scene)
    if looking.use == "never":
        return Looked(scene, content, examined.findings)
    asked_of = questions(examined, looking.knowledge, everything=looking.use == "always")
    facts = None
    if wants_summary(examined, looking.options):
        facts = facts_of(examined, looking.knowledge.lexicon)
    asked = asked_scene(examined, asked_of, about=looking.about, facts=facts)
    if asked is None:
        return Looked(scene, content, examined.findings)
    return Looked(scene, content, examined.findings, examined, asked, _doubt(asked_of))


def open_scenes(looked: Sequence[Looked]) -> int:
    """How many of the scenes had anything to be found: those that a share is taken of."""
    return sum(one.findings.looked_at for one in looked)


def _doubt(asked_of: Sequence[Question]) -> float:
    tops = [q.options[0].confidence for q in asked_of if q.field != "tags"]
    return sum(1.0 - abs(2.0 * confidence - 1.0) for confidence in tops)


def detection_options(options: Mapping[str, Any], usual: AnalysisSettings) -> DetectionOptions:
    """Read a job's public options as the detectors take them; the settings say the rest."""
    wanted = options.get("create_missing") or False
    if isinstance(wanted, Mapping):
        create = frozenset(CREATE_NAMES[name] for name, on in wanted.items() if on)
    else:
        create = frozenset(CREATE_NAMES.values()) if wanted else frozenset()
    fields = options.get("fields")
    return DetectionOptions(
        fields=frozenset(fields if fields is not None else usual.fields),
        min_confidence=float(options.get("min_confidence", usual.min_confidence)),
        overwrite=frozenset(options.get("overwrite") or ()),
        removals=bool(options.get("removals")),
        create_missing=create,
        include_organized=bool(options.get("include_organized")),
    )


def model_use(options: Mapping[str, Any], settings: Settings) -> Use:
    """Whether an analysis asks the model; never while none is set."""
    if not settings.openai.on:
        return "never"
    use: Use = options.get("use_llm") or settings.analysis.use_llm
    return use


def style_of(settings: OpenAISettings) -> Style:
    """How answers name candidates."""
    return "names" if settings.names_candidates else "codes"


def answers_about(settings: OpenAISettings) -> str:
    """What a kept answer depends on besides its question."""
    return f"{settings.model} {settings.effective_url} {wording(style_of(settings))}"
