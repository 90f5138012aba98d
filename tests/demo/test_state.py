"""What the sample Stash does that only its own state can show or bring about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import trio

from stashhog.demo import SampleLibrary, SampleStash, StashOptions, generate_library
from stashhog.demo.library import SampleFile
from stashhog.demo.loading import file_row
from stashhog.demo.rows import RefusedError, SceneRow
from tests.demo.conftest import Talk


def _stash(scenes: int = 30, zone: str = "UTC") -> SampleStash:
    moment = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    return SampleStash(generate_library(scenes), StashOptions(zone=zone, time=lambda: moment))


# --- times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-01-31T23:59:00Z"),
        ("Europe/London", "2026-01-31T23:59:00Z"),
        ("Asia/Kolkata", "2026-02-01T05:29:00+05:30"),
        ("America/Los_Angeles", "2026-01-31T15:59:00-08:00"),
    ],
)
def test_times_are_written_in_the_servers_zone(zone: str, text: str) -> None:
    state = _stash(zone=zone).state
    assert state.now() == text
    assert state.create_scene({"title": "x"}).updated_at == text


def test_a_hour_that_comes_twice_hides_the_second_pass_from_a_watermark() -> None:
    passes = iter(
        (datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 20, tzinfo=UTC))
    )
    moments = [next(passes), next(passes)]
    now = [moments[0]]
    stash = SampleStash(SampleLibrary(), StashOptions(zone="Europe/Berlin", time=lambda: now[0]))
    first = stash.state.create_scene({"title": "first pass"})
    now[0] = moments[1]
    second = stash.state.create_scene({"title": "second pass"})
    assert second.updated_at < first.updated_at
    newer = {"updated_at": {"value": first.updated_at[:19], "modifier": "GREATER_THAN"}}
    assert stash.state.find_scenes(newer).rows == [first]


def test_moving_a_file_moves_only_the_files_own_time() -> None:
    state = _stash().state
    scene = state.scenes[3]
    before = scene.updated_at
    state.move_files([str(scene.files[0].id)], "/media/elsewhere/", "named.mkv")
    assert scene.files[0].path == "/media/elsewhere/named.mkv"
    assert scene.updated_at == before
    assert scene.files[0].updated_at == state.now()
    moved = {"value": "2026", "modifier": "GREATER_THAN"}
    assert state.find_scenes({"files_filter": {"updated_at": moved}}).rows == [scene]
    assert state.find_scenes({"updated_at": moved}).rows == []


def test_moving_a_file_that_is_gone_is_refused() -> None:
    with pytest.raises(RefusedError, match="file with id 9999 not found"):
        _stash().state.move_files(["9999"], "/media", None)


# --- order --------------------------------------------------------------------------------------


def test_scenes_have_no_order_without_a_sort() -> None:
    state = _stash(200).state
    pages = [
        [scene.id for scene in state.find_scenes({}, {"page": page, "per_page": 50}).rows]
        for page in (1, 2, 3, 4)
    ]
    seen = [scene_id for page in pages for scene_id in page]
    assert len(seen) == 200
    assert len(set(seen)) < 200


# --- dangling links -----------------------------------------------------------------------------


async def test_a_tag_deleted_meanwhile_nulls_the_whole_page(talk: Talk) -> None:
    talk.stash.state.scenes[7].tag_ids.append(4711)
    query = '{findScenes(filter:{sort:"id"}){scenes{id tags{id}}}}'
    response = await talk.post(query)
    answer = response.json()
    assert (response.status_code, answer["data"]) == (200, None)
    (error,) = answer["errors"]
    assert error["message"] == "tag with id 4711 not found"
    assert error["path"] == ["findScenes", "scenes", 6, "tags"]
    talk.stash.state.scenes[7].tag_ids.remove(4711)
    assert len((await talk.ask(query))["findScenes"]["scenes"]) == 25


async def test_a_studio_deleted_meanwhile_nulls_only_itself(talk: Talk) -> None:
    talk.stash.state.scenes[7].studio_id = 4711
    answer = (await talk.post("{findScene(id:7){id studio{id}}}")).json()
    assert answer["data"] == {"findScene": {"id": "7", "studio": None}}
    assert answer["errors"][0]["path"] == ["findScene", "studio"]


# --- counting -----------------------------------------------------------------------------------


async def test_executed_and_refused_mutations_are_told_apart(talk: Talk) -> None:
    bulk = "mutation($i:BulkSceneUpdateInput!){bulkSceneUpdate(input:$i){id}}"
    given = {"ids": ["3", "4"], "tag_ids": {"ids": ["1"], "mode": "ADD"}}
    await talk.post(bulk, i=given)
    await talk.post(bulk, i={"ids": ["999"]})
    state = talk.stash.state
    (done,) = state.mutations
    assert (done.operation, done.scene_ids, done.input) == ("bulkSceneUpdate", ("3", "4"), given)
    (refused,) = state.refused
    assert (refused.scene_ids, refused.error) == (("999",), "sql: no rows in result set")


async def test_every_request_is_noted_with_what_it_carried(talk: Talk) -> None:
    query = "query Look($id:ID!){findScene(id:$id){id}}"
    await talk.post(query, id="3")
    await talk.post("not GraphQL at all {")
    await talk.http.get(talk.url + "/scene/3/screenshot")
    look, broken, picture = talk.stash.asked
    assert (look.query, look.operation, look.variables) == (query, "Look", {"id": "3"})
    assert look.root_fields == {"findScene"}
    assert look.headers["accept"] == "application/json"
    assert (broken.root_fields, picture.path) == (frozenset(), "/scene/3/screenshot")


async def test_uses_elsewhere_can_be_set(talk: Talk) -> None:
    talk.stash.state.tags.rows[1].other_uses["image_count"] = 3
    answer = await talk.ask("{findTag(id:1){image_count gallery_count}}")
    assert answer["findTag"] == {"image_count": 3, "gallery_count": 0}


async def test_a_scan_brings_in_what_has_arrived(talk: Talk) -> None:
    state = talk.stash.state
    file = file_row(SampleFile("/media/inbox/new.mp4", 60.0, 1920, 1080, 25.0), 0, state.now())
    state.arrivals.append(SceneRow(0, "", "", files=[file]))
    with talk.stash.jobs.watch() as events:
        await talk.ask("mutation{metadataScan(input:{})}")
        with trio.fail_after(30):
            async for event in events:
                if event.subscription == "scanCompleteSubscribe":
                    break
    answer = await talk.ask(
        '{findScenes(filter:{sort:"id",direction:DESC,per_page:1}){scenes{id files{path}}}}'
    )
    assert answer["findScenes"]["scenes"] == [
        {"id": "31", "files": [{"path": "/media/inbox/new.mp4"}]}
    ]


async def test_a_waiting_scan_can_be_stopped(talk: Talk) -> None:
    answer = await talk.ask(
        "mutation{a:metadataScan(input:{}) b:metadataScan(input:{}) stopJob(job_id:2)}"
    )
    assert answer == {"a": "1", "b": "2", "stopJob": True}
    found = await talk.ask("{findJob(input:{id:2}){status}}")
    assert found["findJob"] == {"status": "CANCELLED"}


# --- doors --------------------------------------------------------------------------------------


async def test_an_open_stash_locks_itself_for_good_when_it_is_seen_from_outside(
    talk: Talk,
) -> None:
    inside, outside = {"X-Forwarded-For": "10.0.0.5"}, {"X-Forwarded-For": "8.8.8.8, 10.0.0.5"}
    url = talk.url + "/login"
    statuses = [
        (await talk.http.get(url, headers=headers)).status_code
        for headers in (inside, outside, inside, {})
    ]
    assert statuses == [200, 403, 403, 403]
    assert (await talk.post("{version{version}}")).status_code == 403
    assert (await talk.http.get(talk.url + "/healthz")).status_code == 200


def test_options_do_not_show_the_key() -> None:
    assert "open sesame" not in repr(StashOptions(api_key="open sesame"))


# --- damage -------------------------------------------------------------------------------------


async def test_a_null_where_none_may_be_nulls_what_holds_it(talk: Talk) -> None:
    talk.stash.state.scenes[2].updated_at = None  # type: ignore[assignment]  # damage is the point
    answer = (await talk.post("{findScene(id:2){id updated_at}}")).json()
    assert answer["data"] == {"findScene": None}
    assert answer["errors"] == [
        {"message": "must not be null", "path": ["findScene", "updated_at"]}
    ]
