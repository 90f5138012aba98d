"""A few of what `python -m tests.reliability` does by the hundred: kills, stops, a full disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stashhog.demo.faults import delay
from tests.e2e.conftest import Reviewed
from tests.reliability import connections, disk, kills, power, stops
from tests.reliability.connections import KEEP_ALIVE_S
from tests.reliability.trial import Trial
from tests.rig.disk import full_disk
from tests.rig.powercut import compiler


@pytest.fixture
def trial() -> Callable[[str, int], Trial]:
    return lambda name, count: Trial(name, count, seed=4711)


def test_kills_lose_nothing_and_double_nothing(trial: Callable[[str, int], Trial]) -> None:
    it = trial("kills", 2)
    kills.run(it)
    assert it.broken == []
    assert sum(it.figures["kills"].values()) >= 2


def test_while_the_disk_is_full_reads_go_on_and_afterwards_everything_does(
    reviewed: Reviewed, trial: Callable[[str, int], Trial]
) -> None:
    with reviewed() as at:
        at.stash.fault(delay(0.05), "graphql", times=None)
        under = disk.Under(trial("disk", 1), at, lambda: full_disk(at.service.present))
        under.new_plan()
        under.round("apply")
        assert under.trial.broken == []
        assert under.trial.checked["507 disk_full"] > 0


def test_a_stop_is_orderly_whatever_clients_do(
    reviewed: Reviewed, trial: Callable[[str, int], Trial]
) -> None:
    with reviewed() as at:
        hit = stops.Stops(trial("stops", 1), at)
        hit.new_plan()
        hit.round("apply", hanging=False, twice=False)
        assert hit.trial.broken == []


def test_connections_end_in_their_time_and_without_descriptors_nothing_else_does(
    reviewed: Reviewed, trial: Callable[[str, int], Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "AT_ONCE_S", KEEP_ALIVE_S / 2)  # beside the other workers
    monkeypatch.setattr(connections, "RECOVERS_S", connections.BASE_S)
    with reviewed() as at:
        held = connections.Connections(trial("connections", 30), at)
        held.closing_kinds()
        held.exhausted()
        assert held.trial.broken == []
        assert "Traceback" not in at.service.log


@pytest.mark.skipif(compiler() is None, reason="the tracer is C, and there is no compiler here")
def test_a_power_cut_spares_what_was_answered(
    tmp_path: Path, trial: Callable[[str, int], Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "STARTS", 0)
    monkeypatch.setattr(power, "SCENES", 10)
    it = trial("power", 15)
    power.run(it)
    assert it.broken == []
    assert it.checked["decisions are kept"] > 0
    assert it.checked["what was sent is journalled"] > 0
