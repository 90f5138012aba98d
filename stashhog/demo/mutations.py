"""The mutations of the sample Stash.

Rules:
- Each is recorded in the state: executed, or refused and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stashhog.demo.context import Arguments, Context
from stashhog.demo.entities import number
from stashhog.demo.execution import Resolve, Run
from stashhog.demo.rows import EntityRow, Kind, Mutation, RefusedError

Act = Callable[[Context, Any], Any]


def _mutation(operation: str, act: Act) -> Resolve:
    def resolve(_row: Any, arguments: Arguments, run: Run[Context]) -> Any:
        given = arguments.get("input", arguments)
        state = run.context.state
        try:
            answer = act(run.context, given)
        except RefusedError as error:
            state.refused.append(_record(operation, given, None, str(error)))
            raise
        state.mutations.append(_record(operation, given, answer, None))
        return answer

    return resolve


def _record(operation: str, given: Any, answer: Any, error: str | None) -> Mutation:
    inputs: Sequence[Arguments] = given if isinstance(given, list) else [given]
    ids: list[str] = []
    if operation == "sceneCreate":
        ids = [] if answer is None else [str(answer.id)]
    elif operation.startswith(("scene", "bulkScene")):
        ids = [str(i) for each in inputs for i in (each.get("ids") or [each.get("id")]) if i]
    return Mutation(operation, tuple(ids), {"inputs": given} if given is inputs else given, error)


def _update_entity(kind: Kind) -> Act:
    return lambda context, given: context.state.tables[kind].update(
        number(given["id"], "converting id: "), given
    )


def _destroy_entity(kind: Kind) -> Act:
    def act(context: Context, given: Arguments) -> bool:
        context.state.destroy_entity(kind, number(given["id"]))
        return True

    return act


def _destroy_scene(context: Context, given: Arguments) -> bool:
    context.state.destroy_scenes([given["id"]])
    return True


def _merge_tags(context: Context, given: Arguments) -> EntityRow | None:
    sources = [number(text, "converting source ids: ") for text in given["source"]]
    return context.state.merge_tags(sources, number(given["destination"], "converting id: "))


def _move_files(context: Context, given: Arguments) -> bool:
    folder = given.get("destination_folder")
    if not folder:
        raise RefusedError("must specify destination folder or path")
    context.state.move_files(given["ids"], folder, given.get("destination_basename"))
    return True


def _stop_job(context: Context, given: Arguments) -> bool:
    context.jobs.stop(number(given["job_id"]))
    return True


def _creates(kind: Kind) -> Act:
    return lambda context, given: context.state.tables[kind].create(given)


_ACTS: dict[str, Act] = {
    "sceneCreate": lambda context, given: context.state.create_scene(given),
    "sceneUpdate": lambda context, given: context.state.update_scenes([given])[0],
    "scenesUpdate": lambda context, given: context.state.update_scenes(given),
    "bulkSceneUpdate": lambda context, given: context.state.bulk_update_scenes(given),
    "sceneDestroy": _destroy_scene,
    "tagsMerge": _merge_tags,
    "moveFiles": _move_files,
    "metadataScan": lambda context, _given: str(context.jobs.add_scan().id),
    "stopJob": _stop_job,
    "performerCreate": _creates("performer"),
    "performerUpdate": _update_entity("performer"),
    "performerDestroy": _destroy_entity("performer"),
    "tagCreate": _creates("tag"),
    "tagUpdate": _update_entity("tag"),
    "tagDestroy": _destroy_entity("tag"),
    "studioCreate": _creates("studio"),
    "studioUpdate": _update_entity("studio"),
    "studioDestroy": _destroy_entity("studio"),
}


MUTATIONS: Mapping[str, Resolve] = {name: _mutation(name, act) for name, act in _ACTS.items()}
