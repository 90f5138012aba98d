"""Performers, tags and studios, as every Stash does them: the sample's and a real one."""

from __future__ import annotations

import pytest

from tests.contracts.speaking import Speaker, ids_of

NOBODY = "99999999"
KINDS = ("performer", "tag", "studio")
SHARED = ("tag", "studio")
"""The kinds whose names and aliases share one namespace."""


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_taken_name_is_refused_in_any_case(stash: Speaker, kind: str) -> None:
    await stash.entity(kind, "Taken")
    message = await stash.refused_entity(kind, "tAKEN")
    assert message == f"{kind} with name '{stash.prefix}tAKEN' already exists"


@pytest.mark.parametrize("kind", SHARED)
async def test_a_name_that_is_an_alias_is_refused(stash: Speaker, kind: str) -> None:
    await stash.entity(kind, "One", aliases=[stash.prefix + "also"])
    message = await stash.refused_entity(kind, "ALSO")
    assert message == f"name '{stash.prefix}ALSO' is used as alias for '{stash.prefix}One'"


@pytest.mark.parametrize("kind", SHARED)
async def test_an_alias_that_is_a_name_or_an_alias_is_refused(stash: Speaker, kind: str) -> None:
    await stash.entity(kind, "One", aliases=[stash.prefix + "also"])
    message = await stash.refused_entity(kind, "Two", aliases=[stash.prefix + "one"])
    assert message == f"{kind} with name '{stash.prefix}one' already exists"
    message = await stash.refused_entity(kind, "Two", aliases=[stash.prefix + "also"])
    assert message == f"name '{stash.prefix}also' is used as alias for '{stash.prefix}One'"


@pytest.mark.parametrize("kind", SHARED)
async def test_an_alias_given_twice_is_refused(stash: Speaker, kind: str) -> None:
    message = await stash.refused_entity(kind, "One", aliases=[stash.prefix + "x"] * 2)
    assert message.endswith(f"UNIQUE constraint failed: {kind}_aliases.alias")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_underscore_in_a_new_name_stands_for_any_letter(stash: Speaker, kind: str) -> None:
    await stash.entity(kind, "a-b")
    message = await stash.refused_entity(kind, "a_b")
    assert message == f"{kind} with name '{stash.prefix}a_b' already exists"
    await stash.entity(kind, "c_d")
    await stash.entity(kind, "c-d")


@pytest.mark.parametrize("kind", KINDS)
async def test_name_filters_take_wildcards_and_ascii_case(stash: Speaker, kind: str) -> None:
    for name in ("c_d", "c-d", "été"):
        await stash.entity(kind, name)
    assert await stash.names(kind, "name", "C_D") == {"c_d", "c-d"}
    assert await stash.names(kind, "name", "c-d") == {"c-d"}
    assert await stash.names(kind, "name", "%") == {"c_d", "c-d", "été"}
    assert await stash.names(kind, "name", "ÉTÉ") == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_alias_filters_take_wildcards_too(stash: Speaker, kind: str) -> None:
    aliases = "alias_list" if kind == "performer" else "aliases"
    await stash.entity(kind, "One", **{aliases: [stash.prefix + "al-so"]})
    assert await stash.names(kind, "aliases", "AL_SO") == {"One"}
    assert await stash.names(kind, "aliases", "al-s") == set()


async def test_performers_may_share_a_name_with_another_disambiguation(stash: Speaker) -> None:
    await stash.entity("performer", "Same")
    await stash.entity("performer", "Same", disambiguation="younger")
    message = await stash.refused_entity("performer", "Same", disambiguation="Younger")
    wanted = f"performer with name '{stash.prefix}Same' and disambiguation 'Younger' already exists"
    assert message == wanted


async def test_performers_may_share_aliases_but_not_within_one(stash: Speaker) -> None:
    alias = stash.prefix + "Both"
    await stash.entity("performer", "One", alias_list=[alias])
    await stash.entity("performer", "Two", alias_list=[alias, stash.prefix + "One"])
    twice = [alias, alias.upper()]
    message = await stash.refused_entity("performer", "Three", alias_list=twice)
    assert message == f"performer contains duplicate alias '{alias.upper()}'"
    own = stash.prefix + "three"
    message = await stash.refused_entity("performer", "Three", alias_list=[own])
    assert message == f"performer contains duplicate alias '{own}'"


@pytest.mark.parametrize("kind", ["performer", "tag"])
async def test_blank_names_are_refused_from_030_on(stash: Speaker, kind: str) -> None:
    document = f"mutation($i:{kind.title()}CreateInput!){{{kind}Create(input:$i){{id}}}}"
    blank = " " * (1 + int(stash.prefix[2:6], 16) % 1000)
    if stash.release >= 30:
        message = await stash.refusal(document, i={"name": blank})
        assert message == f"{kind} name must not be blank"
    else:
        made = (await stash.ask(document, i={"name": blank}))[f"{kind}Create"]["id"]
        stash.made.append((kind, made))


async def test_a_studio_without_a_name_is_refused(stash: Speaker) -> None:
    document = "mutation($i:StudioCreateInput!){studioCreate(input:$i){id}}"
    assert await stash.refusal(document, i={"name": ""}) == "studio name must not be blank"


# --- lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_all_come_by_id_in_one_page(stash: Speaker, kind: str) -> None:
    made = [await stash.entity(kind, name) for name in ("b", "c", "a")]
    plural = f"{kind}s"
    field = "alias_list" if kind == "performer" else "aliases"
    answer = await stash.ask(
        f'{{find{plural.title()}(filter:{{sort:"id",per_page:-1}})'
        f"{{count {plural}{{id name {field} ignore_auto_tag created_at updated_at}}}}}}"
    )
    found = answer[f"find{plural.title()}"]
    ids = [row["id"] for row in found[plural]]
    assert ids == sorted(ids, key=int)
    assert ids[-3:] == made
    assert found["count"] == len(ids)


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_sort_they_come_by_name(stash: Speaker, kind: str) -> None:
    for name in ("b", "C", "a"):
        await stash.entity(kind, name)
    plural = f"{kind}s"
    answer = await stash.ask(
        f"query($v:String!){{find{plural.title()}({kind}_filter:"
        f"{{name:{{value:$v,modifier:EQUALS}}}}){{{plural}{{name}}}}}}",
        v=stash.prefix + "%",
    )
    names = [row["name"] for row in answer[f"find{plural.title()}"][plural]]
    assert names == [stash.prefix + name for name in ("a", "b", "C")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_missing_one_is_null_and_no_error(stash: Speaker, kind: str) -> None:
    field = f"find{kind.title()}"
    assert await stash.ask(f"{{{field}(id:{NOBODY}){{id}}}}") == {field: None}


@pytest.mark.parametrize("kind", KINDS)
async def test_auto_tag_can_be_told_to_ignore_one(stash: Speaker, kind: str) -> None:
    made = await stash.entity(kind, "ignored", ignore_auto_tag=True)
    field = f"find{kind.title()}"
    answer = await stash.ask(f"{{{field}(id:{made}){{ignore_auto_tag}}}}")
    assert answer[field] == {"ignore_auto_tag": True}


async def test_uses_are_counted_for_every_kind_of_object(stash: Speaker) -> None:
    tag, performer = await stash.entity("tag", "used"), await stash.entity("performer", "used")
    studio = await stash.entity("studio", "used")
    await stash.scene(tag_ids=[tag], performer_ids=[performer], studio_id=studio)
    newer = "group_count" if stash.release >= 27 else ""
    common = f"scene_count image_count gallery_count performer_count {newer}"
    answer = await stash.ask(
        f"{{findTag(id:{tag}){{{common} scene_marker_count child_count}}"
        f"findPerformer(id:{performer}){{{common}}}"
        f"findStudio(id:{studio}){{{common} child_studios{{id}}}}}}"
    )
    answer["findStudio"].pop("performer_count")
    for counts in answer.values():
        assert counts.pop("scene_count") == 1
        assert not any(counts.values())


# --- hierarchies --------------------------------------------------------------------------------


async def test_tags_have_parents_and_no_loops(stash: Speaker) -> None:
    top = await stash.entity("tag", "top")
    below = await stash.entity("tag", "below", parent_ids=[top])
    answer = await stash.ask(
        f"{{a:findTag(id:{below}){{parents{{id}} parent_count}}"
        f"b:findTag(id:{top}){{children{{id}} child_count}}}}"
    )
    assert answer == {
        "a": {"parents": [{"id": top}], "parent_count": 1},
        "b": {"children": [{"id": below}], "child_count": 1},
    }
    document = "mutation($i:TagUpdateInput!){tagUpdate(input:$i){id}}"
    message = await stash.refusal(document, i={"id": top, "parent_ids": [below]})
    assert message.startswith(f'cannot apply tag "{stash.prefix}below" as a parent of')


async def test_studios_have_a_parent_and_no_loops(stash: Speaker) -> None:
    top = await stash.entity("studio", "top")
    below = await stash.entity("studio", "below", parent_id=top)
    answer = await stash.ask(f"{{findStudio(id:{below}){{parent_studio{{id}}}}}}")
    assert answer["findStudio"] == {"parent_studio": {"id": top}}
    document = "mutation($i:StudioUpdateInput!){studioUpdate(input:$i){id}}"
    message = await stash.refusal(document, i={"id": top, "parent_id": below})
    assert message == "studio cannot be an ancestor of itself"
    await stash.destroy("studio", top)
    answer = await stash.ask(f"{{findStudio(id:{below}){{parent_studio{{id}}}}}}")
    assert answer["findStudio"] == {"parent_studio": None}


async def test_a_parent_that_does_not_exist_breaks_the_foreign_key(stash: Speaker) -> None:
    message = await stash.refused_entity("tag", "orphan", parent_ids=[NOBODY])
    assert message.endswith("FOREIGN KEY constraint failed")
    message = await stash.refused_entity("studio", "orphan", parent_id=NOBODY)
    assert message.endswith("FOREIGN KEY constraint failed")


async def test_scenes_of_tags_below_count_by_depth(stash: Speaker) -> None:
    top = await stash.entity("tag", "top")
    below = await stash.entity("tag", "below", parent_ids=[top])
    await stash.scene(tag_ids=[below])
    answer = await stash.ask(f"{{findTag(id:{top}){{own:scene_count all:scene_count(depth:-1)}}}}")
    assert answer["findTag"] == {"own": 0, "all": 1}
    found = {}
    for depth in (0, -1):
        criterion = {"value": [top], "modifier": "INCLUDES", "depth": depth}
        found[depth] = (await stash.page({"tags": criterion}))["count"]
    assert found == {0: 0, -1: 1}


# --- changes, and what does not move a scene's updated_at ---------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_changing_a_missing_one_says_that_it_is_gone(stash: Speaker, kind: str) -> None:
    document = f"mutation($i:{kind.title()}UpdateInput!){{{kind}Update(input:$i){{id}}}}"
    message = await stash.refusal(document, i={"id": NOBODY, "name": "nobody"})
    assert message == f"{kind} with id {NOBODY} not found"
    message = await stash.refusal(f"mutation{{{kind}Destroy(input:{{id:{NOBODY}}})}}")
    assert message == f"id {NOBODY} does not exist in {kind}s"


@pytest.mark.parametrize("kind", KINDS)
async def test_renaming_one_leaves_its_scenes_alone(stash: Speaker, kind: str) -> None:
    entity = await stash.entity(kind, "before")
    given = {"studio_id": entity} if kind == "studio" else {f"{kind}_ids": [entity]}
    scene = await stash.scene(**given)
    before = await stash.let_a_second_pass(scene)
    await stash.let_a_second_pass(await stash.scene())
    document = f"mutation($i:{kind.title()}UpdateInput!){{{kind}Update(input:$i){{name}}}}"
    answer = await stash.ask(document, i={"id": entity, "name": stash.prefix + "after"})
    assert answer[f"{kind}Update"]["name"] == stash.prefix + "after"
    assert (await stash.look(scene))["updated_at"] == before


@pytest.mark.parametrize("kind", KINDS)
async def test_removing_one_unlinks_it_and_moves_no_scene(stash: Speaker, kind: str) -> None:
    entity = await stash.entity(kind, "gone")
    given = {"studio_id": entity} if kind == "studio" else {f"{kind}_ids": [entity]}
    scene = await stash.scene(**given)
    before = await stash.let_a_second_pass(scene)
    await stash.let_a_second_pass(await stash.scene())
    await stash.destroy(kind, entity)
    after = await stash.look(scene)
    assert after["updated_at"] == before
    assert after["studio"] is None
    assert (after["tags"], after["performers"]) == ([], [])


async def test_merging_tags_moves_links_and_names_and_no_scene(stash: Speaker) -> None:
    source = await stash.entity("tag", "source", aliases=[stash.prefix + "alias"])
    target = await stash.entity("tag", "target")
    one, two = await stash.scene(tag_ids=[source]), await stash.scene(tag_ids=[source, target])
    before = await stash.let_a_second_pass(one)
    await stash.let_a_second_pass(two)
    merge = "mutation($i:TagsMergeInput!){tagsMerge(input:$i){id aliases}}"
    answer = await stash.ask(merge, i={"source": [source], "destination": target})
    stash.made.remove(("tag", source))
    assert answer["tagsMerge"]["id"] == target
    names = {name.removeprefix(stash.prefix) for name in answer["tagsMerge"]["aliases"]}
    assert names == {"source", "alias"}
    after = await stash.look(one)
    assert ids_of(after["tags"]) == {target}
    assert after["updated_at"] == before
    assert (await stash.look(two))["tags"] == [{"id": target}]


async def test_merges_that_make_no_sense_are_refused(stash: Speaker) -> None:
    tag = await stash.entity("tag", "lonely")
    merge = "mutation($i:TagsMergeInput!){tagsMerge(input:$i){id}}"
    message = await stash.refusal(merge, i={"source": [tag], "destination": tag})
    assert message == "cannot merge where source == destination"
    message = await stash.refusal(merge, i={"source": [NOBODY], "destination": tag})
    assert message == f"id {NOBODY} does not exist in tags"
    message = await stash.refusal(merge, i={"source": [tag], "destination": NOBODY})
    assert message == f"tag with id {NOBODY} not found"
    assert await stash.ask(merge, i={"source": [], "destination": tag}) == {"tagsMerge": None}
