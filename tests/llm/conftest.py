"""A stand-in for a model's server, and the client that is tested against it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stashhog.llm import ModelSwitch
from tests.fakes.model import FakeModel, serve_fake_model
from tests.llm.questions import settings


@pytest.fixture
async def server() -> AsyncIterator[FakeModel]:
    async with serve_fake_model(FakeModel()) as model:
        yield model


@pytest.fixture
async def switch(server: FakeModel) -> AsyncIterator[ModelSwitch]:
    switch = ModelSwitch()
    await switch.configure(settings(server))
    yield switch
    await switch.aclose()
