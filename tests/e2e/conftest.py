"""Installations for the outside tests: each gets a folder and a Stash of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from stashhog.demo import SampleStash
from tests.rig.api import Api
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.service import Service
from tests.rig.stash import Stash

Reviewed = Callable[..., AbstractContextManager[Installation]]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the small library was synced, analysed and accepted as plan 1."""
    home = tmp_path_factory.mktemp("prepared")
    with installed(home) as at:
        plan_id = at.reviewed_plan()
        assert plan_id == 1
        code, _ = at.service.stop()
        assert code == 0
    return home / "data"


@pytest.fixture
def reviewed(prepared: Path, tmp_path: Path) -> Reviewed:
    """Start a service on a copy of the prepared folder, beside a Stash with the same library."""

    @contextmanager
    def start(env: Mapping[str, str] | None = None) -> Generator[Installation]:
        shutil.copytree(prepared, tmp_path / "data")
        with (
            Stash(SampleStash(small_library())) as stash,
            Service(tmp_path, stash.url, env=env) as service,
        ):
            yield Installation(service, stash, Api(service.url))

    return start
