"""Taking scenes over from Stash: whole rows, links, files, counts and search index at once.

Rules:
- What is stored is what could be stored: text that no file can hold is replaced, ids appear once,
  links to entities that are not held are left out and remembered. The content hash is that of the
  stored scene, so that a scene read back hashes the same, and a link that could not be kept comes
  back as a difference.
- A scene whose content hash is the same is not touched but for its times.
- A scene with another `created_at` is another scene that has the id now (a restored library gives
  ids again): what was proposed, written and rejected for the former one is not about it.
- A job counts a scene once, as what it is compared with before the job.
- `scene_count` of entities, the number of live scenes and the library's revision move here, and
  only by differences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.meta import LIBRARY_REVISION, LIVE_SCENES, add_to_meta
from stashhog.db.scene_clean import AllKnown, Known, Links, clean_scene, file_rows, scene_row
from stashhog.db.scene_detach import detach_scenes
from stashhog.db.scene_rows import links_of
from stashhog.db.search import drop_words, indexed, put_words
from stashhog.db.values import moment_text, row_id, run, run_many, to_json
from stashhog.domain.library import EntityKind, Scene
from stashhog.domain.sync import ItemFailure, content_hash

_UPSERT = """
    INSERT INTO scenes (
        id, title_key, date_key, path_key, duration, size, organized, studio_id, performer_count,
        tag_count, has_details, created_at, updated_at, content_hash, read_at, updated_at_text,
        rating100, title, date, code, director, path, screenshot, urls, stash_ids, details,
        files_text, files_print, counted, counted_as
    ) VALUES (
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
    )
    ON CONFLICT (id) DO UPDATE SET
        title_key = excluded.title_key, date_key = excluded.date_key,
        path_key = excluded.path_key, duration = excluded.duration, size = excluded.size,
        organized = excluded.organized, studio_id = excluded.studio_id,
        performer_count = excluded.performer_count, tag_count = excluded.tag_count,
        has_details = excluded.has_details, created_at = excluded.created_at,
        updated_at = excluded.updated_at, content_hash = excluded.content_hash,
        read_at = excluded.read_at, updated_at_text = excluded.updated_at_text,
        rating100 = excluded.rating100, title = excluded.title, date = excluded.date,
        code = excluded.code, director = excluded.director, path = excluded.path,
        screenshot = excluded.screenshot, urls = excluded.urls, stash_ids = excluded.stash_ids,
        details = excluded.details, files_text = excluded.files_text,
        files_print = excluded.files_print,
        counted_as = iif(excluded.counted IS NULL, counted_as, excluded.counted_as),
        counted = coalesce(excluded.counted, counted), deleted_at = NULL, stale = 0
"""
CREATED = "created"
UPDATED = "updated"
_ENTITY = itemgetter(1)
_LINK_TABLES: tuple[tuple[EntityKind, str, str], ...] = (
    (
        "performer",
        "DELETE FROM scene_performers WHERE scene_id = ? AND performer_id = ?",
        "INSERT INTO scene_performers (scene_id, performer_id) VALUES (?, ?)",
    ),
    (
        "tag",
        "DELETE FROM scene_tags WHERE scene_id = ? AND tag_id = ?",
        "INSERT INTO scene_tags (scene_id, tag_id) VALUES (?, ?)",
    ),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking scenes over did; `failures` are those that could not be taken.

    `others` are ids that name another scene than before.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failures: tuple[ItemFailure, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """What the copy has of a scene."""

    content_hash: str
    deleted: bool
    organized: bool
    stale: bool
    studio_id: int | None
    updated_at_text: str
    files_print: str
    created_at: str
    counted: int | None
    counted_as: str | None


@dataclass(frozen=True, slots=True)
class _New:
    """A scene that is to be written, with the links that can be kept and those that cannot."""

    id: int
    scene: Scene
    links: Links
    hash: str
    counted_as: str = CREATED


@dataclass(slots=True)
class _Page:
    """The scenes of one call, sorted by what has to be done with them.

    `counts` is what the job `job_n` counts for the first time; `come` are scenes that were not
    live.
    """

    job_n: int | None = None
    again: Collection[str] = ()
    write: list[_New] = field(default_factory=list)
    touch: list[_New] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    come: int = 0
    others: list[int] = field(default_factory=list)
    failures: list[ItemFailure] = field(default_factory=list)


def take_scenes(
    s: Session,
    scenes: Iterable[Scene],
    read_at: datetime,
    *,
    job_n: int | None = None,
    again: Collection[str] = (),
) -> Taken:
    """Make the copy of these scenes what they are; several of one id count once, the last one.

    Args:
        s: A Session that writes.
        scenes: As Stash has them.
        read_at: When they were read.
        job_n: The job that counts them.
        again: Ids of scenes that have to be read once more.
    """
    wanted: dict[int, Scene] = {}
    page = _Page(job_n, again)
    for scene in scenes:
        scene_id = row_id(scene.id)
        if scene_id is None:
            page.failures.append(ItemFailure(scene.id[:64], "its id is not a number"))
        else:
            wanted[scene_id] = scene
    if wanted:
        known = _known(s, wanted.values())
        held = _held(s, list(wanted))
        for scene_id, scene in sorted(wanted.items()):
            _sort_in(page, scene_id, scene, known, held.get(scene_id))
        detach_scenes(s, page.others)
        _touch(s, page.touch, held, read_at)
        _write(s, page, known, held, read_at)
        _mark_stale(s, page, held)
    return Taken(
        page.counts[CREATED],
        page.counts[UPDATED],
        page.counts["unchanged"],
        tuple(page.failures),
        tuple(map(str, page.others)),
    )


def same_scenes(s: Session, scenes: Sequence[Scene]) -> frozenset[str]:
    """Ids of those of these scenes that taking them over would not change."""
    wanted = {number: scene for scene in scenes if (number := row_id(scene.id)) is not None}
    page = _Page()
    known, held = _known(s, wanted.values()), _held(s, list(wanted))
    for scene_id, scene in wanted.items():
        _sort_in(page, scene_id, scene, known, held.get(scene_id))
    return frozenset(str(new.id) for new in page.touch)


def _known(s: Session, scenes: Iterable[Scene]) -> AllKnown:
    """The entities that these scenes link, as far as they are held."""
    asked: dict[EntityKind, set[str]] = {"performer": set(), "tag": set(), "studio": set()}
    for scene in scenes:
        asked["performer"].update(scene.performer_ids)
        asked["tag"].update(scene.tag_ids)
        if scene.studio_id is not None:
            asked["studio"].add(scene.studio_id)
    found: dict[EntityKind, Known] = {}
    for kind, texts in asked.items():
        ids = [one for one in map(row_id, texts) if one is not None]
        rows = run(
            s,
            "SELECT id, name FROM entities"
            " WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
            (kind, to_json(ids)),
        )
        names: dict[int, str] = dict(map(tuple, rows))
        found[kind] = Known({str(one): one for one in names}, names)
    return found


def _held(s: Session, ids: Sequence[int]) -> dict[int, _Held]:
    rows = run(
        s,
        "SELECT id, content_hash, deleted_at, organized, stale, studio_id, updated_at_text,"
        " files_print, created_at, counted, counted_as"
        " FROM scenes WHERE id IN (SELECT value FROM json_each(?))",
        (to_json(ids),),
    )
    return {
        row[0]: _Held(row[1], row[2] is not None, bool(row[3]), bool(row[4]), *row[5:])
        for row in rows
    }


def _sort_in(page: _Page, scene_id: int, scene: Scene, known: AllKnown, held: _Held | None) -> None:
    cleaned, links = clean_scene(scene, scene_id, known)
    new = _New(scene_id, cleaned, links, content_hash(cleaned))
    if held is None:
        page.write.append(new)
        page.come += 1
        page.counts[CREATED] += 1
        return
    counted = held.counted if page.job_n is not None else None
    other = held.created_at != moment_text(scene.created_at)
    if other:
        page.others.append(scene_id)
    elif not held.deleted and held.content_hash == new.hash:
        page.touch.append(new)
        page.counts["unchanged"] += counted is None or counted != page.job_n
        return
    page.come += held.deleted
    if counted is not None and counted == page.job_n:
        page.write.append(replace(new, counted_as=held.counted_as or UPDATED))
        return
    name = CREATED if held.deleted or other else UPDATED
    page.counts[name] += 1
    page.write.append(replace(new, counted_as=name))


def _touch(
    s: Session, scenes: Sequence[_New], held: Mapping[int, _Held], read_at: datetime
) -> None:
    """Note that scenes were read and are as they were; indexes only move where a value does."""
    at = moment_text(read_at)
    same: list[tuple[Any, ...]] = []
    moved: list[tuple[Any, ...]] = []
    for new in scenes:
        scene, was = new.scene, held[new.id]
        if (scene.updated_at_text, scene.files_print) == (was.updated_at_text, was.files_print):
            same.append((at, new.id))
        else:
            times = (scene.updated_at_text, moment_text(scene.updated_at), scene.screenshot)
            moved.append((at, *times, scene.files_text, scene.files_print, new.id))
    run_many(s, "UPDATE scenes SET read_at = ? WHERE id = ?", same)
    run_many(
        s,
        "UPDATE scenes SET read_at = ?, updated_at_text = ?, updated_at = ?, screenshot = ?,"
        " files_text = ?, files_print = ? WHERE id = ?",
        moved,
    )


def _mark_stale(s: Session, page: _Page, held: Mapping[int, _Held]) -> None:
    """Mark what has to be read once more, and take the mark from what need not be."""
    again = {one for one in map(row_id, page.again) if one is not None}
    written = [new.id for new in page.write]
    settled = [new.id for new in page.touch if held[new.id].stale and new.id not in again]
    stale = [one for one in written if one in again]
    stale += [new.id for new in page.touch if not held[new.id].stale and new.id in again]
    run_many(s, "UPDATE scenes SET stale = 0 WHERE id = ?", [(one,) for one in settled])
    run_many(s, "UPDATE scenes SET stale = 1 WHERE id = ?", [(one,) for one in stale])


def _write(
    s: Session, page: _Page, known: AllKnown, held: Mapping[int, _Held], read_at: datetime
) -> None:
    at = moment_text(read_at)
    rows = [
        (*scene_row(new.id, new.scene, new.links, new.hash, at), page.job_n, new.counted_as)
        for new in page.write
    ]
    run_many(s, _UPSERT, rows)
    old = [new.id for new in page.write if new.id in held]
    run_many(s, "DELETE FROM files WHERE scene_id = ?", [(one,) for one in old])
    run_many(
        s,
        "INSERT INTO files (scene_id, position, id, path, size, duration, width, height,"
        " video_codec, frame_rate, fingerprints) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [row for new in page.write for row in file_rows(new.id, new.scene)],
    )
    counts = _write_links(s, page.write, held)
    _remember_missing(s, page.write, old)
    drop_words(s, old)
    put_words(s, [(new.id, indexed(_texts(new, known))) for new in page.write])
    move_scene_counts(s, counts)
    add_to_meta(s, LIVE_SCENES, page.come)
    if any(new.scene.organized or _was_organized(held.get(new.id)) for new in page.write):
        add_to_meta(s, LIBRARY_REVISION, 1)


def _was_organized(held: _Held | None) -> bool:
    return held is not None and held.organized and not held.deleted


def _texts(new: _New, known: AllKnown) -> Sequence[str | None]:
    scene, links = new.scene, new.links
    return (
        scene.title,
        scene.details,
        scene.code,
        None if links.studio is None else known["studio"].names[links.studio],
        *[file.path for file in scene.files],
        *map(known["performer"].names.__getitem__, links.performers),
        *map(known["tag"].names.__getitem__, links.tags),
    )


def _write_links(
    s: Session, scenes: Sequence[_New], held: Mapping[int, _Held]
) -> Counter[tuple[str, int]]:
    """Write the differences of the links; returns by how much each entity's count moves."""
    counts: Counter[tuple[str, int]] = Counter()
    old_ids = to_json([new.id for new in scenes if new.id in held])
    for kind, delete, insert in _LINK_TABLES:
        before = links_of(s, kind, old_ids)
        steps: Counter[int] = Counter()
        gone: list[tuple[int, int]] = []
        come: list[tuple[int, int]] = []
        for new in scenes:
            now = new.links.performers if kind == "performer" else new.links.tags
            was = before.get(new.id)
            if was is None:
                come += [(new.id, one) for one in now]
                continue
            if held[new.id].deleted:
                steps.update(was)
            gone += [(new.id, one) for one in was if one not in now]
            come += [(new.id, one) for one in now if one not in was]
        run_many(s, delete, gone)
        run_many(s, insert, come)
        steps.update(map(_ENTITY, come))
        steps.subtract(map(_ENTITY, gone))
        counts.update({(kind, one): step for one, step in steps.items()})
    counts.update(("studio", new.links.studio) for new in scenes if new.links.studio is not None)
    former = (held[new.id] for new in scenes if new.id in held)
    counts.subtract(
        ("studio", one.studio_id) for one in former if one.studio_id is not None and not one.deleted
    )
    return counts


def move_scene_counts(s: Session, counts: Mapping[tuple[str, int], int]) -> None:
    """Move how many live scenes entities have."""
    run_many(
        s,
        "UPDATE entities SET scene_count = scene_count + ? WHERE kind = ? AND id = ?",
        [(step, kind, one) for (kind, one), step in counts.items() if step],
    )


def _remember_missing(s: Session, scenes: Sequence[_New], old: Sequence[int]) -> None:
    """Remember links to entities that are not held, for when these come."""
    run_many(s, "DELETE FROM missing_links WHERE scene_id = ?", [(one,) for one in old])
    run_many(
        s,
        "INSERT INTO missing_links (kind, entity_id, scene_id) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(kind, one, new.id) for new in scenes for kind, one in new.links.missing],
    )


def delete_scenes(
    s: Session, ids: Sequence[int], now: datetime, *, job_n: int | None = None
) -> Counter[str]:
    """Mark live scenes as deleted in Stash; returns what that adds to the job's counts.

    A scene that the same job counted as created was never seen by anybody: it is not counted.
    """
    rows = run(
        s,
        "SELECT id, studio_id, organized, counted, counted_as FROM scenes"
        " WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (to_json(ids),),
    ).all()
    tally: Counter[str] = Counter()
    if not rows:
        return tally
    live = [row[0] for row in rows]
    for row in rows:
        former = row[4] if job_n is not None and row[3] == job_n else None
        if former is not None:
            tally[former] -= 1
        tally["deleted"] += former != CREATED
    counts: Counter[tuple[str, int]] = Counter()
    for kind, _, _ in _LINK_TABLES:
        for linked in links_of(s, kind, to_json(live)).values():
            counts.subtract((kind, one) for one in linked)
    counts.subtract(("studio", row[1]) for row in rows if row[1] is not None)
    run_many(
        s,
        "UPDATE scenes SET deleted_at = ?, stale = 0, counted = NULL WHERE id = ?",
        [(moment_text(now), one) for one in live],
    )
    run_many(
        s,
        "INSERT INTO scene_words (rowid, words) SELECT -rowid, words FROM scene_words"
        " WHERE rowid = ?",
        [(one,) for one in live],
    )
    run_many(s, "DELETE FROM scene_words WHERE rowid = ?", [(one,) for one in live])
    move_scene_counts(s, counts)
    add_to_meta(s, LIVE_SCENES, -len(live))
    add_to_meta(s, LIBRARY_REVISION, int(any(row[2] for row in rows)))
    return tally
