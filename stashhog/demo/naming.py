"""How people name the files of the sample library: one function for each habit.

Rules:
- A habit makes a path from what a film is; how much of that can be read back from it varies, as it
  does on real disks.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from stashhog.demo.words import RELEASE_GROUPS

_HEIGHTS = (480, 720, 1080, 2160)
_EXTENSIONS = ("mp4", "mkv", "mp4", "avi", "mov", "webm", "wmv")


@dataclass(frozen=True, slots=True)
class Film:
    """What a film is; names as they would be written on it."""

    studio: str
    performers: tuple[str, ...]
    day: date
    title: str
    height: int


Habit = Callable[[Film, random.Random], str]


def likely(rng: random.Random, share: float) -> bool:
    """True that often, of 1."""
    return rng.random() < share


def plain(text: str) -> str:
    """Without accents, for those who cannot type them."""
    text = text.translate(str.maketrans("ŁłØøÅå", "LlOoAa"))
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _joined(text: str) -> str:
    return re.sub(r"[^\w]+", "", text)


def _words(text: str, mark: str) -> str:
    return mark.join(re.findall(r"[\w]+", plain(text)))


def _people(film: Film, glue: str = ", ") -> str:
    return glue.join(film.performers)


def _extension(rng: random.Random) -> str:
    return rng.choice(_EXTENSIONS)


def _place(rng: random.Random) -> str:
    return "/media/" + rng.choice(("inbox", "inbox", "inbox/new", "old drive/Video", "unsorted"))


def dashes(film: Film, rng: random.Random) -> str:
    """Studio - date - people - title."""
    name = " - ".join(filter(None, (film.studio, str(film.day), _people(film), film.title)))
    return f"/media/library/{film.studio}/{film.day.year}/{name}.{_extension(rng)}"


def release(film: Film, rng: random.Random) -> str:
    """Studio.yy.mm.dd.people.title, as groups release it."""
    people = ".and.".join(_words(name, ".") for name in film.performers)
    parts = [_joined(plain(film.studio)), f"{film.day:%y.%m.%d}", people, _words(film.title, ".")]
    tail = f"{film.height}p.WEB-DL.x265-{rng.choice(RELEASE_GROUPS)}"
    name = ".".join([*filter(None, parts), tail])
    name = name.lower() if likely(rng, 0.4) else name
    return f"/media/inbox/{name}/{name}.mkv" if likely(rng, 0.3) else f"/media/inbox/{name}.mkv"


def brackets(film: Film, rng: random.Random) -> str:
    """[Studio] People - Title (date) [height]."""
    people = _people(film, " & ")
    lead = f"{people} - " if people else ""
    name = f"[{_joined(film.studio)}] {lead}{film.title} ({film.day:%Y.%m.%d}) [{film.height}p]"
    return f"{_place(rng)}/{name}.{_extension(rng)}"


def person_folder(film: Film, rng: random.Random) -> str:
    """In the folder of the first performer."""
    who = film.performers[0] if film.performers else "Various"
    name = f"{film.title} ({film.day.year})"
    if likely(rng, 0.5):
        name = f"{film.studio} - {film.title} - {film.day}"
    return f"/media/library/People/{who}/{name}.{_extension(rng)}"


def last_first(film: Film, rng: random.Random) -> str:
    """Last, First & Last, First - Title."""
    turned = (" ".join(name.split()[-1:]) for name in film.performers)
    firsts = (" ".join(name.split()[:-1]) for name in film.performers)
    people = " & ".join(", ".join(filter(None, pair)) for pair in zip(turned, firsts, strict=True))
    return f"{_place(rng)}/{people + ' - ' if people else ''}{film.title}.{_extension(rng)}"


def camel(film: Film, rng: random.Random) -> str:
    """PeopleRunTogether_TitleToo_Studio."""
    parts = [_joined(plain(name)) for name in (*film.performers, film.title.title(), film.studio)]
    return f"{_place(rng)}/{'_'.join(parts)}.{_extension(rng)}"


def underscores(film: Film, rng: random.Random) -> str:
    """people_and_title_in_small_letters."""
    parts = [_words(name, "_") for name in (*film.performers, film.title)]
    return f"{_place(rng)}/{'_'.join(parts).lower()}_{film.height}p.{_extension(rng)}"


def movie(film: Film, rng: random.Random) -> str:
    """Title (year), in a folder of the same name under the studio's."""
    name = f"{film.title} ({film.day.year}) {film.height}p"
    return f"/media/library/{_joined(film.studio)}/{name}/{name}.{_extension(rng)}"


def date_first(film: Film, rng: random.Random) -> str:
    """20190321 title, by day, month, year or the other way round."""
    form = rng.choice(("%Y%m%d", "%d-%m-%Y", "%Y_%m_%d", "%d.%m.%y"))
    name = f"{film.day.strftime(form)} {film.title}"
    return f"/media/library/{film.studio}/{name}.{_extension(rng)}"


def first_names(film: Film, rng: random.Random) -> str:
    """First names only: who that is, the folder may tell, or not."""
    people = " + ".join(name.split()[0] for name in film.performers)
    return f"{_place(rng)}/{people} {film.title.lower()}.{_extension(rng)}"


def title_only(film: Film, rng: random.Random) -> str:
    """Nothing but a title, cut short now and then."""
    title = film.title if likely(rng, 0.7) else film.title[: max(8, len(film.title) // 2)].strip()
    return f"{_place(rng)}/{title}.{_extension(rng)}"


def opaque(film: Film, rng: random.Random) -> str:
    """What the camera or a downloader called it."""
    name = rng.choice(
        (
            f"{rng.getrandbits(64):016x}",
            f"VID_{film.day:%Y%m%d}_{rng.randrange(10**6):06d}",
            f"DSC{rng.randrange(10**4):04d}",
            f"{rng.randrange(10**5):05d}",
            f"final cut {rng.randrange(1, 9)} copy",
        )
    )
    return f"{_place(rng)}/{name}.{_extension(rng)}"


TIDY: tuple[Habit, ...] = (dashes, movie, person_folder, brackets, date_first)
READABLE: tuple[Habit, ...] = (
    dashes, dashes, release, release, release, brackets, brackets, person_folder, last_first,
    camel, underscores, movie, date_first,
)  # fmt: skip
AMBIGUOUS: tuple[Habit, ...] = (first_names, title_only, title_only, opaque, opaque)


def some_height(rng: random.Random) -> int:
    """A picture height in pixels, mostly 1080."""
    return rng.choices(_HEIGHTS, (1, 3, 6, 1))[0]
