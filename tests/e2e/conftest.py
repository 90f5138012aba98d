"""Installations for the outside tests.

`prepared` is made once; tests that stop the service, or count what it does, get one of their own on
a copy of it, the others share one for each module and keep to scenes of their own.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from stashhog.demo import SampleStash
from tests.rig.api import Api
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.service import Service
from tests.rig.stash import Stash

Reviewed = Callable[[], AbstractContextManager[Installation]]
ENV = {"STASHHOG_STASH__PAGE_SIZE": "10", "STASHHOG_ANALYSIS__BATCH_SIZE": "1"}
"""Small steps, so that there is a middle to hit."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder in which the small library was synced, analysed and accepted as plan 1.

    All workers share the one that the first of them makes.
    """
    base = tmp_path_factory.getbasetemp()
    home = (base if worker_id == "master" else base.parent) / "prepared"
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            made = tmp_path_factory.mktemp("prepared")
            _prepare(made)
            made.rename(home)
    return home / "data"


def _prepare(home: Path) -> None:
    with installed(home) as at:
        plan_id = at.reviewed_plan()
        assert plan_id == 1
        code, _ = at.service.stop()
        assert code == 0


@contextmanager
def _copied(prepared: Path, home: Path) -> Generator[Installation]:
    shutil.copytree(prepared, home / "data")
    with (
        Stash(SampleStash(small_library())) as stash,
        Service(home, stash.url, env=ENV) as service,
    ):
        yield Installation(service, stash, Api(service.url))


@pytest.fixture
def reviewed(prepared: Path, tmp_path: Path) -> Reviewed:
    """Start a service on a copy of the prepared folder, beside a Stash with the same library."""
    return lambda: _copied(prepared, tmp_path)


@pytest.fixture(scope="module")
def shared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """The same for all tests of a module."""
    with _copied(prepared, tmp_path_factory.mktemp("shared")) as both:
        yield both


@pytest.fixture
def at(shared: Installation) -> Generator[Installation]:
    """The shared installation, whose Stash is well again after each test."""
    yield shared
    shared.stash.heal()
