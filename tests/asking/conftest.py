"""A laboratory for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.asking.lab import Lab, laboratory, small_library, vague_scenes
from tests.fakes.readers import first, reading

SCENES = 30


@pytest.fixture
async def lab(tmp_path) -> AsyncGenerator[Lab]:
    """Thirty vague scenes, and a model that takes the likeliest of everything."""
    async with laboratory(tmp_path, small_library(), vague_scenes(SCENES)) as lab:
        lab.model.answer = reading(first)
        yield lab
