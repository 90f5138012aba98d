"""The library that a sample Stash begins with: made up, neutral, the same for the same seed.

Rules:
- A third of the scenes is organised, by people with steady habits; the rest came in as files do.
- Of each generated scene the truth is kept (`SampleScene.truth`): the demo and its tests may look,
  the sample Stash never tells.
- Times spread over two years, so that no library lies in the future.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from stashhog.demo import words
from stashhog.demo.naming import (
    AMBIGUOUS,
    READABLE,
    TIDY,
    Film,
    Habit,
    dashes,
    likely,
    plain,
    some_height,
)

FIRST_MOMENT = datetime(2022, 3, 1, 8, 0, tzinfo=UTC)
_SPAN_SECONDS = 700 * 86_400
_FIRST_DAY = date(2012, 1, 1)
_DAYS = 3_900
_MANY_SCENES = 1_000


@dataclass(frozen=True, slots=True)
class SampleEntity:
    """A performer, tag or studio."""

    id: int
    name: str
    aliases: tuple[str, ...] = ()
    parent_ids: tuple[int, ...] = ()
    disambiguation: str = ""
    ignore_auto_tag: bool = False


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A video file; `duration` in seconds."""

    path: str
    duration: float
    width: int
    height: int
    frame_rate: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What a scene really is, and whether its file's name says so."""

    studio_id: int
    performer_ids: tuple[int, ...]
    tag_ids: tuple[int, ...]
    title: str
    date: str
    readable: bool


@dataclass(frozen=True, slots=True)
class SampleScene:
    """A scene as Stash knows it, and, where it was generated, the truth."""

    id: int
    files: tuple[SampleFile, ...]
    organized: bool = False
    title: str = ""
    details: str = ""
    date: str | None = None
    studio_id: int | None = None
    performer_ids: tuple[int, ...] = ()
    tag_ids: tuple[int, ...] = ()
    urls: tuple[str, ...] = ()
    truth: Truth | None = None


@dataclass(frozen=True, slots=True)
class SampleLibrary:
    """Everything a sample Stash begins with, by ascending id."""

    performers: Sequence[SampleEntity] = ()
    tags: Sequence[SampleEntity] = ()
    studios: Sequence[SampleEntity] = ()
    scenes: Sequence[SampleScene] = ()

    def moment(self, index: int) -> datetime:
        """When the scene at this place of the list came in."""
        step = max(1, min(86_400, _SPAN_SECONDS // max(1, len(self.scenes))))
        return FIRST_MOMENT + timedelta(seconds=index * step)

    @classmethod
    def from_corpus(cls, path: str | Path) -> SampleLibrary:
        """Read a corpus folder: `library.json` and `scenes.jsonl`.

        Raises:
            OSError: a file is not there.
            ValueError: a file is not what it should be.
        """
        folder = Path(path)
        entities = json.loads((folder / "library.json").read_text(encoding="utf-8"))
        with (folder / "scenes.jsonl").open(encoding="utf-8") as lines:
            scenes = tuple(_corpus_scene(json.loads(line)) for line in lines)
        return cls(
            performers=_corpus_entities(entities["performers"]),
            tags=_corpus_entities(entities["tags"]),
            studios=_corpus_entities(entities["studios"]),
            scenes=scenes,
        )


def _corpus_entities(entries: Iterable[Mapping[str, Any]]) -> tuple[SampleEntity, ...]:
    return tuple(
        SampleEntity(
            id=int(entry["id"]),
            name=entry["name"],
            aliases=tuple(entry["aliases"]),
            parent_ids=_corpus_parents(entry),
            disambiguation=entry.get("disambiguation") or "",
        )
        for entry in entries
    )


def _corpus_parents(entry: Mapping[str, Any]) -> tuple[int, ...]:
    parents = entry.get("parents") or [entry.get("parent_id")]
    return tuple(int(parent) for parent in parents if parent is not None)


def _corpus_scene(entry: Mapping[str, Any]) -> SampleScene:
    files = tuple(
        SampleFile(
            path=file["path"],
            duration=float(file.get("duration") or 1),
            width=file["width"],
            height=file["height"],
            frame_rate=float(file["frame_rate"]),
        )
        for file in entry["files"]
    )
    return SampleScene(
        id=int(entry["id"]),
        files=files,
        organized=entry["organized"],
        title=entry["title"] or "",
        details=entry["details"] or "",
        date=entry["date"],
        studio_id=None if entry["studio"] is None else int(entry["studio"]),
        performer_ids=tuple(map(int, entry["performers"])),
        tag_ids=tuple(map(int, entry["tags"])),
    )


# --- generating ---------------------------------------------------------------------------------


def generate_library(scenes: int = 500, seed: int = 1) -> SampleLibrary:
    """Make a library of so many scenes; performers and studios grow with it."""
    rng = random.Random(seed)  # noqa: S311 - the same library for the same seed
    studios = _studios(max(25, min(300, scenes // 300)))
    performers = _performers(rng, max(120, min(2_400, scenes // 40)))
    tags = _tags()
    scene_rng = random.Random(seed + 1)  # noqa: S311 - as above
    maker = _SceneMaker(scene_rng, studios, performers, tags)
    made = tuple(maker.make(number) for number in range(1, scenes + 1))
    return SampleLibrary(performers, tags, studios, made)


def _studios(count: int) -> tuple[SampleEntity, ...]:
    ids = {name: number for number, (name, _, _) in enumerate(words.STUDIOS, 1)}
    made = [
        SampleEntity(ids[name], name, aliases, (ids[parent],) if parent else ())
        for name, parent, aliases in words.STUDIOS
    ]
    pairs = ((a, b) for b in words.STUDIO_ENDINGS for a in words.STUDIO_BEGINNINGS)
    while len(made) < count:
        beginning, ending = next(pairs)
        made.append(SampleEntity(len(made) + 1, f"{beginning} {ending}"))
    return tuple(made)


def _performers(rng: random.Random, count: int) -> tuple[SampleEntity, ...]:
    made = [
        SampleEntity(number, name, aliases, disambiguation=disambiguation)
        for number, (name, disambiguation, aliases) in enumerate(words.PERFORMERS, 1)
    ]
    pairs = [(first, last) for first in words.FIRST_NAMES for last in words.LAST_NAMES]
    for first, last in rng.sample(pairs, count - len(made)):
        aliases = (f"{first[0]}. {last}",) if likely(rng, 0.1) else ()
        if likely(rng, 0.08):
            aliases = (*aliases, f"{first} {rng.choice(words.LAST_NAMES)}-{last}")
        made.append(SampleEntity(len(made) + 1, f"{first} {last}", aliases))
    return tuple(made)


def _tags() -> tuple[SampleEntity, ...]:
    tree: list[tuple[str, str | None]] = [("Animal", None)]
    for group, animals in words.ANIMALS.items():
        tree += [(group, "Animal"), *((animal, group) for animal in animals)]
    groups = {"Habitat": words.HABITATS, "Season": words.SEASONS, **words.OTHER_TAGS}
    for group, members in groups.items():
        tree += [(group, None), *((member, group) for member in members)]
    ids = {name: number for number, (name, _) in enumerate(tree, 1)}
    return tuple(
        SampleEntity(
            ids[name],
            name,
            words.TAG_ALIASES.get(name, ()),
            (ids[parent],) if parent else (),
            ignore_auto_tag=name in words.IGNORED_TAGS,
        )
        for name, parent in tree
    )


@dataclass(slots=True)
class _SceneMaker:
    rng: random.Random
    studios: Sequence[SampleEntity]
    performers: Sequence[SampleEntity]
    tags: Sequence[SampleEntity]
    tag_ids: dict[str, int] = field(init=False)
    animals: list[str] = field(init=False)
    others: list[str] = field(init=False)
    paths: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tag_ids = {tag.name: tag.id for tag in self.tags}
        self.animals = [animal for group in words.ANIMALS.values() for animal in group]
        self.others = [tag for group in words.OTHER_TAGS.values() for tag in group]

    def make(self, number: int) -> SampleScene:
        """Make a scene: what it is, what its files are called, what Stash knows of it."""
        rng = self.rng
        organized = likely(rng, 1 / 3)
        cast = self._cast()
        studio = self.studios[min(int(rng.expovariate(0.12)), len(self.studios) - 1)]
        day = _FIRST_DAY + timedelta(days=rng.randrange(_DAYS))
        title, details, tag_ids = self._story(cast)
        readable = organized or likely(rng, 0.72)
        film = Film(
            studio=self._written(studio, 0.15),
            performers=tuple(self._written(performer, 0.12) for performer in cast),
            day=day,
            title=title,
            height=some_height(rng),
        )
        files = self._files(film, self._habit(studio, organized=organized, readable=readable))
        truth = Truth(
            studio_id=studio.id,
            performer_ids=tuple(performer.id for performer in cast),
            tag_ids=tag_ids,
            title=title,
            date=str(day),
            readable=readable,
        )
        if organized:
            return self._organized(number, files, details, truth)
        return self._incoming(number, files, details, truth)

    def _cast(self) -> list[SampleEntity]:
        count = self.rng.choices((0, 1, 2, 3), (1, 5, 3, 1))[0]
        last = len(self.performers) - 1
        picks = {min(int(self.rng.expovariate(3 / last)), last) for _ in range(count)}
        return [self.performers[pick] for pick in sorted(picks)]

    def _story(self, cast: Sequence[SampleEntity]) -> tuple[str, str, tuple[int, ...]]:
        rng = self.rng
        said = {
            "adjective": rng.choice(words.ADJECTIVES),
            "habitat": rng.choice(words.HABITATS),
            "season": rng.choice(words.SEASONS),
        }
        said["animal"], said["other"] = rng.sample(self.animals, 2)
        template = rng.choice(words.TITLES)
        who = cast[0].name if cast else "The crew"
        details = rng.choice(words.DETAILS).format(who=who, **said) if likely(rng, 0.5) else ""
        named = [said[slot] for slot in said if slot != "adjective" and f"{{{slot}}}" in template]
        tags = {*named, said["animal"], *rng.sample(self.others, rng.randrange(4))}
        title = template.format(**said)
        return title, details, tuple(sorted(self.tag_ids[tag] for tag in tags))

    def _written(self, entity: SampleEntity, otherwise: float) -> str:
        if entity.aliases and likely(self.rng, otherwise):
            return self.rng.choice(entity.aliases)
        return plain(entity.name) if likely(self.rng, 0.1) else entity.name

    def _habit(self, studio: SampleEntity, *, organized: bool, readable: bool) -> Habit:
        if organized:
            steady = TIDY[studio.id % len(TIDY)]
            return steady if likely(self.rng, 0.85) else dashes
        return self.rng.choice(READABLE if readable else AMBIGUOUS)

    def _files(self, film: Film, habit: Habit) -> tuple[SampleFile, ...]:
        rng = self.rng
        paths = [habit(film, rng)]
        if likely(rng, 0.04):
            paths.append(rng.choice(AMBIGUOUS)(film, rng))
        paths = [self._own_path(path) for path in paths]
        width = film.height * 16 // 9
        return tuple(
            SampleFile(
                path=path,
                duration=round(rng.uniform(240, 5_400), 2),
                width=width + width % 2,
                height=film.height,
                frame_rate=rng.choice((23.98, 25.0, 29.97, 50.0)),
            )
            for path in paths
        )

    def _own_path(self, path: str) -> str:
        """No two files have one path; people then begin to count."""
        stem, _, extension = path.rpartition(".")
        count = 2
        while path in self.paths:
            path = f"{stem}_{count}.{extension}"
            count += 1
        self.paths.add(path)
        return path

    def _organized(
        self, number: int, files: tuple[SampleFile, ...], details: str, truth: Truth
    ) -> SampleScene:
        urls = (f"https://films.example/{number}",) if likely(self.rng, 0.3) else ()
        return SampleScene(
            id=number,
            files=files,
            organized=True,
            title=truth.title,
            details=details,
            date=truth.date,
            studio_id=truth.studio_id,
            performer_ids=truth.performer_ids,
            tag_ids=truth.tag_ids,
            urls=urls,
            truth=truth,
        )

    def _incoming(
        self, number: int, files: tuple[SampleFile, ...], details: str, truth: Truth
    ) -> SampleScene:
        rng = self.rng
        stem = files[0].path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        title = rng.choices(("", stem, truth.title), (17, 2, 1))[0]
        return SampleScene(
            id=number,
            files=files,
            title=title,
            details=details if likely(rng, 0.4) else "",
            studio_id=truth.studio_id if likely(rng, 0.12) else None,
            performer_ids=truth.performer_ids[:1] if likely(rng, 0.1) else (),
            tag_ids=truth.tag_ids[:1] if likely(rng, 0.1) else (),
            truth=truth,
        )
