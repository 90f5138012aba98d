"""How each field of the sample Stash's interface gets its value.

Rules:
- A getter reads one attribute of a row; a resolver also gets arguments and the run's `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from stashhog.demo.context import Arguments, Context
from stashhog.demo.entities import EntityTable, number
from stashhog.demo.execution import Get, Resolve, Resolvers, Run
from stashhog.demo.mutations import MUTATIONS
from stashhog.demo.rows import EntityRow, FileRow, Kind, RefusedError, SceneRow


def _text_id(row: Any) -> str:
    return str(row.id)


def _nothing(_row: Any) -> list[Any]:
    return []


def _plain(*names: str) -> dict[str, Get]:
    return {name: attrgetter(name) for name in names}


def _basename(file: FileRow) -> str:
    return file.path.replace("\\", "/").rsplit("/", 1)[-1]


def _format(file: FileRow) -> str:
    return file.path.rsplit(".", 1)[-1].lower()


def _fingerprint(file: FileRow, arguments: Arguments, _run: Run[Context]) -> str | None:
    return dict(file.fingerprints).get(arguments["type"])


def _members(kind: Kind, get: Callable[[Any], Iterable[int]]) -> Resolve:
    def resolve(row: Any, _arguments: Arguments, run: Run[Context]) -> list[EntityRow]:
        table = run.context.state.tables[kind]
        try:
            return [table.rows[i] for i in get(row)]
        except KeyError as missing:
            raise RefusedError(f"{kind} with id {missing} not found") from None

    return resolve


def _studio(scene: SceneRow, _arguments: Arguments, run: Run[Context]) -> EntityRow | None:
    if scene.studio_id is None:
        return None
    return run.context.state.studios.require(scene.studio_id)


def _parent(studio: EntityRow, _arguments: Arguments, run: Run[Context]) -> EntityRow | None:
    return run.context.state.studios.require(studio.parent_ids[0]) if studio.parent_ids else None


def _children(row: EntityRow, _arguments: Arguments, run: Run[Context]) -> list[EntityRow]:
    table: EntityTable = run.context.state.tables[row.kind]
    return [child for child in table.rows.values() if row.id in child.parent_ids]


def _child_count(row: EntityRow, arguments: Arguments, run: Run[Context]) -> int:
    return len(_children(row, arguments, run))


def _scene_count(row: EntityRow, arguments: Arguments, run: Run[Context]) -> int:
    context, depth = run.context, arguments.get("depth") or 0
    if depth:
        return context.state.scene_uses_below(row.kind, row.id, depth)
    if row.kind not in context.uses:
        context.uses[row.kind] = context.state.scene_uses(row.kind)
    return context.uses[row.kind][row.id]


def _other_uses(name: str) -> Resolve:
    return lambda row, _arguments, _run: row.other_uses.get(name, 0)


_COUNTS = ("scene_marker", "image", "gallery", "performer", "studio", "group", "movie")
_COUNTED: dict[str, Resolve] = {
    "scene_count": _scene_count,
    **{f"{name}_count": _other_uses(f"{name}_count") for name in _COUNTS},
}


# --- addresses ----------------------------------------------------------------------------------


def _paths(scene: SceneRow, _arguments: Arguments, run: Run[Context]) -> dict[str, str]:
    base = f"{run.context.base_url}/scene/{scene.id}"
    try:
        version = int(datetime.fromisoformat(scene.updated_at).timestamp())
    except ValueError:
        version = 0
    prints = dict(scene.files[0].fingerprints) if scene.files else {}
    name = f"{run.context.base_url}/scene/{prints.get('oshash', '')}"
    return {
        "screenshot": f"{base}/screenshot?t={version}",
        "preview": f"{base}/preview",
        "stream": f"{base}/stream{_key_query(run.context)}",
        "webp": f"{base}/webp",
        "vtt": f"{name}_thumbs.vtt",
        "sprite": f"{name}_sprite.jpg",
    }


def _streams(scene: SceneRow, _arguments: Arguments, run: Run[Context]) -> list[dict[str, str]]:
    if not scene.files:
        return []
    url = f"{run.context.base_url}/scene/{scene.id}/stream{_key_query(run.context)}"
    return [{"url": url, "mime_type": "video/mp4", "label": "Direct stream"}]


def _key_query(context: Context) -> str:
    key = context.options.api_key
    return f"?apikey={quote(key, safe='')}" if key else ""


# --- queries ------------------------------------------------------------------------------------


def _find_scene(_row: Any, arguments: Arguments, run: Run[Context]) -> SceneRow | None:
    return run.context.state.scenes.get(number(arguments.get("id") or "0"))


def _find_scenes(_row: Any, arguments: Arguments, run: Run[Context]) -> Any:
    ids = arguments.get("ids") or arguments.get("scene_ids")
    return run.context.state.find_scenes(
        arguments.get("scene_filter"), arguments.get("filter"), ids
    )


def _find_entity(kind: Kind) -> Resolve:
    return lambda _row, arguments, run: run.context.state.tables[kind].rows.get(
        number(arguments["id"])
    )


def _find_entities(kind: Kind) -> Resolve:
    def resolve(_row: Any, arguments: Arguments, run: Run[Context]) -> Any:
        ids = arguments.get("ids") or arguments.get(f"{kind}_ids")
        return run.context.state.find_entities(
            kind, arguments.get(f"{kind}_filter"), arguments.get("filter"), ids
        )

    return resolve


def _version(_row: Any, _arguments: Arguments, run: Run[Context]) -> dict[str, str]:
    return {"version": run.context.options.version, "hash": "", "build_time": ""}


def _status(_row: Any, _arguments: Arguments, run: Run[Context]) -> dict[str, Any]:
    schema = run.context.options.database_schema
    return {
        "databaseSchema": schema,
        "appSchema": schema,
        "databasePath": "sample.sqlite",
        "configPath": "sample.yml",
        "status": "OK",
        "os": "linux",
    }


def _stats(_row: Any, _arguments: Arguments, run: Run[Context]) -> dict[str, int]:
    state = run.context.state
    tables = {f"{kind}_count": len(table.rows) for kind, table in state.tables.items()}
    return {"scene_count": len(state.scenes), **tables}


def _configuration(_row: Any, _arguments: Arguments, run: Run[Context]) -> dict[str, Any]:
    general = {
        "stashes": [{"path": "/media"}],
        "apiKey": run.context.options.api_key or "",
        "databasePath": "sample.sqlite",
    }
    return {"general": general}


def _queue(_row: Any, _arguments: Arguments, run: Run[Context]) -> Any:
    return list(run.context.jobs.queue.values()) or None


def _find_job(_row: Any, arguments: Arguments, run: Run[Context]) -> Any:
    return run.context.jobs.find(number(arguments["input"]["id"]))


def _news(_row: Any, _arguments: Arguments, run: Run[Context]) -> Any:
    return run.context.event


# --- the tables ---------------------------------------------------------------------------------


def _keys(*names: str) -> dict[str, Get]:
    return {name: lambda row, name=name: row[name] for name in names}  # type: ignore[misc]  # a default binds the loop's name


_STAMPS = _plain("created_at", "updated_at")
_ENTITY: dict[str, Get] = {
    "id": _text_id,
    "stash_ids": _nothing,
    **_plain("name", "urls", "favorite", "ignore_auto_tag"),
    **_STAMPS,
}

RESOLVERS = Resolvers(
    get={
        "Scene": {
            "id": _text_id,
            **_plain("title", "code", "details", "director", "urls", "date", "rating100"),
            **_plain("organized", "play_count", "files", "stash_ids"),
            **_STAMPS,
            "o_counter": lambda _scene: 0,
            "scene_markers": _nothing,
            "galleries": _nothing,
            "groups": _nothing,
        },
        "VideoFile": {
            "id": _text_id,
            **_plain("path", "mod_time", "size", "width", "height", "duration", "video_codec"),
            **_plain("audio_codec", "frame_rate", "bit_rate", "fingerprints"),
            **_STAMPS,
            "basename": _basename,
            "format": _format,
        },
        "Fingerprint": {"type": lambda pair: pair[0], "value": lambda pair: pair[1]},
        "StashID": _plain("endpoint", "stash_id", "updated_at"),
        "ScenePathsType": _keys("screenshot", "preview", "stream", "webp", "vtt", "sprite"),
        "SceneStreamEndpoint": _keys("url", "mime_type", "label"),
        "Performer": {
            **_ENTITY,
            "alias_list": attrgetter("aliases"),
            "disambiguation": attrgetter("disambiguation"),
            "details": attrgetter("description"),
        },
        "Tag": {
            **_ENTITY,
            "sort_name": lambda _tag: "",
            "aliases": attrgetter("aliases"),
            "description": attrgetter("description"),
            "parent_count": lambda tag: len(tag.parent_ids),
        },
        "Studio": {
            **_ENTITY,
            "aliases": attrgetter("aliases"),
            "details": attrgetter("description"),
        },
        "FindScenesResultType": {
            "count": attrgetter("count"),
            "scenes": attrgetter("rows"),
            "duration": lambda found: sum(f.duration for s in found.rows for f in s.files),
            "filesize": lambda found: sum(f.size for s in found.rows for f in s.files),
        },
        "FindPerformersResultType": {
            "count": attrgetter("count"),
            "performers": attrgetter("rows"),
        },
        "FindTagsResultType": {"count": attrgetter("count"), "tags": attrgetter("rows")},
        "FindStudiosResultType": {"count": attrgetter("count"), "studios": attrgetter("rows")},
        "Version": _keys("version", "hash", "build_time"),
        "SystemStatus": _keys(
            "databaseSchema", "databasePath", "configPath", "appSchema", "status", "os"
        ),
        "StatsResultType": _keys("scene_count", "performer_count", "studio_count", "tag_count"),
        "ConfigResult": _keys("general"),
        "ConfigGeneralResult": _keys("stashes", "apiKey", "databasePath"),
        "StashConfig": _keys("path"),
        "Job": {
            "id": _text_id,
            **_plain("status", "description", "progress", "error"),
            "subTasks": attrgetter("sub_tasks"),
            "addTime": attrgetter("added_at"),
            "startTime": attrgetter("started_at"),
            "endTime": attrgetter("ended_at"),
        },
        "JobStatusUpdate": _plain("type", "job"),
    },
    resolve={
        "Scene": {
            "studio": _studio,
            "tags": _members("tag", attrgetter("tag_ids")),
            "performers": _members("performer", attrgetter("performer_ids")),
            "paths": _paths,
            "sceneStreams": _streams,
        },
        "VideoFile": {"fingerprint": _fingerprint},
        "Performer": _COUNTED,
        "Tag": {
            **_COUNTED,
            "parents": _members("tag", attrgetter("parent_ids")),
            "children": _children,
            "child_count": _child_count,
        },
        "Studio": {**_COUNTED, "parent_studio": _parent, "child_studios": _children},
        "Query": {
            "findScene": _find_scene,
            "findScenes": _find_scenes,
            "findPerformer": _find_entity("performer"),
            "findPerformers": _find_entities("performer"),
            "findTag": _find_entity("tag"),
            "findTags": _find_entities("tag"),
            "findStudio": _find_entity("studio"),
            "findStudios": _find_entities("studio"),
            "version": _version,
            "systemStatus": _status,
            "stats": _stats,
            "configuration": _configuration,
            "jobQueue": _queue,
            "findJob": _find_job,
        },
        "Mutation": MUTATIONS,
        "Subscription": {"jobsSubscribe": _news, "scanCompleteSubscribe": _news},
    },
)
