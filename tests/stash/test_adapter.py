"""What the adapter promises, on any Stash from 0.25 on: sample ones and real ones."""

from __future__ import annotations

import os

import pytest

from stashhog.core.config import StashSettings
from stashhog.core.exceptions import (
    NotFoundError,
    StashAuthError,
    StashGoneError,
    StashNameConflictError,
    StashProtocolError,
    StashRejectedError,
)
from stashhog.domain.library import ENTITY_KINDS, EntityKind
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.sync import (
    content_hash,
    parse_time,
)
from stashhog.stash import open_stash
from tests.contracts.speaking import URL
from tests.stash.conftest import Real, everything

KINDS = pytest.mark.parametrize("kind", ENTITY_KINDS)


async def test_probing_tells_release_status_and_what_the_schema_can_do(real: Real):
    found = await real.client.probe()
    assert found.version == real.other.version
    assert found.status == "OK"
    assert (found.database_schema or 0) >= 55
    assert ("groups" in found.capabilities) == (real.other.release >= 27)
    assert ("file_filter" in found.capabilities) == (real.other.release >= 30)


async def test_a_wrong_key_is_an_auth_error_and_so_is_a_key_where_none_is_set(real: Real):
    settings = StashSettings(url=real.other.base_url, api_key="surely-not-the-key")
    async with open_stash(settings) as client:
        with pytest.raises(StashAuthError):
            await client.probe()
        with pytest.raises(StashAuthError):
            await client.count_scenes()


async def test_pages_hold_every_scene_once_in_id_order(real: Real):
    await real.other.scene()
    found = await everything(real, 4)
    ids = [int(scene.id) for scene in found]
    assert ids == sorted(set(ids))
    assert len(ids) == await real.client.count_scenes()


async def test_a_last_page_that_is_full_is_followed_by_an_empty_one(real: Real):
    count = await real.client.count_scenes()
    page = await real.client.scenes_after(None, count)
    assert len(page.read()[0]) == count
    after = await real.client.scenes_after(page.last_id, count)
    assert (after.read(), after.last_id) == (((), ()), None)


async def test_scenes_come_by_id_and_what_is_not_there_is_missing(real: Real):
    one, two, gone = [await real.other.scene() for _ in range(3)]
    await real.other.destroy("scene", gone)
    found = await real.client.scenes([two, gone, "abc", one, two, "0", "9" * 30])
    assert [scene.id for scene in found.scenes] == [two, one]
    assert found.missing == (gone, "abc", "0", "9" * 30)
    assert found.failures == ()


async def test_no_ids_are_no_question(real: Real):
    found = await real.client.scenes([])
    assert (found.scenes, found.missing, found.failures) == ((), (), ())


async def test_a_scene_is_read_whole(real: Real):
    studio = await real.other.entity("studio", "S")
    tags = [await real.other.entity("tag", name) for name in "TU"]
    performer = await real.other.entity("performer", "P")
    scene_id = await real.other.scene(
        details="Some words",
        date="2021-03-04",
        rating100=60,
        organized=True,
        code="C-1",
        director="D",
        urls=["https://example.org/a?x=1&ApiKey=canary", "https://example.org/b"],
        studio_id=studio,
        tag_ids=tags,
        performer_ids=[performer],
        stash_ids=[{"endpoint": "https://box.example/graphql", "stash_id": "s-1"}],
    )
    scene = (await real.client.scenes([scene_id])).scenes[0]
    assert scene.title == f"{real.other.prefix}a scene"
    assert (scene.details, scene.date, scene.rating100) == ("Some words", "2021-03-04", 60)
    assert (scene.organized, scene.code, scene.director) == (True, "C-1", "D")
    assert scene.urls == ("https://example.org/a?x=1", "https://example.org/b")
    assert (scene.studio_id, scene.performer_ids) == (studio, (performer,))
    assert sorted(scene.tag_ids) == sorted(tags)
    assert [(i.endpoint, i.stash_id) for i in scene.stash_ids] == [
        ("https://box.example/graphql", "s-1")
    ]
    assert scene.files == ()
    assert scene.updated_at == parse_time(scene.updated_at_text)
    assert scene.created_at <= scene.updated_at


async def test_empty_fields_are_none(real: Real):
    scene = (await real.client.scenes([await real.other.scene()])).scenes[0]
    assert (scene.details, scene.date, scene.rating100, scene.code) == (None, None, None, None)
    assert (scene.studio_id, scene.performer_ids, scene.tag_ids) == (None, (), ())
    assert scene.organized is False


async def test_files_have_paths_sizes_and_fingerprints(real: Real):
    page = await real.client.scenes_after(None, 50)
    scene = next(scene for scene in page.read()[0] if scene.files)
    assert scene.path == scene.files[0].path
    assert "/" in scene.files[0].path or "\\" in scene.files[0].path
    assert (scene.files[0].size or 0) > 0
    assert all(len(f.value) == 16 for f in scene.files[0].fingerprints if f.type != "md5")
    assert scene.screenshot == f"/scene/{scene.id}/screenshot"


async def test_an_edit_that_changes_nothing_changes_no_content(real: Real):
    scene_id = await real.other.scene()
    before = (await real.client.scenes([scene_id])).scenes[0]
    await real.other.let_a_second_pass(scene_id)
    after = (await real.client.scenes([scene_id])).scenes[0]
    assert after.updated_at > before.updated_at
    assert content_hash(after) == content_hash(before)


async def test_a_screenshot_is_an_image_and_is_not_sent_twice(real: Real):
    page = await real.client.scenes_after(None, 1)
    path = page.read()[0][0].screenshot or ""
    shot = await real.client.screenshot(path)
    assert shot.content_type.startswith("image/")
    assert len(shot.content) > 0
    assert shot.etag is not None
    again = await real.client.screenshot(path, if_none_match=shot.etag)
    assert (again.not_modified, again.content) == (True, b"")


async def test_a_screenshot_that_is_not_there_is_not_found(real: Real):
    with pytest.raises(NotFoundError):
        await real.client.screenshot("/scene/999999999/screenshot")


async def test_a_screenshot_without_a_key_is_a_refusal_and_never_a_login_page(real: Real):
    if real.other.api_key is None:
        return
    async with open_stash(StashSettings(url=real.other.base_url)) as client:
        with pytest.raises((StashAuthError, StashProtocolError)):
            await client.screenshot("/scene/1/screenshot")


# --- updates ------------------------------------------------------------------------------------


async def test_an_update_sets_what_it_names_and_leaves_the_rest(real: Real):
    tags = [await real.other.entity("tag", name) for name in "TU"]
    studio = await real.other.entity("studio", "S")
    performer = await real.other.entity("performer", "P")
    scene_id = await real.other.scene(
        date="2020-01-01", tag_ids=tags[:1], urls=["https://example.org/a"], rating100=20
    )
    answered = await real.client.update_scene(
        SceneUpdate(
            scene_id,
            {"title": "New", "details": "D", "studio_id": studio},
            add_tags=(tags[1],),
            add_performers=(performer,),
        )
    )
    assert (answered.title, answered.details, answered.date) == ("New", "D", "2020-01-01")
    assert sorted(answered.tag_ids) == sorted(tags)
    assert (answered.studio_id, answered.performer_ids) == (studio, (performer,))
    assert (answered.urls, answered.rating100) == (("https://example.org/a",), 20)
    assert answered == (await real.client.scenes([scene_id])).scenes[0]


async def test_an_update_with_none_clears(real: Real):
    studio = await real.other.entity("studio", "S")
    scene_id = await real.other.scene(date="2020-01-01", details="D", studio_id=studio)
    nothing = {"date": None, "details": None, "studio_id": None}
    answered = await real.client.update_scene(SceneUpdate(scene_id, nothing))
    assert (answered.date, answered.details, answered.studio_id) == (None, None, None)
    assert answered.title == f"{real.other.prefix}a scene"


async def test_lists_change_by_what_is_added_and_removed_whatever_others_did(real: Real):
    kept, gone, new, foreign = [await real.other.entity("tag", name) for name in "KGNF"]
    scene_id = await real.other.scene(tag_ids=[kept, gone])
    await real.other.bulk(scene_id, tag_ids={"ids": [foreign], "mode": "ADD"})
    update = SceneUpdate(scene_id, add_tags=(new,), remove_tags=(gone,))
    answered = await real.client.update_scene(update)
    assert sorted(answered.tag_ids) == sorted([kept, new, foreign])
    assert sorted((await real.client.update_scene(update)).tag_ids) == sorted(answered.tag_ids)


async def test_an_update_of_nothing_does_not_touch_the_scene(real: Real):
    scene_id = await real.other.scene()
    before = (await real.other.look(scene_id))["updated_at"]
    other = await real.other.scene()
    await real.other.let_a_second_pass(other)
    answered = await real.client.update_scene(SceneUpdate(scene_id))
    assert answered.id == scene_id
    assert (await real.other.look(scene_id))["updated_at"] == before


async def test_an_update_of_a_scene_that_is_gone_is_gone(real: Real):
    scene_id = await real.other.scene()
    await real.other.destroy("scene", scene_id)
    with pytest.raises(StashGoneError):
        await real.client.update_scene(SceneUpdate(scene_id, {"title": "x"}))
    with pytest.raises(StashGoneError):
        await real.client.update_scene(SceneUpdate(scene_id))


@KINDS
async def test_an_update_to_an_entity_that_is_gone_is_a_missing_reference(
    real: Real, kind: EntityKind
):
    entity_id = await real.other.entity(kind, "E")
    await real.other.destroy(kind, entity_id)
    scene_id = await real.other.scene()
    updates = {
        "performer": SceneUpdate(scene_id, add_performers=(entity_id,)),
        "tag": SceneUpdate(scene_id, {"title": "never"}, add_tags=(entity_id,)),
        "studio": SceneUpdate(scene_id, {"studio_id": entity_id}),
    }
    with pytest.raises(StashRejectedError) as caught:
        await real.client.update_scene(updates[kind])
    assert caught.value.public_code == "missing_reference"
    assert "INSERT" not in caught.value.detail
    assert (await real.client.scenes([scene_id])).scenes[0].title != "never"


async def test_a_bad_date_is_rejected_and_nothing_is_written(real: Real):
    scene_id = await real.other.scene()
    with pytest.raises(StashRejectedError) as caught:
        await real.client.update_scene(SceneUpdate(scene_id, {"title": "never", "date": "junk"}))
    assert caught.value.public_code == "stash_rejected"
    assert (await real.client.scenes([scene_id])).scenes[0].title != "never"


async def test_text_that_no_json_can_carry_is_rejected_before_it_is_sent(real: Real):
    scene_id = await real.other.scene()
    with pytest.raises(StashRejectedError):
        await real.client.update_scene(SceneUpdate(scene_id, {"title": "\ud800"}))


async def test_text_of_any_kind_comes_back_as_it_was_sent(real: Real):
    scene_id = await real.other.scene()
    text = "quotes \"' and \\, {braces} $vars, שלום, 日本, 👩‍🎤, \n second line"
    answered = await real.client.update_scene(SceneUpdate(scene_id, {"details": text}))
    assert answered.details == text


# --- entities -----------------------------------------------------------------------------------


@KINDS
async def test_all_entities_of_a_kind_are_listed(real: Real, kind: EntityKind):
    aliases = {"performer": "alias_list"}.get(kind, "aliases")
    made = await real.other.entity(
        kind, "E", **{aliases: [real.other.prefix + "alias"]}, ignore_auto_tag=True
    )
    listed = await real.client.entities(kind)
    assert listed.failures == ()
    assert len({entity.id for entity in listed.entities}) == len(listed.entities)
    mine = next(entity for entity in listed.entities if entity.id == made)
    assert (mine.kind, mine.name) == (kind, f"{real.other.prefix}E")
    assert mine.aliases == (f"{real.other.prefix}alias",)
    assert mine.ignore_auto_tag is True
    assert mine.parent_ids == ()


async def test_parents_of_tags_and_studios_are_listed(real: Real):
    tag = await real.other.entity("tag", "parent")
    child = await real.other.entity("tag", "child", parent_ids=[tag])
    studio = await real.other.entity("studio", "parent")
    label = await real.other.entity("studio", "child", parent_id=studio)
    for kind, entity_id, parent in (("tag", child, tag), ("studio", label, studio)):
        listed = await real.client.entities(kind)  # type: ignore[arg-type]  # both are kinds
        assert next(e for e in listed.entities if e.id == entity_id).parent_ids == (parent,)


@KINDS
async def test_an_entity_is_created_found_and_removed(real: Real, kind: EntityKind):
    name = f"{real.other.prefix}Nëw One"
    made = await real.client.create_entity(kind, f"  {name} ")
    real.other.made.append((kind, made.id))
    assert (made.kind, made.name) == (kind, name)
    assert await real.client.find_entity(kind, name) == made
    assert await real.client.entity_uses(kind, made.id) == 0
    await real.client.destroy_entity(kind, made.id)
    assert await real.client.find_entity(kind, name) is None
    assert await real.client.entity_uses(kind, made.id) is None
    with pytest.raises(StashGoneError):
        await real.client.destroy_entity(kind, made.id)


@KINDS
async def test_a_name_that_is_taken_is_a_conflict(real: Real, kind: EntityKind):
    await real.other.entity(kind, "Taken")
    with pytest.raises(StashNameConflictError):
        await real.client.create_entity(kind, f"{real.other.prefix}tAKEN")


@KINDS
async def test_a_blank_name_is_rejected(real: Real, kind: EntityKind):
    with pytest.raises(StashRejectedError):
        await real.client.create_entity(kind, " \t")


@KINDS
@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Jane Doe", "jane  DOE"),
        ("Été Ñandú", "éTÉ ñANDÚ"),
        ("Cafe\u0301", "CAFÉ"),
        ("Ｗｉｄｅ", "Ｗｉｄｅ"),
        ("Plain", "Ｐｌａｉｎ"),
        ("Straße", "straße"),
        ("100%_x", "100%_X"),
        ("日本", "日本"),
    ],
)
async def test_an_entity_is_found_by_any_spelling_of_its_name(
    real: Real, kind: EntityKind, stored: str, asked: str
):
    made = await real.other.entity(kind, stored)
    found = await real.client.find_entity(kind, real.other.prefix + asked)
    assert found is not None
    assert found.id == made


@KINDS
async def test_an_entity_is_found_by_its_alias(real: Real, kind: EntityKind):
    aliases = {"performer": "alias_list"}.get(kind, "aliases")
    made = await real.other.entity(kind, "E", **{aliases: [f"{real.other.prefix}Élan"]})
    found = await real.client.find_entity(kind, f"{real.other.prefix}éLAN")
    assert found is not None
    assert found.id == made


@KINDS
async def test_wildcards_in_a_name_find_nobody_else(real: Real, kind: EntityKind):
    await real.other.entity(kind, "axb")
    assert await real.client.find_entity(kind, f"{real.other.prefix}a_b") is None
    assert await real.client.find_entity(kind, f"{real.other.prefix}a%") is None
    assert await real.client.find_entity(kind, "  ") is None


async def test_a_performer_of_several_of_one_name_is_the_one_without_disambiguation(real: Real):
    name = f"{real.other.prefix}twin"
    plain = await real.other.entity("performer", "Twin")
    await real.other.entity("performer", "Twin", disambiguation="first")
    found = await real.client.find_entity("performer", name)
    assert found is not None
    assert (found.id, found.disambiguation) == (plain, None)
    await real.other.destroy("performer", plain)
    found = await real.client.find_entity("performer", name)
    assert found is not None
    assert found.disambiguation == "first"
    await real.other.entity("performer", "Twin", disambiguation="second")
    assert await real.client.find_entity("performer", name) is None


async def test_an_alias_of_two_performers_is_nobody_in_particular(real: Real):
    for name in ("One", "Two"):
        await real.other.entity("performer", name, alias_list=[f"{real.other.prefix}Both"])
    assert await real.client.find_entity("performer", f"{real.other.prefix}both") is None


@KINDS
async def test_uses_by_scenes_are_counted(real: Real, kind: EntityKind):
    made = await real.other.entity(kind, "E")
    field = {"performer": "performer_ids", "tag": "tag_ids"}.get(kind, "studio_id")
    for _ in range(2):
        await real.other.scene(**{field: made if kind == "studio" else [made]})
    assert await real.client.entity_uses(kind, made) == 2


async def test_uses_by_children_and_other_kinds_are_counted(real: Real):
    tag = await real.other.entity("tag", "T")
    studio = await real.other.entity("studio", "S")
    await real.other.entity("tag", "child", parent_ids=[tag])
    await real.other.entity("studio", "child", parent_id=studio)
    assert await real.client.entity_uses("tag", tag) == 1
    if URL in os.environ:  # sample Stashes have no tags of performers
        await real.other.entity("performer", "P", tag_ids=[tag])
        assert await real.client.entity_uses("tag", tag) == 2
    assert await real.client.entity_uses("studio", studio) == 1
    assert await real.client.entity_uses("tag", "nonsense") is None
