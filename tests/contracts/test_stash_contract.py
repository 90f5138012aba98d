"""Lists and changes of scenes, as every Stash does them: the sample's and a real one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contracts.speaking import Speaker, ids_of

NOBODY = "99999999"


# --- lists --------------------------------------------------------------------------------------


async def test_a_keyset_walk_sees_every_scene_once_in_id_order(stash: Speaker) -> None:
    made = [await stash.scene() for _ in range(5)]
    last, seen = 0, []
    while True:
        found = await stash.page(
            {"id": {"value": last, "modifier": "GREATER_THAN"}}, sort="id", per_page=2
        )
        if not found["ids"]:
            break
        seen += found["ids"]
        last = int(found["ids"][-1])
    assert seen == sorted(seen, key=int)
    assert seen[-5:] == made
    assert len(seen) == (await stash.page(per_page=0))["count"]


async def test_no_scene_a_page_still_counts(stash: Speaker) -> None:
    await stash.scene()
    found = await stash.page(per_page=0)
    assert found["ids"] == []
    assert found["count"] >= 1


async def test_a_negative_page_size_means_all(stash: Speaker) -> None:
    for _ in range(26):
        await stash.scene()
    found = await stash.page(per_page=-1, sort="id")
    assert len(found["ids"]) == found["count"] >= 26


async def test_a_page_has_25_scenes_unless_asked_otherwise(stash: Speaker) -> None:
    for _ in range(26):
        await stash.scene()
    assert len((await stash.page(sort="id"))["ids"]) == 25


async def test_pages_count_from_one_and_may_run_backwards(stash: Speaker) -> None:
    made = [await stash.scene() for _ in range(3)]
    newest: dict[str, Any] = {"sort": "id", "direction": "DESC", "per_page": 2}
    assert (await stash.page(page=0, **newest))["ids"] == [made[2], made[1]]
    assert (await stash.page(page=1, **newest))["ids"] == [made[2], made[1]]
    assert (await stash.page(page=2, **newest))["ids"][0] == made[0]


async def test_no_ids_is_no_selection(stash: Speaker) -> None:
    await stash.scene()
    everything = (await stash.page())["count"]
    found = (await stash.ask("{findScenes(ids:[]){count}}"))["findScenes"]
    assert found["count"] == everything


async def test_scenes_come_in_the_order_of_the_ids_asked_for(stash: Speaker) -> None:
    one, two = await stash.scene(), await stash.scene()
    answer = await stash.ask(f"{{findScenes(ids:[{two},{one}]){{count scenes{{id}}}}}}")
    assert [scene["id"] for scene in answer["findScenes"]["scenes"]] == [two, one]
    assert answer["findScenes"]["count"] == 2


async def test_one_missing_id_refuses_the_whole_query(stash: Speaker) -> None:
    one = await stash.scene()
    response = await stash.post(f"{{findScenes(ids:[{one},{NOBODY}]){{count}}}}")
    answer = response.json()
    assert (response.status_code, answer["data"]) == (200, None)
    assert answer["errors"][0]["message"] == f"scene with id {NOBODY} not found"
    assert answer["errors"][0]["path"] == ["findScenes"]


async def test_one_id_twice_is_refused(stash: Speaker) -> None:
    one = await stash.scene()
    message = await stash.refusal(f"{{findScenes(ids:[{one},{one}]){{count}}}}")
    named = f"validating ids: duplicate id found: {one}"
    assert message == (named if stash.release >= 28 else f"scene with id {one} not found")


async def test_a_missing_scene_is_null_and_no_error(stash: Speaker) -> None:
    assert await stash.ask(f"{{findScene(id:{NOBODY}){{id}}}}") == {"findScene": None}


async def test_an_id_that_is_no_number_is_refused(stash: Speaker) -> None:
    message = await stash.refusal('{findScene(id:"abc"){id}}')
    assert message == 'strconv.Atoi: parsing "abc": invalid syntax'


async def test_an_unknown_sort_is_refused(stash: Speaker) -> None:
    message = await stash.refusal('{findScenes(filter:{sort:"nope"}){scenes{id}}}')
    wanted = "invalid sort: nope" if stash.release >= 26 else "no such column: scenes.nope"
    assert wanted in message


@pytest.mark.parametrize(
    ("modifier", "inside"),
    [("EQUALS", [1]), ("NOT_EQUALS", [0, 2]), ("GREATER_THAN", [2]), ("BETWEEN", [1, 2])],
)
async def test_ids_compare_as_numbers(stash: Speaker, modifier: str, inside: list[int]) -> None:
    made = [await stash.scene() for _ in range(3)]
    criterion = {"value": int(made[1]), "value2": int(made[2]), "modifier": modifier}
    found = await stash.page({"id": criterion}, sort="id", per_page=-1)
    assert [i for i in found["ids"] if i in made] == [made[place] for place in inside]


async def test_filters_hold_together_and_nest(stash: Speaker) -> None:
    tag = await stash.entity("tag", "filter")
    one = await stash.scene(title="alpha", tag_ids=[tag], organized=True)
    two = await stash.scene(title="beta", tag_ids=[tag])
    tagged = {"tags": {"value": [tag], "modifier": "INCLUDES"}}
    beta = {"title": {"value": "%beta", "modifier": "EQUALS"}}
    assert set((await stash.page(tagged))["ids"]) == {one, two}
    assert (await stash.page({**tagged, "organized": True}))["ids"] == [one]
    assert (await stash.page({**tagged, "NOT": beta}))["ids"] == [one]
    assert (await stash.page({**tagged, "AND": beta}))["ids"] == [two]
    assert (await stash.page({**tagged, "is_missing": "studio"}))["count"] == 2


# --- times --------------------------------------------------------------------------------------


async def test_times_are_whole_seconds_in_the_servers_own_zone(stash: Speaker) -> None:
    text = (await stash.look(await stash.scene()))["updated_at"]
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() is not None
    assert text == moment.isoformat().replace("+00:00", "Z")


async def test_times_compare_as_text_so_the_local_wall_clock_is_what_counts(
    stash: Speaker,
) -> None:
    scene = await stash.scene()
    text = (await stash.look(scene))["updated_at"]

    async def newer_than(value: str) -> bool:
        criterion = {"value": value, "modifier": "GREATER_THAN"}
        found = await stash.page({"updated_at": criterion}, per_page=-1, sort="id")
        return scene in found["ids"]

    wall = text[:19]
    moment = datetime.fromisoformat(text)
    later = (moment.replace(tzinfo=None) + timedelta(seconds=1)).isoformat()
    assert await newer_than(wall)
    assert not await newer_than(text)
    assert not await newer_than(later)
    assert await newer_than(wall[:10])
    assert await newer_than("")
    assert not await newer_than("garbage")


# --- sceneUpdate --------------------------------------------------------------------------------


async def test_an_absent_field_is_kept(stash: Speaker) -> None:
    tag, studio = await stash.entity("tag", "kept"), await stash.entity("studio", "kept")
    scene = await stash.scene(tag_ids=[tag], studio_id=studio, rating100=40, date="2020-01-02")
    after = await stash.update(scene, details="new")
    assert (after["details"], after["date"], after["rating100"]) == ("new", "2020-01-02", 40)
    assert after["studio"] == {"id": studio}
    assert ids_of(after["tags"]) == {tag}


async def test_a_null_wipes_scalars_and_whole_relationships(stash: Speaker) -> None:
    tag, performer = await stash.entity("tag", "wiped"), await stash.entity("performer", "wiped")
    studio = await stash.entity("studio", "wiped")
    scene = await stash.scene(
        tag_ids=[tag],
        performer_ids=[performer],
        studio_id=studio,
        date="2020-01-02",
        rating100=20,
        urls=["https://example.org/a"],
        details="gone soon",
    )
    fields = ("tag_ids", "performer_ids", "studio_id", "date", "rating100", "urls", "details")
    after = await stash.update(scene, **dict.fromkeys(fields))
    assert (after["tags"], after["performers"], after["urls"]) == ([], [], [])
    assert (after["studio"], after["date"], after["rating100"]) == (None, None, None)
    assert after["details"] == ""


async def test_an_undefined_variable_inside_an_inline_object_wipes_too(stash: Speaker) -> None:
    tag = await stash.entity("tag", "inline")
    scene = await stash.scene(tag_ids=[tag])
    await stash.ask(f"mutation($t:[ID!]){{sceneUpdate(input:{{id:{scene},tag_ids:$t}}){{id}}}}")
    assert (await stash.look(scene))["tags"] == []


async def test_an_undefined_variable_that_is_a_whole_argument_is_absent(stash: Speaker) -> None:
    await stash.scene()
    answer = await stash.ask("query($f:FindFilterType){findScenes(filter:$f){scenes{id}}}")
    assert answer["findScenes"]["scenes"]


async def test_ids_may_come_twice_in_a_mutation(stash: Speaker) -> None:
    tag = await stash.entity("tag", "twice")
    after = await stash.update(await stash.scene(), tag_ids=[tag, tag])
    assert after["tags"] == [{"id": tag}]


async def test_even_an_empty_update_moves_updated_at(stash: Speaker) -> None:
    scene = await stash.scene()
    before = (await stash.look(scene))["updated_at"]
    after = await stash.let_a_second_pass(scene)
    assert datetime.fromisoformat(after) > datetime.fromisoformat(before)


async def test_a_scene_without_files_needs_a_title(stash: Speaker) -> None:
    needed = "title must be set if scene has no files"
    assert await stash.refused_update(await stash.scene(), title=None) == needed
    document = "mutation($i:SceneCreateInput!){sceneCreate(input:$i){id}}"
    assert await stash.refusal(document, i={}) == needed


async def test_texts_are_trimmed_from_030_on(stash: Speaker) -> None:
    after = await stash.update(await stash.scene(), details=" a\n b ")
    assert after["details"] == ("a\n b" if stash.release >= 30 else " a\n b ")


@pytest.mark.parametrize("date", ["2024", "2024-05"])
async def test_partial_dates_are_taken_from_030_on(stash: Speaker, date: str) -> None:
    scene = await stash.scene()
    if stash.release >= 30:
        assert (await stash.update(scene, date=date))["date"] == date
    else:
        assert "ParseDateStringAsTime failed" in await stash.refused_update(scene, date=date)


@pytest.mark.parametrize("date", ["20-20", "2023-02-30", "2024-5-7", "yesterday"])
async def test_what_is_no_date_is_refused(stash: Speaker, date: str) -> None:
    message = await stash.refused_update(await stash.scene(), date=date)
    opening = f'failed to parse date "{date}"' if stash.release >= 30 else "ParseDateStringAsTime"
    assert message.startswith(f"converting date: {opening}")


async def test_a_moment_is_taken_as_its_date(stash: Speaker) -> None:
    after = await stash.update(await stash.scene(), date="2024-05-07T10:00:00Z")
    assert after["date"] == "2024-05-07"


async def test_organized_cannot_be_null(stash: Speaker) -> None:
    message = await stash.refused_update(await stash.scene(), organized=None)
    assert "null value not allowed in optional bool" in message


async def test_an_empty_studio_id_is_no_null(stash: Speaker) -> None:
    message = await stash.refused_update(await stash.scene(), studio_id="")
    assert message.startswith("converting studio id: ")


@pytest.mark.parametrize("field", ["studio_id", "tag_ids", "performer_ids"])
async def test_a_link_to_nothing_breaks_the_foreign_key(stash: Speaker, field: str) -> None:
    scene = await stash.scene()
    given = {field: NOBODY if field == "studio_id" else [NOBODY]}
    message = await stash.refused_update(scene, details="never written", **given)
    assert message.endswith("FOREIGN KEY constraint failed")
    assert (await stash.look(scene))["details"] == ""


async def test_updating_a_missing_scene_says_that_it_is_gone(stash: Speaker) -> None:
    assert await stash.refused_update(NOBODY) == f"scene with id {NOBODY} not found"


async def test_stash_ids_are_replaced_as_a_whole(stash: Speaker) -> None:
    scene = await stash.scene()
    one = {"endpoint": "https://one.example", "stash_id": "a"}
    two = {"endpoint": "https://two.example", "stash_id": "b"}
    await stash.update(scene, stash_ids=[one])
    assert (await stash.update(scene, stash_ids=[two]))["stash_ids"] == [two]


async def test_several_inputs_are_all_or_nothing(stash: Speaker) -> None:
    one, two = await stash.scene(), await stash.scene()
    document = "mutation($i:[SceneUpdateInput!]!){scenesUpdate(input:$i){id details}}"
    bad = [{"id": one, "details": "x"}, {"id": NOBODY, "details": "y"}]
    assert await stash.refusal(document, i=bad) == f"scene with id {NOBODY} not found"
    assert (await stash.look(one))["details"] == ""
    good = [{"id": one, "details": "x"}, {"id": two, "details": "y"}]
    answer = await stash.ask(document, i=good)
    assert [row["details"] for row in answer["scenesUpdate"]] == ["x", "y"]


async def test_a_mutation_after_a_failed_one_is_executed(stash: Speaker) -> None:
    scene = await stash.scene()
    response = await stash.post(
        f"mutation{{a:tagDestroy(input:{{id:{NOBODY}}})"
        f'b:sceneUpdate(input:{{id:{scene},details:"done"}}){{id}}}}'
    )
    assert response.json()["data"] is None
    assert (await stash.look(scene))["details"] == "done"


# --- bulkSceneUpdate ----------------------------------------------------------------------------


async def test_lists_of_a_bulk_update_are_steps(stash: Speaker) -> None:
    one, two = await stash.entity("tag", "one"), await stash.entity("tag", "two")
    scene = await stash.scene()

    async def tags(mode: str, *ids: str) -> set[str]:
        after = await stash.bulk(scene, tag_ids={"ids": ids, "mode": mode})
        return ids_of(after[0]["tags"])

    assert await tags("ADD", one) == {one}
    assert await tags("ADD", one, two) == {one, two}
    assert await tags("REMOVE", one) == {two}
    assert await tags("REMOVE", one, NOBODY) == {two}
    assert await tags("SET", one) == {one}
    assert await tags("SET") == set()


async def test_a_null_list_of_a_bulk_update_is_no_step(stash: Speaker) -> None:
    tag = await stash.entity("tag", "stays")
    scene = await stash.scene(tag_ids=[tag])
    after = await stash.bulk(scene, tag_ids=None, performer_ids=None)
    assert ids_of(after[0]["tags"]) == {tag}
    after = await stash.bulk(scene, tag_ids={"mode": "ADD"})
    assert ids_of(after[0]["tags"]) == {tag}


async def test_urls_of_a_bulk_update_are_steps_too(stash: Speaker) -> None:
    scene = await stash.scene(urls=["https://example.org/a"])
    step = {"values": ["https://example.org/b"], "mode": "ADD"}
    after = await stash.bulk(scene, urls=step)
    assert after[0]["urls"] == ["https://example.org/a", "https://example.org/b"]


async def test_scalars_of_a_bulk_update_are_kept_set_or_cleared(stash: Speaker) -> None:
    studio = await stash.entity("studio", "bulk")
    scene = await stash.scene(date="2020-01-02", rating100=60)
    (after,) = await stash.bulk(scene, studio_id=studio, details="d", organized=True)
    assert (after["date"], after["rating100"], after["organized"]) == ("2020-01-02", 60, True)
    assert (after["studio"], after["details"]) == ({"id": studio}, "d")
    (after,) = await stash.bulk(scene, studio_id=None, date=None, rating100=None, details=None)
    assert (after["studio"], after["date"], after["rating100"]) == (None, None, None)
    assert after["details"] == ""


async def test_a_bulk_update_answers_in_the_order_of_its_ids(stash: Speaker) -> None:
    one, two = await stash.scene(), await stash.scene()
    after = await stash.bulk(two, one, details="both")
    assert [row["id"] for row in after] == [two, one]


async def test_a_bulk_update_of_nothing_is_null_without_an_error(stash: Speaker) -> None:
    assert await stash.bulk(details="nobody") is None


async def test_a_missing_scene_fails_the_whole_bulk_update(stash: Speaker) -> None:
    scene = await stash.scene()
    message = await stash.refused_bulk(scene, NOBODY, details="never written")
    assert message == "sql: no rows in result set"
    assert (await stash.look(scene))["details"] == ""


async def test_a_link_to_nothing_fails_the_whole_bulk_update(stash: Speaker) -> None:
    one, two = await stash.scene(), await stash.scene()
    step = {"ids": [NOBODY], "mode": "ADD"}
    message = await stash.refused_bulk(one, two, details="never written", tag_ids=step)
    assert message.endswith("FOREIGN KEY constraint failed")
    assert (await stash.look(one))["details"] == ""


async def test_ids_of_removed_scenes_are_not_used_again(stash: Speaker) -> None:
    gone = await stash.scene()
    await stash.destroy("scene", gone)
    assert int(await stash.scene()) > int(gone)
    message = await stash.refusal(f"mutation{{sceneDestroy(input:{{id:{gone}}})}}")
    assert message == f"scene with id {gone} not found"
