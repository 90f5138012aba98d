"""Labelled libraries of other makes than those that the shipped numbers were fitted on.

`python -m tests.corpora FOLDER SEED… [--scenes N] [--organized SHARE]` writes each as
`FOLDER/SEED/{library.json,scenes.jsonl,truth.jsonl}`, in the form that `tests.bench.accuracy` reads. The
same seed makes the same library, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from anyascii import anyascii
from faker import Faker

from tests.corpora.habits import Habits, habits
from tests.corpora.naming import House, Named, Shown, file_of
from tests.corpora.words import LANGUAGES, Language

FIRST_DAY = date(2008, 1, 1)
DAYS = 6000
WIDTHS = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))


@dataclass(slots=True)
class Made:
    """A library with its answers, as rows of the three files."""

    library: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    scenes: list[dict[str, Any]] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the three files."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "library.json").write_text(json.dumps(self.library, ensure_ascii=False))
        for name, rows in (("scenes", self.scenes), ("truth", self.truth)):
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(lines)


class _Maker:
    """One library while it is made."""

    def __init__(self, seed: int, drawn: Habits) -> None:
        self.r = Random(f"library {seed}")
        self.habits = drawn
        self.languages = [LANGUAGES[name] for name in drawn.languages]
        self.fakers = {}
        for language in self.languages:
            self.fakers[language.locale] = Faker(language.locale)
            self.fakers[language.locale].seed_instance(seed)
        self.used: set[str] = set()
        self.paths: set[str] = set()
        self.performers = [self._performer(at) for at in range(1, drawn.performers + 1)]
        self.tags: list[dict[str, Any]] = []
        for language in self.languages:
            self._tags(language)
        self.studios = [self._studio(at) for at in range(1, drawn.studios + 1)]
        self.houses = {studio["id"]: self._house(studio) for studio in self.studios}
        popular = [self.r.paretovariate(0.9) for _ in self.studios]
        self.popular = dict(zip((s["id"] for s in self.studios), popular, strict=True))

    def _language(self) -> Language:
        weights = [3.0, *(1.0 for _ in self.languages[1:])]
        return self.r.choices(self.languages, weights)[0]

    def person(self) -> tuple[str, str]:
        """A name, and the same name in Latin letters."""
        language = self._language()
        faker = self.fakers[language.locale]
        if language.joined:
            family, given = faker.last_name(), faker.first_name()
            return family + given, f"{anyascii(family)} {anyascii(given)}".title()
        name = f"{faker.first_name()} {faker.last_name()}"
        if self.r.random() < 0.03:
            name = f"{name[0]}. {name.split(' ', 1)[1]}"
        return name, anyascii(name) if language.locale in ("ru_RU", "el_GR") else name

    def _performer(self, at: int) -> dict[str, Any]:
        r = self.r
        for _ in range(50):
            name, latin = self.person()
            if r.random() < self.habits.mononyms:
                name = latin = (
                    r.choice(self._language().nouns) if r.random() < 0.8 else name.split()[0]
                )
            if name not in self.used:
                break
        self.used.add(name)
        aliases: list[str] = []
        if latin != name:
            if r.random() < self.habits.romanised:
                aliases.append(latin)
            elif r.random() < 0.3:
                name = latin
        elif r.random() < self.habits.aliases and " " in name:
            aliases.append(
                r.choice(
                    (
                        anyascii(name),
                        name.replace(" ", ""),
                        f"{name.split()[0]} {self.person()[0].split()[-1]}",
                    )
                )
            )
        aliases = [alias for alias in aliases if alias != name and alias not in self.used]
        self.used.update(aliases)
        return {"id": str(at), "name": name, "aliases": aliases, "disambiguation": ""}

    def _tags(self, language: Language) -> None:
        known = {tag["name"] for tag in self.tags}
        parent = None
        for noun in language.nouns:
            if noun in known:
                continue
            identity = str(len(self.tags) + 1)
            aliases = [noun + "s"] if language.locale == "en_GB" and self.r.random() < 0.1 else []
            parents = [parent] if parent and self.r.random() < 0.4 else []
            self.tags.append({"id": identity, "name": noun, "aliases": aliases, "parents": parents})
            if self.r.random() < 0.2:
                parent = identity
            if self.r.random() < 0.5:
                compound = (
                    language.titles[0]
                    .replace("{a}", self.r.choice(language.adjectives))
                    .replace("{n}", noun)
                )
                for article in ("The ", "Die ", "La ", "A "):
                    compound = compound.removeprefix(article)
                self.tags.append(
                    {
                        "id": str(len(self.tags) + 1),
                        "name": compound,
                        "aliases": [],
                        "parents": [identity],
                    }
                )

    def _studio(self, at: int) -> dict[str, Any]:
        r = self.r
        for tries in range(200):
            language = self._language()
            glue = "" if language.joined else " "
            kind = r.random()
            if kind < 0.12:
                name = r.choice(language.studios)
            elif kind < 0.2:
                name = glue.join((r.choice(language.nouns), r.choice(language.ends)))
            elif kind < 0.25:
                name = r.choice(language.nouns)
            else:
                name = glue.join((r.choice(language.studios), r.choice(language.ends)))
            if tries > 100:
                name = f"{name} {tries}"
            if name not in self.used:
                break
        self.used.add(name)
        aliases = []
        if r.random() < 0.4:
            parts = name.split()
            aliases.append(
                r.choice(
                    (
                        anyascii(name).title(),
                        "".join(parts),
                        "".join(p[0] for p in parts).upper() if len(parts) > 2 else "".join(parts),
                    )
                )
            )
        aliases = [alias for alias in aliases if alias != name and alias not in self.used]
        self.used.update(aliases)
        parent = str(r.randrange(1, at)) if at > 5 and r.random() < 0.3 else None
        return {"id": str(at), "name": name, "parent_id": parent, "aliases": aliases}

    def _house(self, studio: dict[str, Any]) -> House:
        r, drawn = self.r, self.habits
        language = self._language()
        return House(
            style=r.choices(list(drawn.styles), list(drawn.styles.values()))[0],
            date=r.choice(drawn.dates),
            form=r.choice(("full", "full", "camel", "slug", "alias", "code")),
            code="".join(r.choice("bcdfghklmnprstvz") for _ in range(3)),
            folder=r.random() < drawn.studio_folders,
            language=language,
            cast=tuple(r.sample(range(len(self.performers)), min(len(self.performers), r.randrange(3, 12)))),
            tags=tuple(r.sample(range(len(self.tags)), min(len(self.tags), r.randrange(3, 9)))),
            habit=tuple(r.betavariate(0.7, 0.8) for _ in range(9)),
        )  # fmt: skip

    def scene(self, at: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """One scene and its answers."""
        r, drawn = self.r, self.habits
        studio = r.choices(self.studios, list(self.popular.values()))[0]
        house = self.houses[studio["id"]]
        unknown_studio = r.random() < drawn.unknown / 2
        named_title, title_tags = self._title(house)
        cast = self._cast(house)
        strangers = [self.person()[0]] if r.random() < drawn.unknown else []
        day = FIRST_DAY + timedelta(days=r.randrange(DAYS))
        organized = r.random() < drawn.organized
        shown = Shown()
        named = Named(
            title=named_title, day=day, cast=[self.performers[c] for c in cast], strangers=strangers,
            studio={"id": "", "name": f"{self.person()[0].split()[0]} {r.choice(house.language.ends)}", "aliases": []}
            if unknown_studio else studio,
        )  # fmt: skip
        paths = [file_of(r, drawn, house, named, shown)]
        if r.random() < drawn.several:
            paths.insert(r.randrange(2), file_of(r, drawn, house, named, shown))
        truth_studio = None if unknown_studio else studio["id"]
        tags = self._tags_of(house, title_tags)
        width = r.choice(WIDTHS)
        truth = {
            "id": str(at), "studio": truth_studio, "performers": sorted((named.cast[c]["id"] for c in range(len(cast))), key=int),
            "tags": tags, "title": named_title, "date": day.isoformat(), "details_clean": None,
            "evidence": {
                "tags_in_title": [self.tags[t]["id"] for t in title_tags],
                "studio": shown.studio and not unknown_studio,
                "performers": sorted(shown.performers, key=int),
                "date": shown.date, "title": shown.title,
            },
            "unknown_performers": strangers, "unknown_studio": named.studio["name"] if unknown_studio else None,
        }  # fmt: skip
        files = [
            {
                "path": p,
                "width": width[0],
                "height": width[1],
                "frame_rate": 25,
                "duration": 60 + at % 900,
            }
            for p in map(self._own_path, paths)
        ]
        return {
            "id": str(at),
            "organized": organized,
            "files": files,
            **self._held(truth, organized),
        }, truth

    def _own_path(self, path: str) -> str:
        """The path, or one beside it where another file lies there."""
        stem, dot, extension = path.rpartition(".")
        number = 1
        while path.lower() in self.paths:
            number += 1
            path = f"{stem} ({number}){dot}{extension}"
        self.paths.add(path.lower())
        return path

    def _held(self, truth: dict[str, Any], organized: bool) -> dict[str, Any]:
        """What Stash holds of the truth."""
        r, drawn = self.r, self.habits
        if organized:
            slip = drawn.noise
            held = {
                "title": truth["title"], "date": truth["date"],
                "studio": None if r.random() < slip else truth["studio"],
                "performers": [p for p in truth["performers"] if r.random() >= slip],
                "tags": [t for t in truth["tags"] if r.random() >= slip],
            }  # fmt: skip
        else:
            some = drawn.filled
            held = {
                "title": truth["title"] if r.random() < some else None,
                "date": truth["date"] if r.random() < some else None,
                "studio": truth["studio"] if r.random() < some else None,
                "performers": truth["performers"] if r.random() < some else [],
                "tags": [t for t in truth["tags"] if r.random() < some / 2],
            }
        told = None
        if r.random() < drawn.details:
            names = " & ".join(self.performers[int(p) - 1]["name"] for p in truth["performers"])
            told = f"{names}: {truth['title']}." if names else truth["title"]
        return {**held, "details": told}

    def _title(self, house: House) -> tuple[str, list[int]]:
        r = self.r
        language = house.language
        text = r.choice(language.titles)
        pool = [at for at, tag in enumerate(self.tags) if tag["name"] in language.nouns] or [0]
        chosen: list[int] = []
        while "{n}" in text:
            at = r.choice(pool)
            text = text.replace("{n}", self.tags[at]["name"], 1)
            chosen.append(at)
        text = text.replace("{a}", r.choice(language.adjectives))
        if r.random() < 0.05 and self.studios:
            text = f"{text} ({r.choice(self.studios)['name']})"
        return text, sorted(set(chosen))

    def _cast(self, house: House) -> list[int]:
        r = self.r
        size = r.choices((0, 1, 2, 3, 4), (1, 10, 6, 2, 1))[0]
        pool = list(house.cast) if r.random() < 0.8 else list(range(len(self.performers)))
        return r.sample(pool, min(size, len(pool)))

    def _tags_of(self, house: House, named: list[int]) -> list[str]:
        r = self.r
        wanted = {at for at in named if r.random() < 0.95}
        wanted.update(
            tag for tag, p in zip(house.tags, house.habit, strict=False) if r.random() < p
        )
        wanted.update(r.randrange(len(self.tags)) for _ in range(r.randrange(3)))
        return [self.tags[at]["id"] for at in sorted(wanted)]


def make(seed: int, *, scenes: int | None = None, organized: float | None = None) -> Made:
    """Make one library."""
    drawn = habits(seed, scenes=scenes, organized=organized)
    maker = _Maker(seed, drawn)
    made = Made({"studios": maker.studios, "performers": maker.performers, "tags": maker.tags})
    for at in range(1, drawn.scenes + 1):
        scene, truth = maker.scene(at)
        made.scenes.append(scene)
        made.truth.append(truth)
    return made
