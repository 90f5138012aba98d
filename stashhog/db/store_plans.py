"""`ports.PlanStore` on the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import trio

from stashhog.db import calibration, findings
from stashhog.db.access import Access
from stashhog.db.entities import whole_library
from stashhog.db.job_rows import job_checkpoint
from stashhog.db.learned import read_learned, write_learned
from stashhog.domain.learning.decisions import Decided
from stashhog.domain.library import EntityKind, Library, Scene
from stashhog.domain.plans import NewChange
from stashhog.ports import AnalysisBatch, Checkpoint, ScenePath


class PlanRows:
    """Plans as analysis writes them; each method is one transaction."""

    def __init__(self, db: Access, folder: Path) -> None:
        self._db = db
        self._folder = folder

    async def checkpoint(self, job_id: str) -> Checkpoint:
        """Where this job stands."""
        return await self._db.read(job_checkpoint, job_id)

    async def library(self) -> Library:
        """All entities of the local copy."""
        return await self._db.read(whole_library)

    async def organized(self, after_id: str | None, limit: int) -> Sequence[Scene]:
        """Organised scenes by keyset on id, for learning."""
        return await self._db.read(findings.organized_scenes, after_id, limit)

    async def library_revision(self) -> int:
        """A number that rises whenever entities or organised scenes of the copy change."""
        return await self._db.read(findings.library_revision)

    async def paths(self, after_id: str | None, limit: int) -> Sequence[ScenePath]:
        """Paths of all live scenes by keyset on the scene id."""
        return await self._db.read(findings.scene_paths, after_id, limit)

    async def decided(self) -> Sequence[Decided]:
        """What people decided about proposals."""
        return await self._db.read(calibration.decided)

    async def new_names(self) -> Mapping[EntityKind, Sequence[str]]:
        """Names that living changes propose as new."""
        return await self._db.read(findings.new_names)

    async def kept_knowledge(self) -> bytes | None:
        """What was learned and kept before."""
        return await trio.to_thread.run_sync(read_learned, self._folder)

    async def keep_knowledge(self, content: bytes) -> None:
        """Keep what was learned, beside the database."""
        await trio.to_thread.run_sync(write_learned, self._folder, content)

    async def next_scenes(
        self, job_id: str, limit: int, after_id: str | None = None
    ) -> AnalysisBatch:
        """The next of the scenes that were fixed at submit."""
        return await self._db.read(findings.next_scenes, job_id, limit, after_id)

    async def save_findings(
        self,
        job_id: str,
        plan_id: int,
        changes: Sequence[NewChange],
        *,
        last_id: str,
        scenes: int,
        skipped: Mapping[str, int],
        analyzed: Mapping[str, str],
        left: Sequence[str] = (),
    ) -> int:
        """Save a batch in one transaction; see `ports.PlanStore.save_findings`."""
        return await self._db.write(
            findings.save_findings,
            job_id,
            plan_id,
            changes,
            last_id=last_id,
            scenes=scenes,
            skipped=skipped,
            analyzed=analyzed,
            left=left,
        )
