"""Names that the library lacks, through an analysis: each is one, whatever happens to the job."""

from __future__ import annotations

from pathlib import Path

from stashhog.domain.jobs import JobStatus
from tests.asking.lab import WORDS, laboratory, scene_of, small_library

SPELLINGS = (
    "Petra Quill", "petra.quill", "PETRA QUILL", "Pétra Quill", "petra_quill", "Petra Quil",
    "Quill Petra", "P. Quill", "Ｐｅｔｒａ Ｑｕｉｌｌ",
)  # fmt: skip


async def test_a_stranger_in_many_spellings_is_one_also_over_an_interrupt(tmp_path: Path) -> None:
    scenes = [
        scene_of(
            number,
            f"/v/new/Aster Lane & {SPELLINGS[number % len(SPELLINGS)]} - {WORDS[number % 9]}.mp4",
        )
        for number in range(1, 61)
    ]
    async with laboratory(tmp_path, small_library(), scenes) as lab:
        await lab.configure(analysis={"batch_size": 4})
        async with lab.working():
            job = await lab.submit(use_llm="never", create_missing=True)
            async with lab.actors.registry.watch(job.id) as frames:
                async for _ in frames:
                    if (await lab.db.jobs.get(job.id)).progress.done >= 8:
                        break
        async with lab.working(resume=True):
            done = await lab.ended(job)
        changes = await lab.changes(done)
    assert done.status is JobStatus.COMPLETED
    new = [change for change in changes if change["creates_entity"]]
    assert len({change["scene_id"] for change in new}) == len(new) == len(scenes)
    assert len({change["proposed"]["name"] for change in new}) == 1
    assert {change["field"] for change in new} == {"performers"}
