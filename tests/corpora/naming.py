"""How a scene's file is called, and what its path then gives away."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from anyascii import anyascii

from tests.corpora.habits import Habits
from tests.corpora.words import Language

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ROOTS = ("/data", "/mnt/pool/video", "/srv/media/films", "E:\\Media", "\\\\nas\\video")
MARKS = ("[1080p]", "[WEB-DL 720p]", "(2160p)", "[x265]", "- 720p", "[UHD]")
GROUPS = ("KTR", "AVON", "mint", "R4", "nOVa")


@dataclass(frozen=True, slots=True)
class House:
    """A studio's habits."""

    style: str
    date: str
    form: str
    code: str
    folder: bool
    language: Language
    cast: tuple[int, ...]
    tags: tuple[int, ...]
    habit: tuple[float, ...]


@dataclass(slots=True)
class Named:
    """What may be named in a path."""

    title: str
    day: date
    cast: list[dict[str, Any]]
    strangers: list[str]
    studio: dict[str, Any]


@dataclass(slots=True)
class Shown:
    """What a scene's paths give away."""

    studio: bool = False
    date: bool = False
    title: bool = False
    performers: set[str] = field(default_factory=set)


def file_of(r: Random, habits: Habits, house: House, named: Named, shown: Shown) -> str:
    """A path for a scene; adds to what is shown."""
    style = house.style
    if r.random() > habits.keeps_house_style:
        style = r.choices(list(habits.styles), list(habits.styles.values()))[0]
    writer = _Writer(r, habits, house, named, shown)
    stem = getattr(writer, f"_{style}")()
    if r.random() < 0.15 and style not in ("release", "camel", "opaque"):
        stem = stem.lower()
    if r.random() < habits.slips:
        stem = _slip(r, stem)
    shown.title = shown.title or readable(named.title, stem)
    if habits.junk and r.random() < 0.15:
        stem = r.choice(habits.junk) + stem
    if r.random() < habits.copies:
        stem += r.choice((" (1)", " - Copy", "_2", " copy"))
    if r.random() < 0.05:
        stem = unicodedata.normalize("NFD", stem)
    root = r.choice(ROOTS[3:]) if r.random() < habits.windows else ROOTS[house.code[0] > "m"]
    mark = "\\" if "\\" in root else "/"
    safe = re.sub(r'[\\/:*?"<>|]', "", stem)
    parts = [root, *writer.folders(), f"{safe}.{r.choice(('mp4', 'mkv', 'm4v', 'avi', 'wmv'))}"]
    return mark.join(parts)


def readable(title: str, stem: str) -> bool:
    """Whether a stem has the whole title, letter by letter, with its words apart.

    A title that was written in other letters, or run together where no capital shows its words,
    cannot be told from the stem.
    """
    words = re.findall(r"[^\W_]+", _bare(title))
    text = _bare(stem)
    for found in re.finditer(r"([\W_]*)".join(map(re.escape, words)), text, re.IGNORECASE):
        begins = [found.end(gap) for gap in range(1, len(words))]
        if all(_begins_word(text, at) for at in begins):
            return True
    return False


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text)
    return "".join(char for char in folded if not unicodedata.combining(char))


def _begins_word(text: str, at: int) -> bool:
    before, char = text[at - 1], text[at]
    return not before.isalnum() or char.isupper() or char.isdigit() != before.isdigit()


def _slip(r: Random, text: str) -> str:
    letters = [at for at, char in enumerate(text) if char.isalpha() and at]
    if len(letters) < 4:
        return text
    at = r.choice(letters)
    return r.choice((text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:]))


class _Writer:
    """The styles, each as a method that shows what it uses."""

    def __init__(self, r: Random, habits: Habits, house: House, named: Named, shown: Shown) -> None:
        self.r, self.habits, self.house, self.named, self.shown = r, habits, house, named, shown
        self.plain_letters = r.random() < habits.folded

    def folders(self) -> list[str]:
        """The folders between the root and the file."""
        r, named = self.r, self.named
        out = [r.choice(self.house.language.folders)] if r.random() < 0.3 else []
        if self.house.folder:
            self.shown.studio = True
            out.append(
                r.choice((named.studio["name"], self._spelt(named.studio["name"], self.house.form)))
            )
        elif named.cast and r.random() < self.habits.person_folders:
            out.append(self._person(named.cast[0], plain=True))
        if out and r.random() < 0.2:
            out.append(str(named.day.year))
        if self.habits.depth and not out:
            out = [r.choice(self.house.language.folders)]
        return out

    def _letters(self, text: str) -> str:
        return anyascii(text) if self.plain_letters and not self.house.language.joined else text

    def _spelt(self, name: str, form: str) -> str:
        words = [word for word in re.split(r"[\s'.-]+", name) if word]
        if form == "camel":
            return "".join(word[:1].upper() + word[1:] for word in map(anyascii, words))
        if form == "slug":
            return anyascii("".join(words)).lower()
        return name

    def studio(self, form: str | None = None) -> str:
        """The studio's name, as its house writes it."""
        studio = self.named.studio
        self.shown.studio = True
        form = form or self.house.form
        if form == "alias" and studio["aliases"]:
            return str(studio["aliases"][0])
        return self._letters(self._spelt(studio["name"], form))

    def day(self, written: str | None = None) -> str:
        """The date."""
        day = self.named.day
        self.shown.date = True
        written = written or self.house.date
        return written.format(
            y=day.year, yy=f"{day.year % 100:02d}", m=f"{day.month:02d}", d=f"{day.day:02d}",
            M=MONTHS[day.month - 1],
        )  # fmt: skip

    def title(self) -> str:
        """The title."""
        return self._letters(self.named.title)

    def _person(self, performer: dict[str, Any], *, plain: bool = False) -> str:
        r = self.r
        name = str(performer["name"])
        if not plain and " " in name:
            kind = r.random()
            if kind < 0.05:
                return name.split(maxsplit=1)[0]
            if kind < 0.08:
                self.shown.performers.add(performer["id"])
                return f"{name[0]}. {name.split(' ', 1)[1]}"
        if performer["aliases"] and r.random() < 0.25:
            name = performer["aliases"][0]
        self.shown.performers.add(performer["id"])
        return self._letters(name)

    def cast(self, glue: str | None = None) -> str:
        """The performers, and those whom the library lacks."""
        names = [self._person(performer) for performer in self.named.cast] + self.named.strangers
        return (glue or self.r.choice((", ", " & ", " and ", " + "))).join(names)

    def mark(self) -> str:
        """A technical mark, sometimes."""
        return f" {self.r.choice(MARKS)}" if self.r.random() < self.habits.marks else ""

    def _release(self) -> str:
        text = f"{self.studio('camel')} {self.day('{yy} {m} {d}')} {self.cast(' and ')} {self.title()} 1080p WEB-DL"
        return re.sub(r"[^\w-]+", ".", text) + f"-{self.r.choice(GROUPS)}"

    def _dashdate(self) -> str:
        return f"{self.studio()} - {self.day()} - {self.title()}{self.mark()}"

    def _tail_date(self) -> str:
        return f"{self.title()} ({self.studio()}, {self.day()})"

    def _bracket(self) -> str:
        parts = [f"[{self.studio()}]", self.cast(), "-", self.title(), f"({self.day()})"]
        return " ".join(part for part in parts if part) + self.mark()

    def _cast_title(self) -> str:
        return " - ".join(part for part in (self.cast(), self.title()) if part) + self.mark()

    def _title_cast(self) -> str:
        return " - ".join(part for part in (self.title(), self.cast()) if part) + self.mark()

    def _underscore(self) -> str:
        parts = [self.studio() if self.r.random() < 0.6 else "", self.cast("_"), self.title()]
        return re.sub(r"\s+", "_", "_".join(part for part in parts if part)).lower()

    def _slug(self) -> str:
        parts = [self.studio("slug") if self.r.random() < 0.5 else "", self.cast(" "), self.title()]
        return re.sub(
            r"[^\w]+", "-", anyascii(" ".join(part for part in parts if part)).lower()
        ).strip("-")

    def _camel(self) -> str:
        words = re.split(r"[^\w]+", f"{self.cast(' ')} {self.title()}")
        return "".join(word[:1].upper() + word[1:] for word in words)

    def _code(self) -> str:
        self.shown.studio = True
        return f"{self.house.code}{self.r.randrange(1, 9999):04d}_{self.cast('_').replace(' ', '_').lower()}"

    def _cast_date(self) -> str:
        return f"{self.cast()} {self.day()}"

    def _cast_only(self) -> str:
        return self.cast() or str(self.r.randrange(1000))

    def _title_only(self) -> str:
        return self.title() + self.mark()

    def _last_first(self) -> str:
        names = []
        for performer in self.named.cast:
            name = self._person(performer, plain=True)
            first, _, last = name.partition(" ")
            names.append(f"{last}, {first}" if last else name)
        return " - ".join(part for part in (" & ".join(names), self.title()) if part)

    def _opaque(self) -> str:
        return self.r.choice(
            (f"{self.r.getrandbits(64):016x}", f"IMG_{self.r.randrange(9999):04d}", "video")
        )

    def _episode(self) -> str:
        return f"{self.studio()} S{self.r.randrange(1, 9):02d}E{self.r.randrange(1, 30):02d} {self.title()}{self.mark()}"
