"""What a person decides, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.rig.installation import Installation, installed


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    with installed(tmp_path_factory.mktemp("decisions")) as both:
        both.api.synced()
        yield both


def test_a_rejected_change_is_not_proposed_again_until_it_is_forgotten(at: Installation) -> None:
    api = at.api
    plan = api.plan_made(scene_ids=["31"])
    (title,) = api.changes(plan["id"], field="title")
    api.decide(plan["id"], "rejected", ids=[title["id"]])
    api.ask("DELETE", f"/analysis/plans/{plan['id']}", expect=204)
    assert api.send("GET", f"/analysis/plans/{plan['id']}").status_code == 404
    again = api.plan_made(scene_ids=["31"])
    assert "title" not in {c["field"] for c in api.changes(again["id"])}
    assert again["skipped"].get("rejected") == 1
    (kept,) = api.items("/analysis/rejections")
    assert (kept["scene_id"], kept["field"]) == ("31", "title")
    api.ask("DELETE", f"/analysis/rejections/{kept['id']}", expect=204)
    third = api.plan_made(scene_ids=["31"])
    assert {c["field"] for c in api.changes(third["id"])} == {"title"}
    assert third["skipped"].get("already_proposed") == again["changes"]
    history = api.items("/scenes/31/changes")
    assert len(history) == plan["changes"] + again["changes"] + third["changes"]


def test_an_exported_plan_brings_its_decisions_into_another(at: Installation) -> None:
    api = at.api
    plan = api.plan_made(scene_ids=["40", "41"])
    first, second, *_ = api.changes(plan["id"])
    api.decide(plan["id"], "accepted", ids=[first["id"]])
    api.decide(plan["id"], "rejected", ids=[second["id"]])
    file = api.send("GET", f"/analysis/plans/{plan['id']}/export").content
    assert len(file.splitlines()) == 1 + plan["changes"]
    api.decide(plan["id"], "proposed", filter={"all": True})
    assert api.plan(plan["id"])["counts"]["proposed"] == plan["changes"]
    ndjson = {"content-type": "application/x-ndjson"}
    answer = api.send("POST", "/analysis/plans/import", content=file, headers=ndjson)
    assert answer.status_code == 200
    assert (answer.json()["updated"], answer.json()["unmatched"]) == (2, 0)
    counts = api.plan(plan["id"])["counts"]
    assert (counts["accepted"], counts["rejected"]) == (1, 1)


def test_a_file_larger_than_a_body_may_be_is_taken_and_a_bad_line_keeps_all_out(
    at: Installation,
) -> None:
    api = at.api
    plan = api.plan_made(scene_ids=["42", "43"])
    api.decide(plan["id"], "accepted", filter={"all": True})
    lines = api.send("GET", f"/analysis/plans/{plan['id']}/export").content.splitlines(True)
    api.decide(plan["id"], "proposed", filter={"all": True})
    many = b"".join(lines) * (2 * 1024 * 1024 // sum(map(len, lines)) + 1)
    ndjson = {"content-type": "application/x-ndjson"}
    answer = api.send(
        "POST", "/analysis/plans/import", content=many + b'{"scene_id":1}', headers=ndjson
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_line")
    for nothing in (b"", b"\n \n"):
        answer = api.send("POST", "/analysis/plans/import", content=nothing, headers=ndjson)
        assert (answer.status_code, answer.json()["code"]) == (422, "empty_file")
    assert api.plan(plan["id"])["counts"]["proposed"] == plan["changes"]
    answer = api.send("POST", "/analysis/plans/import", content=many, headers=ndjson)
    assert answer.status_code == 200
    assert answer.json()["updated"] >= plan["changes"]
    assert answer.json()["unmatched"] == 0
    assert api.plan(plan["id"])["counts"]["accepted"] == plan["changes"]


def test_only_what_may_move_is_moved_and_counted(at: Installation) -> None:
    api = at.api
    plan = api.plan_made(scene_ids=["50"])
    changes = api.changes(plan["id"])
    moved = api.decide(plan["id"], "accepted", filter={"scene_id": "50", "field": "date"})
    assert (moved["updated"], moved["by_field"]) == (1, {"date": 1})
    assert api.decide(plan["id"], "accepted", filter={"all": True})["updated"] == len(changes) - 1
    assert api.decide(plan["id"], "accepted", filter={"all": True})["updated"] == 0
    high = {"min_confidence": max(c["confidence"] for c in changes)}
    assert api.decide(plan["id"], "proposed", filter=high)["updated"] >= 1
    (title,) = [c for c in changes if c["field"] == "title"]
    bad = {"proposed": "  "}
    answer = api.send("PATCH", f"/analysis/changes/{title['id']}", json=bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")
    assert api.get(f"/analysis/plans/{plan['id']}/changes", field="title")["items"][0][
        "edited"
    ] is (False)


def test_what_a_request_leaves_open_the_settings_decide(at: Installation) -> None:
    values = {"analysis": {"fields": ["date", "studio"]}}
    at.api.ask("PUT", "/settings", {"values": values})
    plan = at.api.plan_made(scene_ids=["55"])
    assert {c["field"] for c in at.api.changes(plan["id"])} == {"date", "studio"}
    given = at.api.plan_made(scene_ids=["56"], options={"fields": ["title"]})
    assert {c["field"] for c in at.api.changes(given["id"])} == {"title"}
    at.api.ask("PUT", "/settings", {"values": {"analysis": {"fields": None}}})
    plan = at.api.plan_made(scene_ids=["57"])
    assert {c["field"] for c in at.api.changes(plan["id"])} >= {"title", "performers"}
