"""How the adapter tells what changed, on any Stash from 0.25 on: sample ones and real ones."""

from __future__ import annotations

import os

import pytest

from stashhog.domain.sync import Watermark, Window, changed_since, parse_time
from stashhog.stash.transport import coding_for
from tests.contracts.speaking import URL
from tests.stash.conftest import Real, all_stamps, everything


async def test_stamps_say_the_same_as_whole_scenes(real: Real):
    await real.other.scene()
    stamps = {stamp.id: stamp.updated_at_text for stamp in await all_stamps(real)}
    scenes = {scene.id: scene.updated_at_text for scene in await everything(real, 50)}
    assert stamps == scenes


async def test_what_changed_since_a_watermark_is_found_in_any_zone(real: Real):
    scene_id = await real.other.scene()
    seen = (await real.client.scenes([scene_id])).scenes[0]
    since = changed_since(Watermark(seen.updated_at_text))
    moved = await real.other.let_a_second_pass(scene_id)
    found = {s.id: s.updated_at_text for s in await all_stamps(real, Window(since))}
    assert await real.client.count_scenes(Window(since)) == len(found)
    assert found[scene_id] == moved
    assert parse_time(moved) > seen.updated_at


async def test_a_print_of_files_says_the_same_in_a_listing_and_in_whole_scenes(real: Real):
    window = Window(with_files=True)
    stamps = {s.id: (s.files_text, s.files_print) for s in await all_stamps(real, window)}
    scenes = {s.id: (s.files_text, s.files_print) for s in await everything(real, 50)}
    assert stamps == scenes
    assert len({print_ for _, print_ in scenes.values()}) > 1


async def test_a_moved_file_is_found_by_the_time_of_files_alone(real: Real):
    found = await real.client.probe()
    page = await real.client.scenes_after(None, 50)
    scene = next(scene for scene in page.read()[0] if scene.files)
    if "file_filter" not in found.capabilities or URL in os.environ:
        return
    since = changed_since(Watermark(scene.files_text or ""))
    before = await real.client.count_scenes(Window("2099", of_files=True))
    await real.other.ask(
        "mutation($i: MoveFilesInput!){moveFiles(input:$i)}",
        i={"ids": [scene.files[0].id], "destination_folder": "/elsewhere"},
    )
    stamps = await all_stamps(real, Window(since, of_files=True, with_files=True))
    moved = next(stamp for stamp in stamps if stamp.id == scene.id)
    assert before == 0
    assert moved.updated_at_text == scene.updated_at_text
    assert moved.files_print != scene.files_print


async def test_an_answer_says_when_it_was_asked_for_by_stash_own_clock(real: Real):
    scene_id = await real.other.scene()
    found = await real.client.scenes([scene_id])
    assert found.asked_at is not None
    assert abs((found.asked_at - found.scenes[0].updated_at).total_seconds()) < 60


async def test_nothing_changed_since_the_future(real: Real):
    scene_id = await real.other.scene()
    seen = (await real.client.scenes([scene_id])).scenes[0]
    year = seen.updated_at.year + 2
    assert await real.client.stamps_after(None, 5, window=Window(f"{year}-01-01T00:00:00")) == []


@pytest.mark.parametrize(
    ("url", "coding"),
    [
        ("http://127.0.0.1:9999", "identity"),
        ("http://[::1]:9999/stash", "identity"),
        ("http://localhost:9999", "identity"),
        ("https://stash.example", "gzip"),
        ("http://192.168.1.2:9999", "gzip"),
    ],
)
def test_answers_are_packed_only_where_they_leave_this_machine(url: str, coding: str):
    assert coding_for(url) == coding
