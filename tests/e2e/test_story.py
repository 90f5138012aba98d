"""The whole story, as a person would go through it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.rig.installation import installed
from tests.rig.stash import differences


def test_what_a_plan_wrote_goes_back_and_what_others_wrote_stays(tmp_path: Path) -> None:
    with installed(tmp_path) as at:
        api, before = at.api, at.stash.library()
        synced = api.synced()
        assert synced["result"]["created"] == 60
        listed = api.get("/scenes", size=25, sort="id")
        assert (listed["total"], listed["pages"], len(listed["items"])) == (60, 3, 25)
        assert [item["id"] for item in listed["items"]] == [str(i) for i in range(1, 26)]

        plan = api.plan_made(name="first")
        assert (plan["status"], plan["name"]) == ("reviewing", "first")
        changes = api.changes(plan["id"])
        assert plan["changes"] == len(changes) == plan["counts"]["proposed"] > 60
        assert {int(change["scene_id"]) for change in changes} == set(range(31, 61))
        assert differences(before, at.stash.library()) == {}

        wanted = {"min_confidence": 0.5, "field": ["title", "date", "studio"]}
        tried = api.decide(plan["id"], "accepted", filter=wanted, dry_run=True)
        assert api.plan(plan["id"])["counts"]["proposed"] == len(changes)
        assert api.decide(plan["id"], "accepted", filter=wanted) == tried
        by_field = Counter(c["field"] for c in changes if c["field"] in wanted["field"])
        assert tried["by_field"] == by_field

        result = api.applied(plan["id"])
        assert result["applied"] == tried["updated"]
        assert (result["already"], result["conflicts"], result["failed"]) == (0, 0, 0)
        _check_written(at.stash.scenes(), api.changes(plan["id"], status="applied"))
        assert set(at.stash.written().values()) == {1}

        after_apply = at.stash.library()
        at.stash.edit("31", title="Somebody's own title")
        at.stash.edit("32", tag_ids=[4], rating100=80)
        at.stash.edit("5", details="Not ours at all")
        undone = api.undone(plan["id"])
        assert undone["conflicts"] == 1
        assert undone["undone"] == result["applied"] - 1
        assert api.plan(plan["id"])["counts"]["undo_conflict"] == 1

        left = differences(before, at.stash.library())
        assert left.keys() == {"scenes/31", "scenes/32", "scenes/5"}
        assert left["scenes/31"][1] == {**left["scenes/31"][0], "title": "Somebody's own title"}
        assert left["scenes/32"][1] == {**left["scenes/32"][0], "tag_ids": [4], "rating100": 80}
        assert left["scenes/5"][1]["details"] == "Not ours at all"
        assert differences(after_apply, at.stash.library()).keys() >= {"scenes/33", "scenes/60"}


def _check_written(scenes: dict[str, dict[str, object]], changes: list[dict[str, object]]) -> None:
    for change in changes:
        scene, value = scenes[str(change["scene_id"])], change["proposed"]
        if change["field"] == "studio":
            assert isinstance(value, dict)
            assert scene["studio_id"] == int(value["id"])
        else:
            assert scene[str(change["field"])] == value
        assert change["outcome"] == "sent"


def test_a_second_sync_of_an_unchanged_library_changes_nothing(tmp_path: Path) -> None:
    with installed(tmp_path) as at:
        at.api.synced()
        result = at.api.synced("incremental")["result"]
        assert (result["created"], result["updated"], result["deleted"]) == (0, 0, 0)
        at.stash.remove("7")
        at.stash.edit("8", title="Another")
        result = at.api.synced("incremental")["result"]
        assert (result["created"], result["updated"], result["deleted"]) == (0, 1, 1)
        assert at.api.get("/scenes/8")["title"] == "Another"
        assert at.api.get("/scenes/7")["deleted"] is True
        assert at.api.get("/scenes")["total"] == 59
