"""Scenes read from their rows: as the domain's values, and in the API's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import from_json, moment, run, shown, to_json
from stashhog.domain.library import Fingerprint, Scene, SceneFile, StashId

_LINKS: Mapping[str, str] = {
    "performer": "SELECT scene_id, performer_id FROM scene_performers"
    " WHERE scene_id IN (SELECT value FROM json_each(?))",
    "tag": "SELECT scene_id, tag_id FROM scene_tags"
    " WHERE scene_id IN (SELECT value FROM json_each(?))",
}
_NAMED_LINKS: Mapping[str, str] = {
    "performer": "SELECT l.scene_id, e.id, e.name FROM scene_performers AS l"
    " CROSS JOIN entities AS e ON e.kind = 'performer' AND e.id = l.performer_id"
    " WHERE l.scene_id IN (SELECT value FROM json_each(?)) ORDER BY e.sort_key, e.id",
    "tag": "SELECT l.scene_id, e.id, e.name FROM scene_tags AS l"
    " CROSS JOIN entities AS e ON e.kind = 'tag' AND e.id = l.tag_id"
    " WHERE l.scene_id IN (SELECT value FROM json_each(?)) ORDER BY e.sort_key, e.id",
}
_FILES = """
    SELECT scene_id, id, path, size, duration, width, height, video_codec, frame_rate, fingerprints
    FROM files WHERE scene_id IN (SELECT value FROM json_each(?)) ORDER BY scene_id, position
"""


def links_of(s: Session, kind: str, ids: str) -> dict[int, list[int]]:
    """Scene → the ids of its performers or tags; `ids` is a JSON array of scene ids."""
    found: dict[int, list[int]] = {}
    for scene_id, entity_id in run(s, _LINKS[kind], (ids,)):
        found.setdefault(scene_id, []).append(entity_id)
    return found


def scene_values(s: Session, ids: Sequence[int]) -> list[Scene]:
    """Scenes as the domain takes them, in id order; ids that are not held are left out."""
    wanted = to_json(ids)
    performers = links_of(s, "performer", wanted)
    tags = links_of(s, "tag", wanted)
    files: dict[int, list[SceneFile]] = {}
    for row in run(s, _FILES, (wanted,)):
        prints = tuple(Fingerprint(kind, value) for kind, value in from_json(row[9]))
        files.setdefault(row[0], []).append(
            SceneFile(row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], prints)
        )
    rows = run(
        s,
        "SELECT id, title, details, date, rating100, organized, studio_id, urls, created_at,"
        " updated_at, updated_at_text, code, director, stash_ids, screenshot FROM scenes"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (wanted,),
    )
    return [
        Scene(
            id=str(row[0]),
            title=row[1],
            details=row[2],
            date=row[3],
            rating100=row[4],
            organized=bool(row[5]),
            studio_id=None if row[6] is None else str(row[6]),
            performer_ids=tuple(str(one) for one in performers.get(row[0], ())),
            tag_ids=tuple(str(one) for one in tags.get(row[0], ())),
            files=tuple(files.get(row[0], ())),
            urls=tuple(from_json(row[7])),
            created_at=moment(row[8]),
            updated_at=moment(row[9]),
            updated_at_text=row[10],
            code=row[11],
            director=row[12],
            stash_ids=tuple(StashId(*pair) for pair in from_json(row[13])),
            screenshot=row[14],
        )
        for row in rows
    ]


def scene_shapes(s: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Scenes in the API's shape, in the order of the ids."""
    wanted = to_json(ids)
    rows = run(
        s,
        "SELECT c.id, c.title, c.details, c.date, c.organized, c.rating100, c.studio_id, e.name,"
        " c.screenshot IS NOT NULL, c.urls, c.created_at, c.updated_at, c.read_at,"
        " c.deleted_at IS NOT NULL FROM scenes AS c"
        " LEFT JOIN entities AS e ON e.kind = 'studio' AND e.id = c.studio_id"
        " WHERE c.id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).all()
    performers = _named(run(s, _NAMED_LINKS["performer"], (wanted,)))
    tags = _named(run(s, _NAMED_LINKS["tag"], (wanted,)))
    files: dict[int, list[dict[str, Any]]] = {}
    for row in run(s, _FILES, (wanted,)):
        files.setdefault(row[0], []).append(_file_shape(row))
    shapes = {
        row[0]: _scene_shape(
            row, performers.get(row[0], []), tags.get(row[0], []), files.get(row[0], [])
        )
        for row in rows
    }
    return [shapes[one] for one in ids if one in shapes]


def _named(rows: Iterable[Any]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for scene_id, entity_id, name in rows:
        found.setdefault(scene_id, []).append({"id": str(entity_id), "name": name})
    return found


def _file_shape(row: Any) -> dict[str, Any]:
    return {
        "id": row[1],
        "path": row[2],
        "size": row[3],
        "duration": row[4],
        "width": row[5],
        "height": row[6],
        "video_codec": row[7],
        "frame_rate": row[8],
        "fingerprints": [{"type": kind, "value": value} for kind, value in from_json(row[9])],
    }


def _scene_shape(
    row: Any,
    performers: list[dict[str, Any]],
    tags: list[dict[str, Any]],
    files: list[dict[str, Any]],
) -> dict[str, Any]:
    studio = None if row[6] is None or row[7] is None else {"id": str(row[6]), "name": row[7]}
    return {
        "id": str(row[0]),
        "title": row[1],
        "details": row[2],
        "date": row[3],
        "organized": bool(row[4]),
        "rating100": row[5],
        "studio": studio,
        "performers": performers,
        "tags": tags,
        "files": files,
        "paths": {"screenshot": f"/api/scenes/{row[0]}/screenshot" if row[8] else None},
        "urls": from_json(row[9]),
        "created_at": shown(row[10]),
        "updated_at": shown(row[11]),
        "synced_at": shown(row[12]),
        "deleted": bool(row[13]),
    }
