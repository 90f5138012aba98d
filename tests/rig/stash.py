"""The sample Stash in a thread of its own, and the hands that stir in it.

Rules:
- Its state belongs to its thread: everything here goes there and comes back with copies.
- A person's edit made here is no mutation: `mutations` holds what the service sent, nothing else.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import trio

from stashhog.demo import SampleStash
from stashhog.demo.faults import Fault, Faults, Rule
from stashhog.demo.rows import EntityRow, Kind, Mutation
from stashhog.demo.serve import serve_sample_stash
from stashhog.demo.state import StashState
from tests.rig.thread import TrioThread

SCENE_UPDATES = frozenset({"sceneUpdate", "bulkSceneUpdate", "scenesUpdate"})


@dataclass(frozen=True, slots=True)
class Request:
    """A GraphQL request, whatever became of it."""

    root_fields: frozenset[str]
    variables: Mapping[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it would update scenes."""
        return bool(self.root_fields & SCENE_UPDATES)

    @property
    def scene_ids(self) -> set[str]:
        """The scenes that it names."""
        given = self.variables.get("input") or self.variables
        return {str(each) for each in given.get("ids") or [given.get("id")] if each}


class Stash(TrioThread):
    """A running sample Stash.

    Args:
        sample: What it serves.
    """

    def __init__(self, sample: SampleStash) -> None:
        super().__init__()
        self.sample = sample
        self.url = ""

    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            self.url = await nursery.start(serve_sample_stash, self.sample)
            task_status.started()

    @property
    def _state(self) -> StashState:
        return self.sample.state

    # --- looking --------------------------------------------------------------------------------

    def scenes(self, ids: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """All scenes (or these) as they are now, by id, without the time of their last change."""

        def look() -> dict[str, dict[str, Any]]:
            wanted = [int(each) for each in ids] or list(self._state.scenes)
            rows = {str(key): asdict(self._state.scenes[key]) for key in wanted}
            for row in rows.values():
                del row["updated_at"]
            return rows

        return self.do(look)

    def entities(self, kind: Kind) -> dict[str, EntityRow]:
        """All entities of a kind, by id."""
        return self.do(
            lambda: {str(i): copy.deepcopy(row) for i, row in self._state.tables[kind].rows.items()}
        )

    def library(self) -> dict[str, Any]:
        """Everything that a person could lose here."""
        kinds: tuple[Kind, ...] = ("studio", "performer", "tag")
        return {"scenes": self.scenes(), **{kind: self.entities(kind) for kind in kinds}}

    def mutations(self) -> list[Mutation]:
        """What the service had executed, in order."""
        return self.do(lambda: list(self._state.mutations))

    def requests(self) -> list[Request]:
        """What the service asked, executed or not, in order."""
        return self.do(
            lambda: [
                Request(each.root_fields, each.variables)
                for each in self.sample.asked
                if each.root_fields
            ]
        )

    def written(self) -> Counter[str]:
        """How many mutations were executed for each scene."""
        return scenes_written(self.mutations())

    # --- stirring -------------------------------------------------------------------------------

    def edit(self, scene_id: str, **values: Any) -> None:
        """Change a scene as a person would in Stash's own page."""
        self.do(lambda: self.edit_here(scene_id, **values))

    def edit_here(self, scene_id: str, **values: Any) -> None:
        """The same from inside a fault, which strikes in the Stash's own thread."""
        row = self._state.scenes[int(scene_id)]
        for name, value in values.items():
            assert hasattr(row, name), name
            setattr(row, name, value)
        row.updated_at = self._state.now()

    def scene_here(self, scene_id: str) -> dict[str, Any]:
        """A scene as it is now, from inside a fault."""
        return asdict(self._state.scenes[int(scene_id)])

    def remove(self, scene_id: str) -> None:
        """Remove a scene."""
        self.do(lambda: self._state.destroy_scenes([scene_id]))

    def create(self, kind: Kind, name: str) -> str:
        """Create a performer, tag or studio; returns its id."""
        return str(self.do(lambda: self._state.tables[kind].create({"name": name})).id)

    def destroy(self, kind: Kind, entity_id: str) -> None:
        """Remove a performer, tag or studio."""
        self.do(self._state.destroy_entity, kind, int(entity_id))

    @property
    def faults(self) -> Faults:
        """What goes wrong; it belongs to the thread of this Stash."""
        return self.sample.faults

    def fault(self, fault: Fault, on: str, **when: Any) -> Rule:
        """Put a fault in force: `times`, `skip`, `chance` as `Faults.add`."""
        return self.do(lambda: self.sample.faults.add(fault, on, **when))

    def heal(self) -> None:
        """End all faults."""
        self.do(self.sample.faults.clear)

    def go_away(self) -> None:
        """Refuse connections."""
        self.do(self.sample.faults.refuse)

    def come_back(self) -> None:
        """Accept connections again."""
        self.do(self.sample.faults.accept)


def scenes_written(mutations: Iterable[Mutation]) -> Counter[str]:
    """How many of these mutations updated each scene."""
    sent = (each for each in mutations if each.operation in SCENE_UPDATES)
    return Counter(scene_id for mutation in sent for scene_id in mutation.scene_ids)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between two libraries: place → (before, after)."""
    found: dict[str, Any] = {}
    for group in one:
        for key in {**one[group], **other[group]}:
            before, after = one[group].get(key), other[group].get(key)
            if before != after:
                found[f"{group}/{key}"] = (before, after)
    return found
