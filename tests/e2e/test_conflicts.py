"""Applying beside other people, and over a Stash that fails."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from stashhog.demo.faults import (
    Fault,
    cut,
    delay,
    graphql_error,
    http_error,
    locked,
    lost_reply,
    reset,
)
from tests.rig.installation import Installation, installed
from tests.rig.stash import differences


def _only(changes: list[dict[str, Any]], scene_id: str, field: str) -> dict[str, Any]:
    (found,) = [c for c in changes if (c["scene_id"], c["field"]) == (scene_id, field)]
    return found


def test_an_edit_of_the_same_field_is_a_conflict_that_only_accepting_it_overwrites(
    at: Installation,
) -> None:
    scenes = ["31", "32"]
    studio = _only(at.api.changes(1), "32", "studio")["proposed"]
    at.stash.edit("31", title="Mine", details="Also mine")
    at.stash.edit("32", studio_id=int(studio["id"]) % 4 + 1)
    assert at.api.applied(1, scene_ids=scenes)["conflicts"] == 2
    changes = at.api.changes(1)
    title = _only(changes, "31", "title")
    assert (title["status"], title["observed"]) == ("conflict", "Mine")
    assert _only(changes, "32", "studio")["status"] == "conflict"
    scene = at.stash.scenes()["31"]
    assert (scene["title"], scene["details"]) == ("Mine", "Also mine")
    assert scene["date"] is not None
    assert at.api.plan(1)["status"] == "partially_applied"

    at.api.ask("PATCH", f"/analysis/changes/{title['id']}", {"status": "accepted"})
    assert at.api.applied(1, scene_ids=scenes)["applied"] == 1
    assert at.stash.scenes()["31"]["title"] == title["proposed"]
    at.api.undone(1, change_ids=[title["id"]])
    assert at.stash.scenes()["31"]["title"] == "Mine"


def test_an_edit_after_acceptance_of_a_conflict_is_a_conflict_again(at: Installation) -> None:
    title = _only(at.api.changes(1), "40", "title")
    at.stash.edit("40", title="One")
    at.api.applied(1, change_ids=[title["id"]])
    at.api.decide(1, "accepted", ids=[title["id"]])
    at.stash.edit("40", title="Two")
    assert at.api.applied(1, change_ids=[title["id"]])["conflicts"] == 1
    assert at.stash.scenes()["40"]["title"] == "Two"


def test_what_stash_has_already_is_recorded_and_never_undone(at: Installation) -> None:
    changes = at.api.changes(1)
    title, performer = (_only(changes, "33", field) for field in ("title", "performers"))
    present = [int(performer["proposed"]["id"])]
    at.stash.edit("33", title=title["proposed"], performer_ids=present)
    before = at.stash.library()
    result = at.api.applied(1, scene_ids=["33"])
    assert result["already"] == 2
    for change in (title, performer):
        now = _only(at.api.changes(1), "33", change["field"])
        assert (now["status"], now["outcome"]) == ("applied", "already")
    assert at.api.undone(1, scene_ids=["33"])["undone"] == result["applied"]
    assert differences(before, at.stash.library()) == {}


def test_lists_are_merged_with_what_others_added_meanwhile(at: Installation) -> None:
    performer = _only(at.api.changes(1), "34", "performers")
    ours = int(performer["proposed"]["id"])
    theirs = ours % 8 + 1
    at.stash.edit("34", performer_ids=[theirs], tag_ids=[1, 2, 3])
    assert at.api.applied(1, scene_ids=["34"])["conflicts"] == 0
    assert set(at.stash.scenes()["34"]["performer_ids"]) == {ours, theirs}
    assert at.stash.scenes()["34"]["tag_ids"] == [1, 2, 3]
    at.api.undone(1, scene_ids=["34"])
    assert at.stash.scenes()["34"]["performer_ids"] == [theirs]


def test_a_lost_reply_is_looked_up_and_the_change_sent_once(at: Installation) -> None:
    scenes = ["41", "42", "43", "44", "45"]
    rule = at.stash.fault(lost_reply(), "mutation", times=4)
    result = at.api.applied(1, scene_ids=scenes)
    changes = at.api.changes(1, scene_id=scenes)
    assert result["applied"] == len(changes) > 10
    assert rule.hits == 4
    assert {at.stash.written()[scene] for scene in scenes} == {1}
    assert {change["outcome"] for change in changes} == {"sent"}


def test_a_refused_value_fails_alone(at: Installation) -> None:
    date = _only(at.api.changes(1), "35", "date")
    edited = at.api.ask("PATCH", f"/analysis/changes/{date['id']}", {"proposed": "2020-02-29"})
    assert (edited["edited"], edited["proposed"]) == (True, "2020-02-29")
    studio = _only(at.api.changes(1), "35", "studio")
    other = at.stash.create("studio", "A passing fancy")
    at.api.synced("incremental")
    at.api.ask("PATCH", f"/analysis/changes/{studio['id']}", {"proposed": {"id": other}})
    at.stash.destroy("studio", other)
    assert at.api.applied(1, scene_ids=["35"])["failed"] == 1
    changes = {c["field"]: c for c in at.api.changes(1, scene_id="35")}
    assert changes["studio"]["status"] == "failed"
    assert changes["studio"]["error"]["code"] == "gone"
    assert {c["status"] for f, c in changes.items() if f != "studio"} == {"applied"}
    assert at.stash.scenes()["35"]["date"] == "2020-02-29"


def test_a_scene_that_is_gone_fails_with_a_reason_and_the_rest_goes_on(at: Installation) -> None:
    at.stash.remove("36")
    gone = len(at.api.changes(1, scene_id="36"))
    result = at.api.applied(1, scene_ids=["36", "37"])
    assert result["failed"] == gone > 0
    assert result["applied"] == len(at.api.changes(1, scene_id="37"))
    failed = at.api.changes(1, scene_id="36")
    assert {(c["status"], c["error"]["code"]) for c in failed} == {("failed", "gone")}


FAULTS: tuple[Fault, ...] = (
    reset(),
    lost_reply(),
    cut(),
    http_error(503, retry_after=0),
    http_error(500),
    locked(),
    graphql_error("context canceled", execute=True),
)


def test_over_a_stash_that_fails_one_call_in_five_every_change_ends_right(
    at: Installation,
) -> None:
    seed = 4104
    print(f"seed {seed}")
    scenes = [str(number) for number in range(46, 61)]
    before = at.stash.scenes()
    for fault in random.Random(seed).sample(FAULTS, len(FAULTS)):
        at.stash.fault(fault, "sceneUpdate", times=None, chance=0.03)
        at.stash.fault(fault, "findScenes", times=None, chance=0.03)
    ended = at.api.final(at.api.apply(1, scene_ids=scenes), seconds=60)
    assert ended["status"] == "completed", ended
    at.stash.heal()
    after = at.stash.scenes()
    for change in at.api.changes(1, scene_id=scenes):
        assert change["status"] in ("applied", "failed"), change
        wanted = change["proposed"] if change["status"] == "applied" else change["current"]
        assert _has(after[change["scene_id"]], change, wanted), change
        assert change["status"] == "applied" or change["error"]["detail"]
    untouched = ("rating100", "organized", "tag_ids", "details", "files", "urls")
    for key in scenes:
        assert {n: before[key][n] for n in untouched} == {n: after[key][n] for n in untouched}
        assert at.stash.written()[key] <= 5


def _has(scene: dict[str, Any], change: dict[str, Any], value: Any) -> bool:
    match change["field"]:
        case "studio":
            return bool(scene["studio_id"] == (None if value is None else int(value["id"])))
        case "performers" | "tags":
            ids = scene["performer_ids" if change["field"] == "performers" else "tag_ids"]
            return (int(change["proposed"]["id"]) in ids) is (value is not None)
        case name:
            return bool((scene[name] or "") == (value or ""))


def test_a_new_entity_is_created_once_and_removed_when_asked_and_unused(tmp_path: Path) -> None:
    with installed(tmp_path) as at:
        before = at.stash.library()
        at.api.synced()
        strict = at.api.plan_made(scene_ids=["60"])
        studio = _only(at.api.changes(strict["id"]), "60", "studio")
        answer = at.api.send(
            "PATCH", f"/analysis/changes/{studio['id']}", json={"proposed": {"name": "Tin Anchor"}}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "not_in_vocabulary")

        some = [str(number) for number in range(31, 35)]
        plan = at.api.plan_made(scene_ids=some, options={"create_missing": True})
        new = {"studio": "Tin Anchor", "performers": "Ludmila Prewitt"}
        wanted = [c for c in at.api.changes(plan["id"]) if c["field"] in new]
        assert len(wanted) == 8
        for change in wanted:
            edit = {"proposed": {"name": new[change["field"]]}, "status": "accepted"}
            edited = at.api.ask("PATCH", f"/analysis/changes/{change['id']}", edit)
            assert (edited["creates_entity"], edited["proposed"]["id"]) == (True, None)
        at.stash.fault(lost_reply(), "performerCreate", times=1)
        at.stash.fault(lost_reply(), "studioCreate", times=1)
        result = at.api.applied(plan["id"])
        assert (result["applied"], result["failed"]) == (8, 0)
        assert result["created"] == {"tags": 0, "performers": 1, "studios": 1}
        made = [m.operation for m in at.stash.mutations() if m.operation.endswith("Create")]
        assert sorted(made) == ["performerCreate", "studioCreate"]
        assert at.api.get("/studios", q="Tin Anchor")["total"] == 1

        at.stash.edit("1", studio_id=5)
        undone = at.api.undone(plan["id"], remove_created=True)
        assert (undone["undone"], undone["removed"]) == (8, 1)
        at.stash.edit("1", studio_id=before["scenes"]["1"]["studio_id"])
        left = differences(before, at.stash.library())
        assert left.keys() == {"studio/5"}


def test_a_busy_plan_refuses_a_second_job_and_names_the_first(at: Installation) -> None:
    at.stash.fault(delay(0.2), "mutation", times=None)
    job = at.api.running(at.api.apply(1, scene_ids=["38", "39"]))
    for path in ("apply", "undo"):
        answer = at.api.send("POST", f"/analysis/plans/1/{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "plan_busy")
        assert answer.json()["job_id"] == job["id"]
    answer = at.api.send("DELETE", "/analysis/plans/1")
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_busy")
    at.api.ended(job)
