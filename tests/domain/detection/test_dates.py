from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.detection.dates import find_dates
from stashhog.domain.learning import learn
from tests.domain.detection.libraries import EPOCH, found, library, names, organized


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Pier.21.03.14.Dana", "2021-03-14"), ("2019-07-30 - Dawn", "2019-07-30"),
        ("Dawn (30.07.2019)", "2019-07-30"), ("Dawn 07-30-2019", "2019-07-30"),
        ("20190730_dawn", "2019-07-30"), ("30 July 2019 dawn", "2019-07-30"),
        ("Jul 30, 2019", "2019-07-30"), ("30. März 2019", "2019-03-30"),
        ("2019年7月30日", "2019-07-30"), ("le 3 août 2015", "2015-08-03"),
        ("14 de noviembre de 2012", "2012-11-14"), ("2015 Września 09", "2015-09-09"),
    ],
)  # fmt: skip
def test_a_date_is_read_in_many_manners(text: str, day: str) -> None:
    assert day in names(found(f"/v/{text}.mp4", library(), "date", least=0.3))


@pytest.mark.parametrize(
    "text",
    ["S01E02 03", "1080p 30fps", "Dawn 1999", "12345678", "99.99.99", "2019-13-40", "x264 10bit",
     "Dawn E01.02.03", "1.2.3"],
)  # fmt: skip
def test_other_numbers_are_no_dates(text: str) -> None:
    assert found(f"/v/{text}.mp4", library(), "date") == []


def test_a_date_after_the_scene_came_in_is_not_meant_where_it_can_be_read_otherwise() -> None:
    # 25.03.12: 2025 lies after the library's days, 25 March 2012 does not
    assert names(found("/v/Pier 25.03.12 Dawn.mp4", library(), "date", least=0.1)) == {"2012-03-25"}


def paths(*texts: str) -> list[tuple[str, datetime]]:
    return [(f"/v/{text}.mp4", EPOCH) for text in texts]


def test_the_library_says_which_number_is_the_day() -> None:
    dotted = paths(*(f"Pier {day}.03.2019 n{day}" for day in range(13, 32)))
    turned = paths(*(f"Pier 03.{day}.2019 n{day}" for day in range(13, 32)))
    known = library()
    path = "/v/Pier 04.05.2019 Dawn.mp4"
    assert names(found(path, learn(known, [], dotted), "date")) == {"2019-05-04"}
    assert names(found(path, learn(known, [], turned), "date")) == {"2019-04-05"}


def test_organised_scenes_of_the_same_house_say_it_too() -> None:
    known = library(studios=("Pier", "Quay"))
    scenes = []
    for at in range(1, 13):
        day = datetime(2019, 2, at, tzinfo=UTC)
        scenes.append(
            organized(
                f"/v/Pier/Pier {day:%d.%m.%Y} a{at}.mp4", at, studio="1", date=f"{day:%Y-%m-%d}"
            )
        )
        scenes.append(
            organized(
                f"/v/Quay/Quay {day:%m.%d.%Y} a{at}.mp4",
                100 + at,
                studio="2",
                date=f"{day:%Y-%m-%d}",
            )
        )
    knowledge = learn(known, scenes)
    assert names(found("/v/Pier/Pier 04.05.2019 z.mp4", knowledge, "date")) == {"2019-05-04"}
    assert names(found("/v/Quay/Quay 04.05.2019 z.mp4", knowledge, "date")) == {"2019-04-05"}


@given(st.dates(datetime(1950, 1, 1).date(), datetime(2099, 12, 31).date()))  # noqa: DTZ001 - days
def test_iso_dates_are_always_among_the_readings(day: object) -> None:
    readings = [value for writing in find_dates(f"x {day} y") for _, value in writing.readings]
    assert str(day) in readings


@given(st.text(max_size=80))
def test_readings_are_days_of_the_calendar_inside_the_text(text: str) -> None:
    edge = 0
    for writing in find_dates(text):
        assert edge <= writing.start < writing.end <= len(text)
        edge = writing.end
        for _, value in writing.readings:
            assert datetime.fromisoformat(value) + timedelta(0)
