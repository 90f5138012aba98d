"""How a made library is named: its languages, styles, folders and slips, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.corpora.words import LANGUAGES

STYLES = (
    "release", "dashdate", "bracket", "cast_title", "underscore", "slug", "camel", "code", "cast_date", "cast_only",
    "title_only", "last_first", "opaque", "title_cast", "tail_date", "episode",
)  # fmt: skip
DATES = (
    "{y}-{m}-{d}", "{yy}.{m}.{d}", "{d}.{m}.{y}", "{m}-{d}-{y}", "{y}.{m}.{d}", "{y}{m}{d}", "{d}-{m}-{yy}",
    "{yy}{m}{d}", "{y}_{m}_{d}", "{d} {M} {y}", "{M} {d}, {y}", "{y}年{m}月{d}日",
)  # fmt: skip
LATIN = ("en", "de", "fr", "es", "pt", "pl", "cs", "tr", "vi")


@dataclass(frozen=True, slots=True)
class Habits:
    """What is drawn once for a whole library; shares are from 0 to 1."""

    languages: tuple[str, ...]
    scenes: int
    performers: int
    studios: int
    organized: float
    styles: dict[str, float]
    dates: tuple[str, ...]
    windows: float
    depth: int
    studio_folders: float
    person_folders: float
    keeps_house_style: float
    slips: float
    folded: float
    mononyms: float
    aliases: float
    unknown: float
    noise: float
    copies: float
    marks: float
    junk: tuple[str, ...]
    several: float
    filled: float
    details: float
    romanised: float


def habits(seed: int, *, scenes: int | None = None, organized: float | None = None) -> Habits:
    """Draw a library's habits."""
    r = Random(f"habits {seed}")
    first = list(LANGUAGES)[seed % len(LANGUAGES)]
    languages = tuple(dict.fromkeys((first, *r.choices(list(LANGUAGES), k=r.randrange(0, 4)))))
    if not set(languages) & set(LATIN) or r.random() < 0.5:
        languages = (*languages, "en") if "en" not in languages else languages
    wanted = r.sample(STYLES, r.randrange(7, len(STYLES) + 1))
    size = scenes or r.choice((400, 800, 1500, 2500))
    return Habits(
        languages=languages,
        scenes=size,
        performers=r.randrange(max(40, size // 6), max(60, size // 2)),
        studios=r.randrange(max(12, size // 60), max(24, size // 15)),
        organized=r.choice((0.2, 0.4, 0.6, 0.8)) if organized is None else organized,
        styles={style: r.uniform(0.3, 3.0) for style in wanted},
        dates=tuple(r.sample(DATES, r.randrange(3, 8))),
        windows=r.choice((0.0, 0.0, 0.3, 1.0)),
        depth=r.randrange(0, 3),
        studio_folders=r.uniform(0.1, 0.7),
        person_folders=r.uniform(0.0, 0.4),
        keeps_house_style=r.uniform(0.5, 0.95),
        slips=r.uniform(0.0, 0.05),
        folded=r.uniform(0.1, 0.7),
        mononyms=r.uniform(0.02, 0.1),
        aliases=r.uniform(0.1, 0.5),
        unknown=r.uniform(0.02, 0.12),
        noise=r.uniform(0.0, 0.05),
        copies=r.uniform(0.0, 0.08),
        marks=r.uniform(0.1, 0.7),
        junk=tuple(r.sample(_JUNK, r.randrange(0, 4))),
        several=r.uniform(0.0, 0.08),
        filled=r.uniform(0.05, 0.3),
        details=r.uniform(0.0, 0.4),
        romanised=r.choice((0.0, 0.3, 1.0)),
    )


_JUNK = ("[site.example] ", "www.films-depot.example - ", "NEW_", "zz ", "(HD) ", "@channel ")
