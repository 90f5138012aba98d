"""Where a trial takes place: the service beside the sample Stash, or beside a real one."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.reliability.trial import Trial
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library

Row = dict[str, Any]
MINUTES = 900.0
ENV = {"STASHHOG_LOGGING__LEVEL": "info"}


@contextmanager
def site(
    trial: Trial, *, scenes: int = 30, env: Mapping[str, str] | None = None
) -> Generator[Installation]:
    """Both of them, in a folder that lasts as long as the block; `scenes` are the sample's."""
    library = small_library(scenes=scenes, seed=trial.seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(
            Path(folder),
            library=library,
            env={**ENV, **(env or {})},
            real=trial.stash,
            api_key=trial.api_key,
            seed=trial.seed,
        ) as at,
    ):
        yield at


def accepted_plan(at: Installation, most: int, **analysis: Any) -> tuple[int, list[Row]]:
    """Sync, analyse, and accept the first `most` changes; returns the plan and those changes."""
    at.api.ended(at.api.sync(), seconds=MINUTES)
    job = at.api.ended(at.api.analyse(**analysis), seconds=MINUTES)
    plan_id: int = job["params"]["plan_id"]
    taken = [c for c in at.api.changes(plan_id) if not c["creates_entity"]][:most]
    for start in range(0, len(taken), 1000):
        at.api.decide(plan_id, "accepted", ids=[c["id"] for c in taken[start : start + 1000]])
    return plan_id, taken
