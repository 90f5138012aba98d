"""A library named by habits that were written down by hand, each with what it must give away.

Rules:
- A habit is a path with fields in braces; what it names can be told from it, so every miss is one.
- Half of the scenes are organised. The same seed makes the same library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from anyascii import anyascii

from tests.corpora.make import Made

STUDIOS = (
    ("Harbour Light Films", ("HLF", "HarbourLight.com")), ("Nordwind Produktion", ()), ("Étoile Noire", ()),
    ("Casa Azul", ("CasaAzul",)), ("Белая Ночь", ()), ("青空スタジオ", ("Aozora Studio",)), ("9 Lives Media", ("9LM",)),
    ("O'Malley & Sons", ()), ("Velvet", ()), ("Studio 54 Archive", ()),
)  # fmt: skip
PERFORMERS = (
    ("Dana Merrow", ()), ("Jörg Weißmüller", ()), ("Siobhán O'Hara", ("Shiv OHara",)), ("José María Luz", ()),
    ("Łukasz Żak", ()), ("Анна Петрова", ("Anna Petrova",)), ("山田花子", ("Yamada Hanako",)), ("김정희", ("Kim Jung-hee",)),
    ("Nguyễn Thị Hương", ()), ("Anna-Lena von Berg", ("Lena Berg",)), ("J. D. Rivers", ()), ("Mary McDonald", ()),
    ("Zoë", ()), ("Tom Baker", ("Tommy B",)), ("Lucía Fernández", ()), ("Ole Bjørnsen", ()), ("Işıl Çağlar", ()),
    ("Sam Hill", ()), ("Rae Stone", ()), ("Ana Luz", ()),
)  # fmt: skip
TAGS = (
    "Sailing", "Night Swim", "Interview", "Backstage", "Slow Motion", "Lighthouse", "Choir", "Käse", "Río", "Танец",
    "海", "Pottery", "Mountain Bike", "Rain", "Street Market", "Sunrise", "Balcony", "Chess",
)  # fmt: skip
TITLES = (
    "The {t} Lesson", "A Day of {t}", "{t} and {u}", "Waiting for {t}", "{t}: After Hours", "How Not to Love {t}",
    "Behind the {t}", "{t} in the Rain Forest", "No More {t}", "Old {t}, New {u}", "Three {t} Stories", "Der letzte {t}",
    "La vuelta de {t}", "{t} vs. {u}", "My First {t}!", "Return to {t} Bay",
)  # fmt: skip

HABITS: Mapping[str, str] = {
    "release": "/v/{S.}.{yy}.{mm}.{dd}.{C.}.{T.}.XXX.1080p.MP4-GRP.mp4",
    "release in folder": "/v/{S.}.{yy}.{mm}.{dd}.{T.}.2160p.WEB-DL.x265-KTR/{S.}.{yy}.{mm}.{dd}.{T.}.2160p.WEB-DL.x265-KTR.mkv",
    "release without title": "/v/{S.}.{yy}.{mm}.{dd}.{C.}.XXX.720p.HEVC.x265-aBc.mkv",
    "release lower": "/v/{s.}.{yy}.{mm}.{dd}.{c.}.{t.}.xxx.1080p.mp4-grp.mp4",
    "bracket": "/v/[{S}] {C,} - {T} ({y}-{mm}-{dd}).mp4",
    "bracket end": "/v/{C&} - {T} [{S}] [1080p].mp4",
    "bracket date first": "/v/[{y}-{mm}-{dd}] {S} - {T}.mp4",
    "date first": "/v/{y}-{mm}-{dd} - {S} - {C,} - {T}.mp4",
    "date tight": "/v/{y}{mm}{dd}_{S_}_{T_}.mp4",
    "date last": "/v/{S} - {T} - {C,} - {y}.{mm}.{dd}.mp4",
    "date german": "/v/{S}/{T} ({dd}.{mm}.{y}).mp4",
    "date worded": "/v/{S} - {T} ({M} {d}, {y}).mp4",
    "date worded day first": "/v/{S} - {d} {M} {y} - {T}.mp4",
    "year folder": "/v/{S}/{y}/{y}-{mm}-{dd} {T}.mp4",
    "studio folder": "/v/studios/{S}/{C,} - {T}.mp4",
    "studio folder slug": "/v/{ss}/{T}.mp4",
    "site folder": "/v/{ss}.com/{C,} - {T} - 1080p.mp4",
    "performer folder": "/v/performers/{C1}/{T} [{S}].mp4",
    "performer folder, studio below": "/v/{C1}/{S}/{T}.mp4",
    "performers and studio": "/v/{Cand} - {T} ({S}).mp4",
    "feat": "/v/{S} - {T} feat. {C,}.mp4",
    "with": "/v/{T} with {Cand} - {S}.mp4",
    "starring": "/v/{S} - {T} (starring {C,}) [4K].mkv",
    "underscores": "/v/{S_}_-_{C_}_-_{T_}_(1080p).wmv",
    "underscores lower": "/v/{s_}_{c_}_{t_}_720p.mp4",
    "slug": "/v/{s-}-{c-}-{t-}-1080p.mp4",
    "slug title only": "/v/{ss}/{t-}.mp4",
    "camel": "/v/{Sc} - {Cc} - {Tc}.mp4",
    "camel glued": "/v/{Sc}_{Tc}_{Cc}.mp4",
    "upper": "/v/{SU} - {CU} - {TU}.MP4",
    "lower": "/v/{sl} - {cl} - {tl}.mp4",
    "last first": "/v/{Clast} - {T}.mp4",
    "episode": "/v/{S}/Season 1/{S} - S01E{nn} - {T}.mkv",
    "numbered": "/v/{S}/{nn} - {T}.mp4",
    "numbered hash": "/v/{S} #{nn} - {T}.mp4",
    "part": "/v/{S} - {T} - Part 1.mp4",
    "disc": "/v/{S} - {T} cd1.avi",
    "download": "/v/{S} - {T} (1).mp4",
    "copy": "/v/{S} - {T} - Copy.mp4",
    "fixed": "/v/{S} - {T}_fixed.mp4",
    "quality in parentheses": "/v/{S} - {T} (1920x1080 60fps HEVC).mp4",
    "site prefix": "/v/[www.some-site.net] {S} - {C,} - {T}.mp4",
    "site prefix bare": "/v/www.some-site.net - {S} - {T}.mp4",
    "site at sign": "/v/@filmchannel {S} - {T}.mp4",
    "id suffix": "/v/{S} - {T} [{id}].mp4",
    "id prefix": "/v/{id} - {S} - {T}.mp4",
    "windows": "D:\\Videos\\{S}\\{C,} - {T}.mp4",
    "share": "\\\\nas\\media\\{S}\\{y}\\{T}.mp4",
    "semicolon cast": "/v/{S} - {C;} - {T}.mp4",
    "plus cast": "/v/{S} - {C+} - {T}.mp4",
    "cast folder list": "/v/{C,}/{S} - {T}.mp4",
    "tags in brackets": "/v/{S} - {T} [{G}].mp4",
    "two files": "/v/unsorted/{t-}.mp4|/v/{S}/{C,} - {T}.mp4",
    "opaque in studio folder": "/v/{S}/{hash}.mp4",
    "camera in performer folder": "/v/{C1}/VID_{y}{mm}{dd}_120000.mp4",
    "apostrophe lost": "/v/{S'} - {T'}.mp4",
}  # fmt: skip

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip


def make_by_hand(seed: int, *, each: int = 24) -> Made:
    """Make the library with so many scenes of each habit; an answer names its `habit`."""
    r = Random(f"by hand {seed}")
    library = {
        "studios": [{"id": i, "name": n, "aliases": a, "parent_id": None} for i, n, a in _numbered(STUDIOS)],
        "performers": [
            {"id": i, "name": n, "aliases": a, "disambiguation": ""} for i, n, a in _numbered(PERFORMERS)
        ],
        "tags": [{"id": i, "name": n, "aliases": a, "parents": []} for i, n, a in _numbered([(t, ()) for t in TAGS])],
    }  # fmt: skip
    made = Made(library)
    for at in range(each * len(HABITS)):
        row, answer = _scene(r, str(at + 1), list(HABITS)[at % len(HABITS)], library)
        made.scenes.append(row)
        made.truth.append(answer)
    return made


def _numbered(
    named: Iterable[tuple[str, tuple[str, ...]]],
) -> Iterator[tuple[str, str, list[str]]]:
    for at, (name, aliases) in enumerate(named, 1):
        yield str(at), name, list(aliases)


def _scene(
    r: Random, identity: str, habit: str, library: Mapping[str, list[dict[str, Any]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    studio = r.choice(library["studios"])
    cast = r.sample(library["performers"], r.choice((1, 1, 2, 3)))
    one, two = r.sample(library["tags"], 2)
    pattern = r.choice(TITLES)
    title = pattern.format(t=one["name"], u=two["name"])
    named = [one["id"]] + [two["id"]] * ("{u}" in pattern)
    day = date(2009, 1, 1) + timedelta(days=r.randrange(5400))
    path = HABITS[habit]
    names = (studio["name"], [p["name"] for p in cast], two["name"])
    texts = _Texts(r, names, title, day)
    fields = re.findall(r"\{([^}]+)\}", path)
    shown = {field[0].upper() for field in fields if field[0] in "SsCcTt"}
    readable = "T" in shown and (title.isascii() or not any(field[1:] == "-" for field in fields))
    in_path = cast[:1] if "C1" in fields else cast if "C" in shown else []
    answer = {
        "id": identity, "habit": habit, "studio": studio["id"], "title": title, "date": day.isoformat(),
        "performers": [p["id"] for p in cast], "tags": named,
        "evidence": {
            "studio": "S" in shown, "date": "mm" in fields or "M" in fields, "title": readable,
            "performers": [p["id"] for p in in_path], "tags_in_title": named if readable else [],
        },
    }  # fmt: skip
    held = answer if r.random() < 0.5 else _NOTHING
    files = [
        {"path": texts.path(one), "width": 1920, "height": 1080, "duration": 600, "frame_rate": 25}
        for one in path.split("|")
    ]
    return {
        "id": identity, "organized": held is answer, "files": files, "details": None,
        **{name: held[name] for name in _NOTHING},
    }, answer  # fmt: skip


_NOTHING: dict[str, Any] = {
    "title": None, "date": None, "studio": None, "performers": [], "tags": [],
}  # fmt: skip


class _Texts:
    """What the fields of a habit stand for in one scene."""

    def __init__(self, r: Random, names: tuple[str, list[str], str], title: str, day: date) -> None:
        self.studio, self.cast, self.tag = names
        self.r, self.title, self.day = r, title, day
        self.number = r.randrange(1, 99)

    def path(self, habit: str) -> str:
        """The habit with its fields filled in."""
        return re.sub(r"\{([^}]+)\}", lambda field: self._field(field.group(1)), habit)

    def _field(self, name: str) -> str:
        day, r = self.day, self.r
        plain = {
            "y": f"{day.year}", "yy": f"{day.year % 100:02d}", "mm": f"{day.month:02d}", "dd": f"{day.day:02d}",
            "d": str(day.day), "M": MONTHS[day.month - 1], "nn": f"{self.number:02d}", "G": self.tag,
            "id": str(r.randrange(100_000, 9_999_999)), "hash": f"{r.getrandbits(128):032x}",
        }  # fmt: skip
        if name in plain:
            return plain[name]
        kind, form = name[0], name[1:]
        if kind in "Cc":
            return self._cast(kind, form)
        text = self.studio if kind in "Ss" else self.title
        written = _written(text.lower() if kind.islower() else text, form)
        return re.sub(r'[/\\:*?"<>|]', "", written)

    def _cast(self, kind: str, form: str) -> str:
        names = [name.lower() for name in self.cast] if kind.islower() else self.cast
        if form == "1":
            return names[0]
        if form == "last":
            return " & ".join(
                ", ".join(reversed(n.rsplit(" ", 1))) if " " in n else n for n in names
            )
        glue = {",": ", ", "&": " & ", "and": " and ", ";": "; ", "+": " + ", "-": "-", "_": "_", "c": "", ".": ".and."}  # fmt: skip
        return glue.get(form, ", ").join(_written(name, form) for name in names)


def _written(text: str, form: str) -> str:
    words = re.findall(r"[\w']+", text)
    match form:
        case "." | "_" | "-":
            ascii_words = (
                [anyascii(word).replace("'", "") for word in words] if form == "-" else words
            )
            return form.join(word.replace("'", "") for word in ascii_words)
        case "s":
            return anyascii("".join(words)).replace("'", "").lower()
        case "c":
            return "".join(word[:1].upper() + word[1:] for word in words)
        case "U":
            return text.upper()
        case "'":
            return text.replace("'", "")
        case _:
            return text
