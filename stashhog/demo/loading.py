"""Puts a sample library into the state of a sample Stash.

Rules:
- Everything that the library does not say (sizes, codecs, fingerprints, times) follows from ids
  alone, so that two loads are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from stashhog.demo.library import FIRST_MOMENT, SampleEntity, SampleFile, SampleLibrary, SampleScene
from stashhog.demo.rows import EntityRow, FileRow, Kind, SceneRow
from stashhog.demo.state import StashState

_BITS_PER_PIXEL = 3
_CODECS = {"avi": "mpeg4", "wmv": "vc1", "webm": "vp9"}


def load(library: SampleLibrary, state: StashState) -> None:
    """Fill an empty state."""
    first = state.time_text(FIRST_MOMENT)
    for row in _entity_rows("performer", library.performers, first):
        state.performers.load(row)
    for row in _entity_rows("tag", library.tags, first):
        state.tags.load(row)
    for row in _entity_rows("studio", library.studios, first):
        state.studios.load(row)
    for index, scene in enumerate(library.scenes):
        moment = state.time_text(library.moment(index))
        state.load_scene(_scene_row(scene, moment, state.next_file_id()))


def _entity_rows(kind: Kind, entities: Iterable[SampleEntity], moment: str) -> Iterable[EntityRow]:
    for entity in entities:
        yield EntityRow(
            kind,
            entity.id,
            entity.name,
            moment,
            moment,
            aliases=sorted(entity.aliases),
            disambiguation=entity.disambiguation,
            parent_ids=list(entity.parent_ids),
            ignore_auto_tag=entity.ignore_auto_tag,
        )


def _scene_row(scene: SampleScene, moment: str, file_id: int) -> SceneRow:
    return SceneRow(
        scene.id,
        moment,
        moment,
        title=scene.title,
        details=scene.details,
        date=scene.date,
        organized=scene.organized,
        studio_id=scene.studio_id,
        urls=list(scene.urls),
        tag_ids=list(scene.tag_ids),
        performer_ids=list(scene.performer_ids),
        files=[file_row(file, file_id + place, moment) for place, file in enumerate(scene.files)],
    )


def file_row(file: SampleFile, file_id: int, moment: str) -> FileRow:
    """Make a file's row; `moment` is when it came in."""
    bit_rate = file.width * file.height * _BITS_PER_PIXEL
    digest = hashlib.sha256(f"{file_id} {file.path}".encode()).hexdigest()
    extension = file.path.rsplit(".", 1)[-1].lower()
    return FileRow(
        file_id,
        file.path,
        int(file.duration * bit_rate / 8),
        file.duration,
        file.width,
        file.height,
        _CODECS.get(extension, "h264"),
        "aac",
        file.frame_rate,
        bit_rate,
        (("oshash", digest[:16]), ("phash", f"{int(digest[16:32], 16):x}")),
        moment,
        moment,
        moment,
    )
