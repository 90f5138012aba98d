"""A service and its Stash side by side, as most tests want them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stashhog.demo import SampleStash
from stashhog.demo.library import SampleLibrary
from tests.rig.api import Api
from tests.rig.library import small_library
from tests.rig.service import Service
from tests.rig.stash import Stash


@dataclass(frozen=True, slots=True)
class Installation:
    """A running service, the Stash that it works on, and a client."""

    service: Service
    stash: Stash
    api: Api

    def reviewed_plan(self) -> int:
        """Sync, analyse everything and accept all of it; returns the plan's id."""
        self.api.synced()
        plan = self.api.plan_made()
        assert self.api.accept_all(plan["id"]) == plan["changes"] > 0
        plan_id: int = plan["id"]
        return plan_id


@contextmanager
def installed(
    home: Path,
    *,
    library: SampleLibrary | None = None,
    env: Mapping[str, str] | None = None,
) -> Generator[Installation]:
    """Start both in an empty folder, and end both."""
    with (
        Stash(SampleStash(library or small_library())) as stash,
        Service(home, stash.url, env=env) as service,
    ):
        yield Installation(service, stash, Api(service.url))
