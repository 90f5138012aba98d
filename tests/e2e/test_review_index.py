"""The compact answer that a review page lives on, held against the list of changes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from stashhog.api.schemas.analysis import ReviewResponse
from tests.rig.api import Shape
from tests.rig.installation import Installation, installed


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    with installed(tmp_path_factory.mktemp("index")) as both:
        both.api.synced()
        yield both


def rows(answer: Shape) -> list[dict[str, Any]]:
    return [dict(zip(answer["change_columns"], row, strict=True)) for row in answer["changes"]]


def test_it_says_what_the_list_says(at: Installation) -> None:
    plan = at.api.plan_made()
    answer = at.api.get(f"/analysis/plans/{plan['id']}/review")
    listed = {change["id"]: change for change in at.api.changes(plan["id"])}
    scenes = {row[0]: row for row in answer["scenes"]}

    ReviewResponse.model_validate(answer)
    assert len(answer["changes"]) == len(listed) == plan["changes"] > 50
    for row in rows(answer):
        change = listed[row["id"]]
        start, end = row.pop("start"), row.pop("end")
        assert row == {name: change[name] for name in row}
        path = scenes[row["scene_id"]][2]
        evidence = change["evidence"]
        if evidence["text"] == path:
            assert path[start:end] == evidence["span"]
        else:
            assert (start, end) == (None, None)
    assert {row[1] for row in answer["changes"]} == set(scenes)


def test_later_it_brings_what_moved_and_what_is_new_and_nothing_else(at: Installation) -> None:
    api = at.api
    plan = api.items("/analysis/plans")[-1]
    whole = api.get(f"/analysis/plans/{plan['id']}/review")
    known = [row["id"] for row in rows(whole)]
    asked = {"after_id": max(known), "since": whole["since"]}
    api.decide(plan["id"], "accepted", ids=known[:2])

    later = api.get(f"/analysis/plans/{plan['id']}/review", **asked)
    fresh = api.get(f"/analysis/plans/{plan['id']}/review", after_id=max(known) - 3)
    far = api.get(f"/analysis/plans/{plan['id']}/review", since="2999-01-01T00:00:00Z")

    assert {row["id"]: row["status"] for row in rows(later)} == dict.fromkeys(known[:2], "accepted")
    assert len(later["scenes"]) == len({row["scene_id"] for row in rows(later)})
    assert {row["id"] for row in rows(fresh)} == {one for one in known if one > max(known) - 3}
    assert rows(far) == []


def test_it_comes_compressed_to_who_takes_that(at: Installation) -> None:
    plan = at.api.items("/analysis/plans")[-1]
    path = f"/analysis/plans/{plan['id']}/review"
    packed = at.api.send("GET", path, headers={"accept-encoding": "gzip"})
    plain = at.api.send("GET", path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["changes"] == plain.json()["changes"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 4


def test_no_plan_and_odd_questions_are_refused(at: Installation) -> None:
    plan = at.api.items("/analysis/plans")[-1]
    assert at.api.send("GET", "/analysis/plans/99999/review").status_code == 404
    for query in (
        {"after_id": "x"},
        {"since": "yesterday"},
        {"since": "0.5"},
        {"since": "2026-01-01T00:00:00"},
    ):
        answer = at.api.send("GET", f"/analysis/plans/{plan['id']}/review", params=query)
        assert answer.status_code == 422, query
