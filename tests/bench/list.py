"""P3: lists at 100,000 scenes beside the bare SQL query and its JSON.

`python -m tests.bench list [--scenes N] [--rounds N] [--keep FOLDER]`. The rows are generated; a
folder that is kept is used again. Exit code 1 where a list misses its figure.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import trio

from stashhog.core import interpreter
from stashhog.core.config import DatabaseSettings
from stashhog.core.pagination import PaginationParams, SortKey
from stashhog.db import Database, open_database
from stashhog.db.connections import connect, pragma
from stashhog.db.entity_writes import save_entities
from stashhog.db.scene_writes import take_scenes
from stashhog.db.scenes import SceneFilters, list_scenes
from stashhog.domain.jobs import SyncSubmission
from stashhog.domain.library import ENTITY_KINDS, Entity, EntityKind, Fingerprint, Scene, SceneFile

RATIO = 3.0
LIMIT_MS = 60.0
PAGE = 50
BATCH = 500
START = datetime(2020, 1, 1, tzinfo=UTC)
KINDS: dict[EntityKind, int] = {"performer": 2000, "tag": 800, "studio": 300}
WORDS = [
    "amber", "basin", "cedar", "delta", "ember", "fjord", "glade", "harbour",
    "island", "juniper", "kestrel", "lagoon", "meadow", "north", "orchard", "prairie",
    "quarry", "river", "summit", "tundra", "upland", "valley", "willow", "zephyr",
    "lantern", "marble", "copper", "silver", "evening", "morning", "winter", "summer",
    "autumn", "spring", "bridge", "garden", "window", "mirror", "candle", "feather",
]  # fmt: skip


# --- the rows -----------------------------------------------------------------------------------


def generated_entities(kind: EntityKind, chance: random.Random) -> list[Entity]:
    """Entities with names of two or three words."""
    return [
        Entity(kind, str(number), f"{' '.join(chance.choices(WORDS, k=2)).title()} {number}")
        for number in range(1, KINDS[kind] + 1)
    ]


def generated_scenes(count: int, chance: random.Random) -> Iterator[Scene]:
    """Scenes as a library has them: some performers and tags are everywhere, most are rare."""

    def popular(limit: int) -> str:
        return str(1 + int(limit * chance.random() ** 3))

    for number in range(1, count + 1):
        made = START + timedelta(minutes=number * 7 + chance.randrange(5))
        words = " ".join(chance.choices(WORDS, k=5))
        path = f"/library/{chance.choice(WORDS)}/{words.replace(' ', '.')}.{number}.mp4"
        file = SceneFile(
            str(number),
            path,
            chance.randrange(10**7, 10**9),
            chance.uniform(60, 3600),
            1920,
            1080,
            "h264",
            29.97,
            (Fingerprint("oshash", f"{chance.getrandbits(64):016x}"),),
        )
        yield Scene(
            id=str(number),
            title=words if chance.random() < 0.7 else None,
            details=" ".join(chance.choices(WORDS, k=30)) if chance.random() < 0.3 else None,
            date=str(made.date()) if chance.random() < 0.6 else None,
            rating100=None,
            organized=chance.random() < 0.3,
            studio_id=popular(KINDS["studio"]) if chance.random() < 0.7 else None,
            performer_ids=tuple({popular(KINDS["performer"]) for _ in range(3)}),
            tag_ids=tuple({popular(KINDS["tag"]) for _ in range(8)}),
            files=(file,),
            urls=(),
            created_at=made,
            updated_at=made,
            updated_at_text=made.isoformat(),
        )


async def fill(db: Database, count: int) -> None:
    """Write entities and scenes; prints what a page of scenes costs."""
    chance = random.Random(7)
    await db.jobs.insert("bench", SyncSubmission("full"), START)
    for kind in ENTITY_KINDS:
        await db.write(save_entities, "bench", kind, generated_entities(kind, chance))
    took: list[float] = []
    page: list[Scene] = []
    for scene in generated_scenes(count, chance):
        page.append(scene)
        if len(page) == BATCH or int(scene.id) == count:
            before = time.perf_counter()
            await db.write(take_scenes, page, START)
            took.append((time.perf_counter() - before) * 1000)
            page = []
    print(f"pages of {BATCH} scenes: {_figures(took)}")


# --- the bare query -----------------------------------------------------------------------------

_COLUMNS = """
    id, title, details, date, organized, rating100, studio_id,
    (SELECT name FROM entities WHERE kind = 'studio' AND id = studio_id),
    created_at, updated_at, read_at, urls
"""
_NEWEST = "ORDER BY created_at DESC, id DESC"
_TWO_WORDS = "id IN (SELECT rowid FROM scene_words WHERE scene_words MATCH 'harbour winter')"
_LINKED = (
    "id IN (SELECT scene_id FROM scene_tags WHERE tag_id = 5)"
    " AND id IN (SELECT scene_id FROM scene_performers WHERE performer_id = 40)"
)


def bare(connection: sqlite3.Connection, where: str, order: str, offset: int) -> bytes:
    """Count, one page, its links and its files; as JSON."""
    total = connection.execute(
        f"SELECT count(*) FROM scenes WHERE deleted_at IS NULL AND {where}"  # noqa: S608 - constants
    ).fetchone()[0]
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM scenes WHERE deleted_at IS NULL AND {where} {order}"  # noqa: S608 - constants
        " LIMIT ? OFFSET ?",
        (PAGE, offset),
    ).fetchall()
    items = {row[0]: {"row": row, "performers": [], "tags": [], "files": []} for row in rows}
    ids = orjson.dumps(list(items)).decode()
    for name, statement in _SIDES.items():
        for side in connection.execute(statement, (ids,)):
            items[side[0]][name].append(side[1:])
    return orjson.dumps({"total": total, "items": list(items.values())})


_SIDES = {
    "performers": "SELECT l.scene_id, e.id, e.name FROM scene_performers AS l"
    " CROSS JOIN entities AS e ON e.kind = 'performer' AND e.id = l.performer_id"
    " WHERE l.scene_id IN (SELECT value FROM json_each(?))",
    "tags": "SELECT l.scene_id, e.id, e.name FROM scene_tags AS l"
    " CROSS JOIN entities AS e ON e.kind = 'tag' AND e.id = l.tag_id"
    " WHERE l.scene_id IN (SELECT value FROM json_each(?))",
    "files": "SELECT scene_id, id, path, size, duration, width, height, video_codec, frame_rate,"
    " fingerprints FROM files WHERE scene_id IN (SELECT value FROM json_each(?))",
}


# --- measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A list, and the bare query that says the same."""

    name: str
    filters: SceneFilters
    params: PaginationParams
    where: str = "1"
    offset: int = 0
    sort: SortKey | None = None
    order: str = _NEWEST


def cases(count: int) -> list[Case]:
    """What P3 names, and what lies beside it."""
    deep = max(1, min(1000, count // PAGE))
    offset = (deep - 1) * PAGE
    by_title = "ORDER BY title_key ASC NULLS LAST, id ASC"
    return [
        Case("first page", SceneFilters(), PaginationParams(1, PAGE)),
        Case(f"page {deep}", SceneFilters(), PaginationParams(deep, PAGE), offset=offset),
        Case(
            f"page {deep} by title", SceneFilters(), PaginationParams(deep, PAGE), offset=offset,
            sort=SortKey("title"), order=by_title,
        ),
        Case("two words", SceneFilters(q="harbour winter"), PaginationParams(1, PAGE), _TWO_WORDS),
        Case(
            "tag + performer", SceneFilters(tag_id=("5",), performer_id=("40",)),
            PaginationParams(1, PAGE), _LINKED,
        ),
        Case(
            "common tag", SceneFilters(tag_id=("1",)), PaginationParams(1, PAGE),
            "id IN (SELECT scene_id FROM scene_tags WHERE tag_id = 1)",
        ),
        Case("no studio", SceneFilters(missing=("studio",)), PaginationParams(1, PAGE),
             "studio_id IS NULL"),
        Case("not analysed", SceneFilters(analyzed=False, organized=False),
             PaginationParams(1, PAGE), "analyzed = 0 AND organized = 0"),
    ]  # fmt: skip


async def measure(db: Database, count: int, rounds: int) -> bool:
    """Print each list beside its bare query; returns whether all hold their figures."""
    held = True
    with closing(connect(db.path, mode="ro")) as connection:
        pragma(connection, "query_only=ON", "cache_size=-4096")
        for case in cases(count):
            ours, theirs = [], []
            for number in range(rounds + 3):
                before = time.perf_counter()
                page = await db.read(list_scenes, case.filters, case.params, case.sort)
                orjson.dumps({"items": page.items, "total": page.total})
                between = time.perf_counter()
                bare(connection, case.where, case.order, case.offset)
                if number >= 3:
                    ours.append((between - before) * 1000)
                    theirs.append((time.perf_counter() - between) * 1000)
            ratio = _p95(ours) / _p95(theirs)
            good = ratio <= RATIO and max(ours) <= LIMIT_MS
            held = held and good
            print(
                f"{case.name:20} {page.total:7} found  ours {_figures(ours)}  "
                f"bare {_figures(theirs)}  ratio {ratio:.2f}{'' if good else '  TOO SLOW'}"
            )
        await _cursor_walk(db, rounds)
    return held


async def _cursor_walk(db: Database, rounds: int) -> None:
    cursor: str | None = None
    took: list[float] = []
    for _ in range(rounds):
        before = time.perf_counter()
        params = PaginationParams(1, PAGE, cursor)
        page = await db.read(list_scenes, SceneFilters(), params, SortKey("title"))
        took.append((time.perf_counter() - before) * 1000)
        cursor = page.next_cursor
    print(f"{'by cursor':20} {'':13}  ours {_figures(took)}")


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _figures(values: Sequence[float]) -> str:
    return f"p50 {statistics.median(values):6.2f} p95 {_p95(values):6.2f} ms"


async def _main(folder: Path, count: int, rounds: int) -> bool:
    fresh = not (folder / "stashhog.db").exists()
    async with open_database(folder, DatabaseSettings()) as db:
        if fresh:
            await fill(db, count)
        interpreter.keep_for_good()  # as the service does
        return await measure(db, count, rounds)


def run(argv: Sequence[str]) -> int:
    """Run the benchmark; 1 where a list misses its figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench list")
    parser.add_argument("--scenes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder to fill once and use again")
    options = parser.parse_args(argv)
    start: Callable[..., Any] = trio.run
    if options.keep is not None:
        return int(not start(_main, options.keep, options.scenes, options.rounds))
    with tempfile.TemporaryDirectory() as folder:
        return int(not start(_main, Path(folder), options.scenes, options.rounds))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
