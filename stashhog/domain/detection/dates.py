"""Dates in names: where they may stand, in which orders they can be read, which one is meant.

Rules:
- A family is a way of writing; its orders are all ways to read it that give a day of the calendar.
- Which order is meant is counted: in all organised scenes, under the folder, under the first word,
  under the studio; and in all paths of the library, organised or not, by the dates there that can
  be read in one way only.
- What lies after the day on which the scene came into the library is not meant, where the same
  writing can be read otherwise.
- Two-digit years are this century's, up to 2069; before 1969 or after 2100 there are no dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from stashhog.domain.detection.counts import TOTAL, View, logit
from stashhog.domain.detection.reading import Reading, Segment
from stashhog.domain.names import fold

FIRST_YEAR, LAST_YEAR = 1900, 2100

_SEP = r"\s*[._/ \-]\s*"
_FAMILIES = (
    ("iso", re.compile(r"(?<!\d)((?:19|20)\d\d)([._/ \-]?)(\d\d)\2(\d\d)(?!\d)"), (1, 3, 4)),
    (
        "han",
        re.compile(r"(?<!\d)((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日"),
        (1, 2, 3),
    ),
    ("year1", re.compile(r"(?<!\d)((?:19|20)\d\d)([._/\-])(\d{1,2})\2(\d{1,2})(?!\d)"), (1, 3, 4)),
    ("full", re.compile(r"(?<!\d)(\d{1,2})([._/ \-])(\d{1,2})\2((?:19|20)\d\d)(?!\d)"), (1, 3, 4)),
    ("tight", re.compile(r"(?<!\d)(\d\d)(\d\d)((?:19|20)\d\d)(?!\d)"), (1, 2, 3)),
    (
        "two",
        re.compile(
            r"(?<![\dA-Za-z])(?<!\d[._ \-])"
            r"(\d\d)([._/ \-])(\d\d)\2(\d\d)(?!\d)(?![._]?\d\d[._])"
        ),
        (1, 3, 4),
    ),
    ("six", re.compile(r"(?<![\dA-Za-z])(\d\d)(\d\d)(\d\d)(?![\dA-Za-z])"), (1, 2, 3)),
)  # fmt: skip
_WORDED = (
    (
        "day",
        re.compile(
            r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|e)?\.?[._ \-]*(?:de |of )?"
            r"([^\W\d_]{3,12})\.?,?(?: de)?[._ \-]*((?:19|20)\d\d)(?!\d)",
            re.IGNORECASE,
        ),
        (1, 2, 3),
    ),
    (
        "month",
        re.compile(
            r"([^\W\d_]{3,12})\.?[._ \-]*(\d{1,2})(?:st|nd|rd|th)?,?[._ \-]+"
            r"((?:19|20)\d\d)(?!\d)",
            re.IGNORECASE,
        ),
        (2, 1, 3),
    ),
    (
        "year",
        re.compile(
            r"(?<!\d)((?:19|20)\d\d)[._ \-]+([^\W\d_]{3,12})\.?[._ \-]+(\d{1,2})(?!\d)",
            re.IGNORECASE,
        ),
        (3, 2, 1),
    ),
)  # fmt: skip

_MONTHS = {
    word: at
    for at, names in enumerate(
        (
            ("jan january januar janvier enero gennaio janeiro "
            "januari styczen stycznia sty ene gen ledna leden"),
            ("feb february februar fevrier febrero febbraio fevereiro "
            "februari luty lutego lut fev fevr unora"),
            "mar march marz maerz mars marzo marco maart marzec marca mrz mrt brezna",
            "apr april avril abril aprile kwiecien kwietnia kwi abr avr dubna",
            "may mai mayo maggio maio mei maj maja mag kvetna",
            "jun june juni juin junio giugno junho czerwiec czerwca cze giu cervna",
            "jul july juli juillet julio luglio julho lipiec lipca lip lug juil cervence",
            "aug august aout agosto augustus augusti sierpien sierpnia sie ago srpna",
            ("sep sept september septembre septiembre settembre "
            "setembro wrzesien wrzesnia wrz set zari"),
            ("oct october oktober octobre octubre ottobre outubro "
            "pazdziernik pazdziernika paz okt ott out rijna"),
            "nov november novembre noviembre novembro listopad listopada lis listopadu",
            ("dec december dezember decembre diciembre dicembre dezembro "
            "grudzien grudnia gru dez dic prosince des desember"),
        ),
        1,
    )
    for word in names.split()
}  # fmt: skip

_ORDERS = {
    "iso": ("ymd", "ydm"), "han": ("ymd",), "year1": ("ymd", "ydm"), "full": ("dmy", "mdy"),
    "tight": ("dmy", "mdy"), "two": ("ymd", "dmy", "mdy"), "six": ("ymd", "dmy", "mdy"),
}  # fmt: skip
_PRIOR = {
    "iso:ymd": 0.97, "han:ymd": 0.98, "year1:ymd": 0.9, "full:dmy": 0.6, "full:mdy": 0.4,
    "tight:dmy": 0.4, "tight:mdy": 0.3, "two:ymd": 0.85, "two:dmy": 0.3, "two:mdy": 0.2,
    "six:ymd": 0.45, "six:dmy": 0.2, "six:mdy": 0.1, "day:dmy": 0.97, "month:mdy": 0.95,
    "year:ymd": 0.9, "iso:ydm": 0.02, "year1:ydm": 0.02,
}  # fmt: skip
_EPISODE = re.compile(r"(?:[a-z]\d{1,3}|\b(?:ep|e|s|x|part|pt|vol|no))[\s._\-]*$", re.IGNORECASE)

FEATURES = (
    "bias", "prior", "all", "place", "studio", "stem", "also", "folder", "title", "details",
    "ways", "others", "edge", "survey", "survey_place",
)  # fmt: skip


class Writing(NamedTuple):
    """A date as written at `start` to `end` of a segment's text, and its readings by order."""

    family: str
    start: int
    end: int
    readings: tuple[tuple[str, str], ...]


class DateCandidate(NamedTuple):
    """One reading of one writing, with its row of features."""

    value: str
    segment: Segment
    writing: Writing
    order: str
    row: list[float]


_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=256)
def find_dates(text: str) -> tuple[Writing, ...]:
    """All dates written in a text, in order of place, without overlaps; linear time."""
    found: list[Writing] = []
    if _DIGIT.search(text) is None:
        return ()
    shown = text if text.isascii() else _same_length(text)
    taken: list[tuple[int, int]] = []
    for family, pattern, groups in (*_WORDED, *_FAMILIES):
        for match in pattern.finditer(shown):
            start, end = match.span()
            if any(start < b and a < end for a, b in taken):
                continue
            parts = [match.group(group) for group in groups]
            readings = _worded(family, parts) if family in _WORD_ORDERS else _read(family, parts)
            if not readings or (
                family in _LOOSE and _EPISODE.search(shown[max(0, start - 8) : start])
            ):
                continue
            found.append(Writing(family, start, end, readings))
            taken.append((start, end))
    return tuple(sorted(found, key=lambda writing: writing.start))


_WORD_ORDERS = {"day": "dmy", "month": "mdy", "year": "ymd"}
_LOOSE = frozenset({"two", "six"})


def _same_length(text: str) -> str:
    return "".join(char if char.isascii() else (fold(char)[:1] or " ") for char in text)


def _read(family: str, parts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    readings: list[tuple[str, str]] = []
    for order in _ORDERS[family]:
        values = dict(zip(order, map(int, parts), strict=True))
        day = _day(values["y"], values["m"], values["d"])
        if day and not any(day == other for _, other in readings):
            readings.append((order, day))
    return tuple(readings)


def _worded(family: str, parts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    day, word, year = parts
    month = _MONTHS.get(fold(word).lower())
    value = _day(int(year), month, int(day)) if month else None
    return ((_WORD_ORDERS[family], value),) if value else ()


def _day(year: int, month: int, day: int) -> str | None:
    if year < 100:
        year += 2000 if year < 70 else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def date_places(reading: Reading, studio: str | None) -> Iterable[tuple[str, str]]:
    """Where the habit of writing dates is counted."""
    for place, value in reading.places:
        if place in ("d1", "d2", "p0"):
            yield f"D:{place[0]}", value
    if studio is not None:
        yield "D:s", studio


def only_readings(text: str, until: str) -> Iterable[tuple[str, str]]:
    """Manners and orders of dates that could be read in several ways, but for the calendar."""
    for writing in find_dates(text):
        left = possible(writing, until).readings
        if len(left) == 1 and len(_ORDERS.get(writing.family, ())) > 1:
            yield manner(writing, text), left[0][0]


def manner(writing: Writing, text: str) -> str:
    """The family with the mark between the numbers."""
    marks = (char for char in text[writing.start : writing.end] if not char.isalnum())
    return writing.family + next(marks, "")


def possible(writing: Writing, until: str) -> Writing:
    """The writing without readings after a day, unless all of them are."""
    kept = tuple(reading for reading in writing.readings if reading[1] <= until)
    return writing._replace(readings=kept) if kept else writing


def date_candidates(reading: Reading, studio: str | None, view: View) -> list[DateCandidate]:
    """All readings of all dates in the path, the title and the details."""
    written = [
        (segment, possible(writing, reading.until))
        for segment in reading.segments
        for writing in find_dates(segment.tokens.text)
    ]
    values = [value for _, writing in written for _, value in writing.readings]
    places = list(date_places(reading, studio))
    return [
        DateCandidate(
            value, segment, writing, order,
            _row(segment, writing, order, places, values.count(value), len(values), view),
        )
        for segment, writing in written
        for order, value in writing.readings
    ]  # fmt: skip


def _row(
    segment: Segment,
    writing: Writing,
    order: str,
    places: list[tuple[str, str]],
    same: int,
    all_values: int,
    view: View,
) -> list[float]:
    habit = f"{writing.family}:{order}"
    prior = _PRIOR.get(habit, 0.1)
    base = f"{segment.role[0]}{habit}"
    usual = view.odds("D", base, "right", prior, 4.0)
    mean = 1.0 / (1.0 + 2.718281828**-usual)
    place = studio = 0.0
    for slot, value in places:
        key = f"{value}|{habit}"
        if view.n(slot, key, TOTAL):
            lift = view.odds(slot, key, "right", mean, 1.0) - usual
            if slot == "D:s":
                studio = lift
            elif abs(lift) > abs(place):
                place = lift
    survey, near_by = _survey(writing, order, segment.tokens.text, places, view)
    role = segment.role
    text = segment.tokens.text
    return [
        1.0,
        logit(prior),
        usual,
        place,
        studio,
        float(role == "stem"),
        float(role == "also"),
        float(role[0] == "d" and role != "details"),
        float(role == "title"),
        float(role == "details"),
        float(len(writing.readings) - 1),
        float(all_values - same > len(writing.readings) - 1),
        float(writing.start == 0 or writing.end == len(text)),
        survey,
        near_by,
    ]


def survey_places(places: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Where dates that can be read in one way only are counted, beside the whole library."""
    for place, value in places:
        if place in ("d1", "p0"):
            yield f"D?:{place[0]}", value


def _survey(
    writing: Writing, order: str, text: str, places: list[tuple[str, str]], view: View
) -> tuple[float, float]:
    """How much more often than usual this order was the only way to read such a date."""
    orders = len(_ORDERS.get(writing.family, ()))
    key = manner(writing, text) if orders > 1 else ""
    if not key or not view.n("D?", key):
        return 0.0, 0.0
    prior = 1.0 / orders
    usual = view.odds("D?", key, order, prior, 2.0)
    mean = 1.0 / (1.0 + 2.718281828**-usual)
    near_by = 0.0
    for slot, value in places:
        if slot in _SURVEYED and view.n(f"D?{slot[1:]}", f"{value}|{key}"):
            lift = view.odds(f"D?{slot[1:]}", f"{value}|{key}", order, mean, 1.0) - usual
            if abs(lift) > abs(near_by):
                near_by = lift
    return usual - logit(prior), near_by


_SURVEYED = frozenset({"D:d", "D:p"})
