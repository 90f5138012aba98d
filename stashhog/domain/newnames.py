"""New names of one analysis: each performer, tag or studio is one, however it is spelt.

Rules:
- The first spelling is everybody's; what squashes to it, or differs by a slip, is the same, and so
  is a performer with the last name first or with single letters for words.
- What other living plans propose as new counts as known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stashhog.domain.detection.newcomers import same_name, same_person
from stashhog.domain.library import Entity, EntityKind, Library
from stashhog.domain.names import squash
from stashhog.domain.plans import ENTITY_FIELDS, NewChange


class NewNames:
    """The names that are proposed as new, by kind."""

    def __init__(self, known: Mapping[EntityKind, Iterable[str]] | None = None) -> None:
        self._names: dict[EntityKind, dict[str, str]] = {}
        for kind, names in (known or {}).items():
            for name in names:
                self.one(kind, name)

    def one(self, kind: EntityKind, name: str) -> str:
        """The spelling that stands for this name."""
        names, key = self._names.setdefault(kind, {}), squash(name)
        if key in names:
            return names[key]
        alike = next(
            (
                first
                for other, first in names.items()
                if same_name(key, other) or (kind == "performer" and same_person(name, first))
            ),
            name,
        )
        names[key] = alike
        return alike

    def unified(self, change: NewChange) -> NewChange:
        """The change with the spelling that stands for its new name."""
        value = change.proposed
        if not change.creates_entity or not isinstance(value, Mapping):
            return change
        name = self.one(ENTITY_FIELDS[change.field], str(value["name"]))
        return replace(change, proposed={**value, "name": name})


def twin(library: Library, kind: EntityKind, name: str) -> Entity | None:
    """The one entity that has this name in another spelling; None where there is none or many."""
    key = squash(name)
    found = [
        entity
        for entity in library.of(kind).values()
        if any(squash(known) == key for known in (entity.name, *entity.aliases))
    ]
    return found[0] if key and len(found) == 1 else None
