"""Titles in files' names: what is left out, and how they are written."""

from __future__ import annotations

import pytest

from stashhog.domain.learning import learn
from tests.domain.detection.libraries import found, library, names, organized

KNOWN = library(performers=("Dana Merrow", "Ole Berg"), studios=("North Pier",), tags=("Rain",))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("North Pier - A Walk in Rain", "A Walk in Rain"), ("NorthPier_AWalkInRain", "A Walk In Rain"),
        ("North Pier - ÉtéÀParis", "Été À Paris"), ("North Pier - МореИСнег", "Море И Снег"),
        ("[North Pier] A Walk in Rain [Rain]", "A Walk in Rain"), ("North Pier - A Walk in Rain - Copy (2)", "A Walk in Rain"),
        ("North Pier - A Walk in Rain.fixed", "A Walk in Rain"), ("North Pier - A Walk in Rain copy", "A Walk in Rain"),
        ("[www.some-site.net] North Pier - A Walk in Rain", "A Walk in Rain"),
        ("@filmchannel North Pier - A Walk in Rain", "A Walk in Rain"), ("North Pier - A Walk in Rain feat. Dana Merrow", "A Walk in Rain"), ("North Pier - The Proper Copy Shop", "The Proper Copy Shop"),
        ("North Pier - A Walk in Rain (1080p60 REMUX)", "A Walk in Rain"), ("North Pier - Season Final", "Season Final"),
        ("Dana Merrow - The 4x4 Track", "The 4x4 Track"),
    ],
)  # fmt: skip
def test_marks_are_left_out_and_words_set_apart(name: str, title: str) -> None:
    assert [p.value for p in found(f"/v/{name}.mp4", KNOWN, "title")] == [title]


@pytest.mark.parametrize(
    "name",
    [
        "5b2f9c0e7a1d4c3b8e6f", "8f14e45f-ceea-467f-a83b-1c2d3e4f5a6b", "VID_20190405_120102", "IMG_0042", "DSC01234",
        "download (69)", "video", "[site.example] 06a338c9d564826c", "clip 7",
    ],
)  # fmt: skip
def test_names_that_programs_gave_are_no_titles(name: str) -> None:
    assert found(f"/v/{name}.mp4", KNOWN, "title") == []


@pytest.mark.parametrize(
    ("name", "title"),
    [("Swiatlo w Lodzi", "Światło w Łodzi"), ("Mia nychta", "Μια Νύχτα"), ("Way to Mia", "Way to Mia")],
)  # fmt: skip
def test_words_get_the_letters_that_organised_titles_have_them_in(name: str, title: str) -> None:
    titles = ("Noc w Łodzi", "Światło Łodzi", "Μια μέρα", "Νύχτα και μέρα", "One Way", "A Way Out")
    known = learn(
        KNOWN, [organized(f"/v/{at} - {one}.mp4", at, title=one) for at, one in enumerate(titles)]
    )
    proposed = names(found(f"/v/{name}.mp4", known, "title", 0.0))
    assert {one.lower() for one in proposed} == {title.lower()}
