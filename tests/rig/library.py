"""A small library of invented names, in which every file says what its scene lacks."""

from __future__ import annotations

import random
from datetime import date, timedelta

from stashhog.demo.library import SampleEntity, SampleFile, SampleLibrary, SampleScene

STUDIOS = ("Quarry Lane", "Velvet Harbour", "Oakmoor Films", "Bright Kettle")
PERFORMERS = (
    "Wilma Drossel",
    "Ferdy Quill",
    "Marnie Okafor",
    "Tilda Brask",
    "Jorund Vance",
    "Petra Lindqvist",
    "Osric Tamblyn",
    "Noor Halvorsen",
)
TAGS = ("Outdoor", "Kitchen", "Piano", "Rainy Day")
WORDS = ("Morning", "Ladder", "Garden", "Paper", "Winter", "Copper", "River", "Lantern")


def small_library(*, scenes: int = 30, organized: int = 30, seed: int = 7) -> SampleLibrary:
    """Return `organized` complete scenes and then `scenes` bare ones; ids count from 1."""
    chance = random.Random(seed)
    return SampleLibrary(
        performers=_entities(PERFORMERS),
        tags=_entities(TAGS),
        studios=_entities(STUDIOS),
        scenes=tuple(
            _scene(number, chance, complete=number <= organized)
            for number in range(1, organized + scenes + 1)
        ),
    )


def _entities(names: tuple[str, ...]) -> tuple[SampleEntity, ...]:
    return tuple(SampleEntity(number, name) for number, name in enumerate(names, 1))


def _scene(number: int, chance: random.Random, *, complete: bool) -> SampleScene:
    studio = chance.randrange(len(STUDIOS))
    performer = chance.randrange(len(PERFORMERS))
    day = (date(2015, 1, 1) + timedelta(days=chance.randrange(3000))).isoformat()
    title = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number}"
    name = f"{STUDIOS[studio]} - {day} - {PERFORMERS[performer]} - {title}.mp4"
    file = SampleFile(f"/media/{name}", 600.0 + number, 1920, 1080, 25.0)
    if not complete:
        return SampleScene(
            number, (file,), details=f"Note {number}", tag_ids=(number % len(TAGS) + 1,)
        )
    return SampleScene(
        number,
        (file,),
        organized=True,
        title=title,
        date=day,
        studio_id=studio + 1,
        performer_ids=(performer + 1,),
        tag_ids=(chance.randrange(len(TAGS)) + 1,),
    )
