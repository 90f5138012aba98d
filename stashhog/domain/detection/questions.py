"""What detection is not sure of in a scene, and between which values: what a model may be asked.

Rules:
- A scene is asked about where one of the deciding fields is neither sure nor hopeless; tags ride
  along then. A file's name without two words has nothing to ask about.
- A question is about what may be proposed at all: fields that are filled are not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.proposals import Examined
from stashhog.domain.detection.scoring import MOST_TEXTS, date_odds, studio_odds, title_odds
from stashhog.domain.library import EntityKind

UNSURE: Mapping[str, tuple[float, float]] = {
    "studio": (0.2, 0.8), "performers": (0.2, 0.8), "date": (0.2, 0.8), "title": (0.15, 0.8),
}  # fmt: skip
"""Fields that decide whether a scene is asked about, and between which confidences."""

UNSURE_TAGS = (0.3, 0.8)
MOST_OPTIONS: Mapping[str, int] = {
    "studio": 6, "performers": 10, "date": MOST_TEXTS, "title": MOST_TEXTS, "tags": 24,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """A value that may be right; `entity_id` is None for texts."""

    value: str
    entity_id: str | None
    confidence: float

    @property
    def key(self) -> str:
        """What an opinion names it by."""
        return self.entity_id or self.value


@dataclass(frozen=True, slots=True)
class Question:
    """A field that is not sure, with what it may be, the likeliest first."""

    field: str
    options: tuple[Option, ...]


def questions(
    examined: Examined, knowledge: Knowledge, *, everything: bool = False
) -> tuple[Question, ...]:
    """The unsure fields of a scene; none where nothing is worth asking.

    `everything` asks about all open fields, sure ones too.
    """
    scored = examined.scored
    if scored is None or not _worded(examined):
        return ()
    options = {
        field: tuple(found[: MOST_OPTIONS[field]])
        for field, found in options_of(examined, knowledge)
        if field in examined.wanted and found
    }
    asked = [
        Question(field, options[field])
        for field, (low, high) in UNSURE.items()
        if field in options and (everything or _unsure(field, options[field], low, high))
    ]
    if (asked or everything) and any(
        everything or UNSURE_TAGS[0] <= o.confidence < UNSURE_TAGS[1]
        for o in options.get("tags", ())
    ):
        asked.append(Question("tags", options["tags"]))
    return tuple(asked)


def _unsure(field: str, options: tuple[Option, ...], low: float, high: float) -> bool:
    looked = options if field == "performers" else options[:1]
    return any(low <= option.confidence < high for option in looked)


def _worded(examined: Examined) -> bool:
    stem = examined.scored.reading.stem if examined.scored is not None else None
    return stem is not None and sum(w.isalpha() and len(w) > 1 for w in stem.tokens.low) > 1


def options_of(examined: Examined, knowledge: Knowledge) -> Iterable[tuple[str, list[Option]]]:
    """By field what may be right, the likeliest first; of texts no more than are ever asked."""
    scored, scene = examined.scored, examined.scene
    if scored is None:
        return
    bend = knowledge.weights.calibrators
    yield (
        "studio",
        [_option(knowledge, "studio", c.id, p) for c, p in studio_odds(scored, bend["studio"])],
    )
    yield (
        "performers",
        sorted(
            (
                _option(knowledge, "performer", c.id, bend["performers"].confidence(c.score))
                for c in scored.performers
                if c.id not in scene.performer_ids
            ),
            key=_likeliest,
        ),
    )
    yield "date", [_text(c.value, p) for c, p in date_odds(scored, bend["date"])]
    titles = title_odds(scored, bend["title"])
    yield "title", [_text(scored.title_of(c)[0], p) for c, p in titles]
    yield (
        "tags",
        sorted(
            (
                _option(knowledge, "tag", c.id, bend["tags"].confidence(c.score))
                for c in scored.tags
                if c.mentions and c.id not in scene.tag_ids
            ),
            key=_likeliest,
        ),
    )


def _likeliest(option: Option) -> tuple[float, str]:
    return -option.confidence, option.key


def _option(knowledge: Knowledge, kind: EntityKind, entity_id: str, confidence: float) -> Option:
    return Option(knowledge.lexicon.name(kind, entity_id), entity_id, round(confidence, 4))


def _text(value: str, confidence: float) -> Option:
    return Option(value, None, round(confidence, 4))
