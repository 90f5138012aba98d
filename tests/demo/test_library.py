"""The sample library: what a newcomer meets, and what benches are made of."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path

from hypothesis import given, strategies as st

from stashhog.demo import SampleLibrary, SampleStash, generate_library
from stashhog.demo.library import SampleScene
from stashhog.demo.naming import plain
from stashhog.demo.pictures import HEIGHT, WIDTH, screenshot


def _squashed(text: str) -> str:
    return re.sub(r"[\W_]+", "", plain(text)).casefold()


def test_the_sample_is_as_big_and_as_organised_as_it_says() -> None:
    library = generate_library()
    assert len(library.scenes) == 500
    assert (len(library.studios), len(library.performers)) == (25, 120)
    assert 55 <= len(library.tags) <= 70
    assert 140 <= sum(scene.organized for scene in library.scenes) <= 195


def test_the_same_seed_makes_the_same_library() -> None:
    assert generate_library(300, 5) == generate_library(300, 5)
    assert generate_library(300, 5) != generate_library(300, 6)


@given(st.integers(0, 400), st.integers(0, 10_000))
def test_every_link_leads_somewhere_and_no_path_comes_twice(scenes: int, seed: int) -> None:
    library = generate_library(scenes, seed)
    studios = {entity.id for entity in library.studios}
    performers = {entity.id for entity in library.performers}
    tags = {entity.id for entity in library.tags}
    paths = [file.path for scene in library.scenes for file in scene.files]
    assert len(paths) == len(set(paths))
    assert [scene.id for scene in library.scenes] == list(range(1, scenes + 1))
    for scene in library.scenes:
        assert scene.studio_id in {None, *studios}
        assert set(scene.performer_ids) <= performers
        assert set(scene.tag_ids) <= tags
    for entity in (*library.studios, *library.tags):
        assert set(entity.parent_ids) <= (tags if entity in library.tags else studios)


def test_no_two_entities_of_a_kind_share_a_name_or_an_alias() -> None:
    library = generate_library(100_000 // 40)
    for entities in (library.studios, library.tags):
        names = [name.casefold() for e in entities for name in (e.name, *e.aliases)]
        assert len(names) == len(set(names))
    people = [(performer.name, performer.disambiguation) for performer in library.performers]
    assert len(people) == len(set(people))


def test_organised_scenes_are_complete_and_incoming_ones_are_not() -> None:
    library = generate_library()
    for scene in library.scenes:
        assert scene.truth is not None
        if scene.organized:
            assert (scene.title, scene.date) == (scene.truth.title, scene.truth.date)
            assert scene.studio_id == scene.truth.studio_id
            assert scene.tag_ids == scene.truth.tag_ids
        else:
            assert scene.date is None


def _says(library: SampleLibrary, scene: SampleScene) -> tuple[bool, bool, bool]:
    """Does a scene's first path hold the studio's name, all performers', the title?"""
    assert scene.truth is not None
    path = _squashed(scene.files[0].path)
    studio = library.studios[scene.truth.studio_id - 1]
    people = [library.performers[i - 1] for i in scene.truth.performer_ids]
    return (
        any(_squashed(name) in path for name in (studio.name, *studio.aliases)),
        all(any(_squashed(n) in path for n in (p.name, *p.aliases)) for p in people),
        _squashed(scene.truth.title) in path,
    )


def test_incoming_files_are_a_mix_of_readable_and_not() -> None:
    library = generate_library()
    incoming = [scene for scene in library.scenes if not scene.organized]
    said = [_says(library, scene) for scene in incoming]
    complete = sum(all(each) for each in said) / len(said)
    silent = sum(not studio and not title for studio, _, title in said) / len(said)
    assert 0.35 < complete < 0.65
    assert 0.07 < silent < 0.25
    dated = sum(bool(re.search(r"\d\d[._-]\d\d[._-]\d\d", s.files[0].path)) for s in incoming)
    assert 0.3 < dated / len(incoming) < 0.65


def test_names_are_as_awkward_as_real_ones() -> None:
    library = generate_library()
    names = [performer.name for performer in library.performers]
    assert any(not name.isascii() for name in names)
    assert any(" " not in name for name in names)
    assert any("'" in name for name in names)
    assert len(names) > len(set(names))
    assert any(tag.ignore_auto_tag for tag in library.tags)
    assert any(scene.files[1:] for scene in library.scenes)


def test_loading_twice_gives_equal_rows() -> None:
    one, two = SampleStash(generate_library(50)), SampleStash(generate_library(50))
    assert one.state.scenes == two.state.scenes
    assert one.state.tags.rows == two.state.tags.rows


def test_a_stash_without_a_library_has_the_sample() -> None:
    assert len(SampleStash().state.scenes) == 500
    assert not SampleStash(SampleLibrary()).state.scenes


def test_a_corpus_folder_is_read_as_it_is(tmp_path: Path) -> None:
    entities = {
        "studios": [
            {"id": "1", "name": "Above", "parent_id": None, "aliases": ["Up"]},
            {"id": "2", "name": "Below", "parent_id": "1", "aliases": []},
        ],
        "performers": [{"id": "1", "name": "Ida", "disambiguation": None, "aliases": ["I."]}],
        "tags": [{"id": "1", "name": "Lake", "aliases": [], "parents": []}],
    }
    scene = {
        "id": "1",
        "organized": True,
        "files": [
            {"path": "D:\\a.mp4", "width": 1280, "height": 720, "frame_rate": 25, "duration": 61}
        ],
        "title": "A",
        "date": "2020-01-02",
        "details": None,
        "studio": "2",
        "performers": ["1"],
        "tags": ["1"],
    }
    bare = {**scene, "id": "2", "organized": False, "title": None, "date": None, "studio": None}
    (tmp_path / "library.json").write_text(json.dumps(entities))
    (tmp_path / "scenes.jsonl").write_text(f"{json.dumps(scene)}\n{json.dumps(bare)}\n")
    library = SampleLibrary.from_corpus(tmp_path)
    assert [studio.parent_ids for studio in library.studios] == [(), (1,)]
    one, two = SampleStash(library).state.scenes.values()
    assert (one.title, one.studio_id, one.tag_ids, one.organized) == ("A", 2, [1], True)
    assert one.files[0].path == "D:\\a.mp4"
    assert (two.title, two.date, two.studio_id) == ("", None, None)


# --- pictures -----------------------------------------------------------------------------------


def _chunks(png: bytes) -> dict[bytes, bytes]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, rest = {}, png[8:]
    while rest:
        length = struct.unpack(">I", rest[:4])[0]
        name, data = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length])[0] == zlib.crc32(name + data)
        chunks[name] = data
        rest = rest[12 + length :]
    return chunks


def test_every_picture_is_a_whole_png() -> None:
    for scene_id in range(1, 60):
        chunks = _chunks(screenshot(scene_id))
        assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
        assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (WIDTH, HEIGHT)
        pixels = zlib.decompress(chunks[b"IDAT"])
        assert len(pixels) == HEIGHT * (WIDTH + 1)
        assert max(pixels) < len(chunks[b"PLTE"]) // 3


def test_pictures_differ_by_scene_and_only_by_scene() -> None:
    assert len({screenshot(scene_id) for scene_id in range(1, 60)}) == 59
    first = screenshot(7)
    screenshot.cache_clear()
    assert screenshot(7) == first
