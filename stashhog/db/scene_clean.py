"""A scene from outside in the form in which it can be stored.

Nothing that Stash says is trusted to fit: text may hold what no file can, numbers may be none,
ids may come twice or name what is not held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stashhog.db.scene_filters import PATH_KEY
from stashhog.db.values import (
    as_integer,
    as_real,
    clean,
    clean_or_none,
    is_clean,
    is_integer,
    is_real,
    moment_text,
    row_id,
    to_json,
)
from stashhog.domain.library import EntityKind, Fingerprint, Scene, SceneFile, StashId
from stashhog.domain.plans import name_key


@dataclass(frozen=True, slots=True)
class Known:
    """The entities of one kind that are held: row ids by their plain text, names by row id."""

    ids: Mapping[str, int]
    names: Mapping[int, str]


AllKnown = Mapping[EntityKind, Known]

TITLE_KEY = 64
DATE_KEY = 10
_LONG = 4000


@dataclass(frozen=True, slots=True)
class Links:
    """A scene's links that can be kept, and those (kind, id) whose entity is not held."""

    studio: int | None
    performers: tuple[int, ...]
    tags: tuple[int, ...]
    missing: tuple[tuple[EntityKind, int], ...]


def clean_scene(scene: Scene, scene_id: int, known: AllKnown) -> tuple[Scene, Links]:
    """Return the scene as it will be read back, and its links."""
    whole = _whole_links(scene, known)
    if whole is not None and _fits(scene, scene_id):
        return scene, whole
    missing: list[tuple[EntityKind, int]] = []
    performers = _kept("performer", scene.performer_ids, known, missing)
    tags = _kept("tag", scene.tag_ids, known, missing)
    wanted = () if scene.studio_id is None else (scene.studio_id,)
    studio = _kept("studio", wanted, known, missing)
    links = Links(studio[0] if studio else None, performers, tags, tuple(missing))
    cleaned = Scene(
        id=str(scene_id),
        title=clean_or_none(scene.title),
        details=clean_or_none(scene.details),
        date=clean_or_none(scene.date),
        rating100=as_integer(scene.rating100),
        organized=bool(scene.organized),
        studio_id=str(studio[0]) if studio else None,
        performer_ids=tuple(map(str, performers)),
        tag_ids=tuple(map(str, tags)),
        files=tuple(_clean_file(file) for file in scene.files),
        urls=tuple(map(clean, scene.urls)),
        created_at=scene.created_at,
        updated_at=scene.updated_at,
        updated_at_text=clean(scene.updated_at_text),
        code=clean_or_none(scene.code),
        director=clean_or_none(scene.director),
        stash_ids=tuple(StashId(clean(i.endpoint), clean(i.stash_id)) for i in scene.stash_ids),
        screenshot=clean_or_none(scene.screenshot),
        files_text=clean_or_none(scene.files_text),
        files_print=scene.files_print,
    )
    return cleaned, links


def _whole_links(scene: Scene, known: AllKnown) -> Links | None:
    """The links where all can be kept as they are spelled, each once; looking is cheaper."""
    try:
        performers = list(map(known["performer"].ids.__getitem__, scene.performer_ids))
        tags = list(map(known["tag"].ids.__getitem__, scene.tag_ids))
        studio = None if scene.studio_id is None else known["studio"].ids[scene.studio_id]
    except KeyError:
        return None
    if len(set(performers)) < len(performers) or len(set(tags)) < len(tags):
        return None
    performers.sort()
    tags.sort()
    return Links(studio, tuple(performers), tuple(tags), ())


def _fits(scene: Scene, scene_id: int) -> bool:
    """Whether a scene is read back as it is but for its links; looking is cheaper than cleaning."""
    texts = [
        scene.title,
        scene.details,
        scene.date,
        scene.updated_at_text,
        scene.code,
        scene.director,
        scene.screenshot,
        scene.files_text,
        *scene.urls,
    ]
    for file in scene.files:
        texts += (file.id, file.path, file.video_codec)
        for one in file.fingerprints:
            texts += (one.type, one.value)
    for box in scene.stash_ids:
        texts += (box.endpoint, box.stash_id)
    return (
        scene.id == str(scene_id)
        and is_clean("".join(filter(None, texts)))
        and is_integer(scene.rating100)
        and all(map(_is_measured, scene.files))
    )


def _is_measured(file: SceneFile) -> bool:
    return (
        is_integer(file.size)
        and is_real(file.duration)
        and is_integer(file.width)
        and is_integer(file.height)
        and is_real(file.frame_rate)
    )


def _kept(
    kind: EntityKind,
    wanted: Sequence[str],
    known: AllKnown,
    missing: list[tuple[EntityKind, int]],
) -> tuple[int, ...]:
    """The row ids of held entities; others are added to what is missing."""
    held = known[kind].names
    ids = {one for one in map(row_id, wanted) if one is not None}
    missing.extend((kind, one) for one in sorted(ids - held.keys()))
    return tuple(sorted(ids & held.keys()))


def _clean_file(file: SceneFile) -> SceneFile:
    return SceneFile(
        id=clean(file.id),
        path=clean(file.path),
        size=as_integer(file.size),
        duration=as_real(file.duration),
        width=as_integer(file.width),
        height=as_integer(file.height),
        video_codec=clean_or_none(file.video_codec),
        frame_rate=as_real(file.frame_rate),
        fingerprints=tuple(Fingerprint(clean(p.type), clean(p.value)) for p in file.fingerprints),
    )


def scene_row(
    scene_id: int, scene: Scene, links: Links, content_hash: str, read_at: str
) -> tuple[Any, ...]:
    """The values of a scene's row, in the order of the upsert."""
    primary = scene.files[0] if scene.files else None
    return (
        scene_id,
        title_key(scene.title),
        (scene.date or "").strip()[:DATE_KEY] or None,
        primary and primary.path[:PATH_KEY],
        primary and primary.duration,
        primary and primary.size,
        int(scene.organized),
        links.studio,
        len(links.performers),
        len(links.tags),
        int(bool(scene.details and scene.details.strip())),
        moment_text(scene.created_at),
        moment_text(scene.updated_at),
        content_hash,
        read_at,
        scene.updated_at_text,
        scene.rating100,
        scene.title,
        scene.date,
        scene.code,
        scene.director,
        primary and primary.path,
        scene.screenshot,
        to_json(scene.urls),
        to_json([(one.endpoint, one.stash_id) for one in scene.stash_ids]),
        scene.details,
        scene.files_text,
        scene.files_print,
    )


def file_rows(scene_id: int, scene: Scene) -> Iterator[tuple[Any, ...]]:
    """The values of a scene's file rows."""
    for position, file in enumerate(scene.files):
        yield (
            scene_id,
            position,
            file.id,
            file.path,
            file.size,
            file.duration,
            file.width,
            file.height,
            file.video_codec,
            file.frame_rate,
            to_json([(one.type, one.value) for one in file.fingerprints]),
        )


def title_key(title: str | None) -> str | None:
    """What a title is sorted by; None where there is nothing to sort by."""
    return name_key((title or "")[:_LONG])[:TITLE_KEY].rstrip() or None
