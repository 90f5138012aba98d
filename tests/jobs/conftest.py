"""A desk with a small library, and the changes that its tests make."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.jobs.desk import Desk, desk
from tests.rig.library import small_library


@pytest.fixture
async def at(tmp_path: Path) -> AsyncGenerator[Desk]:
    """Three bare scenes, with the ids 1 to 3, and names to give them."""
    async with desk(tmp_path, small_library(scenes=3, organized=0), timeout=0.5) as made:
        yield made
