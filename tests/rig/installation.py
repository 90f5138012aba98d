"""A service and its Stash side by side, as most tests want them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stashhog.demo import SampleStash, StashOptions
from stashhog.demo.library import SampleLibrary
from tests.rig.api import Api
from tests.rig.library import small_library
from tests.rig.real import RealStash
from tests.rig.service import Service
from tests.rig.stash import Stash


@dataclass(frozen=True, slots=True)
class Installation:
    """A running service, the Stash that it works on, and a client."""

    service: Service
    stash: Stash | RealStash
    api: Api

    def reviewed_plan(self) -> int:
        """Sync, analyse everything and accept all of it; returns the plan's id."""
        self.api.synced()
        plan = self.api.plan_made()
        assert self.api.accept_all(plan["id"]) == plan["changes"] > 0
        plan_id: int = plan["id"]
        return plan_id


def stash_in_hand(
    *,
    library: SampleLibrary | None = None,
    options: StashOptions | None = None,
    real: str | None = None,
    api_key: str | None = None,
    seed: int = 0,
) -> Stash | RealStash:
    """A sample Stash, or a proxy before a real one: the same hands on both.

    Args:
        library: What the sample begins with; a real one has its own.
        options: How the sample behaves.
        real: A real one's address.
        api_key: The real one's key.
        seed: Where the chance of its faults begins.
    """
    if real is not None:
        return RealStash(real, api_key, seed=seed)
    return Stash(SampleStash(library or small_library(), options, seed=seed))


@contextmanager
def installed(
    home: Path,
    *,
    library: SampleLibrary | None = None,
    env: Mapping[str, str] | None = None,
    real: str | None = None,
    api_key: str | None = None,
    seed: int = 0,
    data: Path | None = None,
) -> Generator[Installation]:
    """Start both in an empty folder, and end both; `stash_in_hand` says which Stash.

    The data folder lies in `home` unless `data` names another.
    """
    key = {} if api_key is None else {"STASHHOG_STASH__API_KEY": api_key}
    with (
        stash_in_hand(library=library, real=real, api_key=api_key, seed=seed) as stash,
        Service(home, stash.url, env={**key, **(env or {})}, data=data) as service,
    ):
        yield Installation(service, stash, Api(service.url))
