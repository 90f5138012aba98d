"""Small libraries and scenes in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from stashhog.domain.detection import DetectionOptions, Knowledge, Proposal, detect
from stashhog.domain.learning import learn
from stashhog.domain.library import Entity, EntityKind, Library, Scene, SceneFile

EPOCH = datetime(2024, 6, 1, tzinfo=UTC)

Named = str | tuple[str, ...]


def entities(kind: EntityKind, names: Sequence[Named]) -> dict[str, Entity]:
    """Entities with ids from 1; a tuple is a name and its aliases."""
    out = {}
    for at, named in enumerate(names, 1):
        name, *aliases = (named,) if isinstance(named, str) else named
        out[str(at)] = Entity(kind, str(at), name, tuple(aliases))
    return out


def library(
    performers: Sequence[Named] = (), studios: Sequence[Named] = (), tags: Sequence[Named] = ()
) -> Library:
    """A library of these names."""
    return Library(
        entities("performer", performers), entities("tag", tags), entities("studio", studios)
    )


def scene(*paths: str, at: int = 1) -> Scene:
    """A scene with nothing but files."""
    files = tuple(SceneFile(f"{at}.{n}", path) for n, path in enumerate(paths))
    return Scene(
        str(at), None, None, None, None, False, None, (), (), files, (), EPOCH, EPOCH, ""
    )  # fmt: skip


def organized(
    path: str,
    at: int,
    *,
    studio: str | None = None,
    performers: Iterable[str] = (),
    tags: Iterable[str] = (),
    title: str | None = None,
    date: str | None = None,
) -> Scene:
    """A scene that the user has organised."""
    return replace(
        scene(path, at=at), organized=True, studio_id=studio, performer_ids=tuple(performers),
        tag_ids=tuple(tags), title=title, date=date,
    )  # fmt: skip


def found(
    path: str | Scene, known: Library | Knowledge, field: str, least: float = 0.5
) -> list[Proposal]:
    """What is proposed for one field of a scene."""
    knowledge = known if isinstance(known, Knowledge) else learn(known, [])
    looked = scene(path) if isinstance(path, str) else path
    findings = detect(looked, knowledge, DetectionOptions(min_confidence=least))
    return [proposal for proposal in findings.proposals if proposal.field == field]


def names(proposals: Iterable[Proposal]) -> set[str]:
    """The values proposed."""
    return {proposal.value for proposal in proposals}
