"""After any history, an incremental sync and a look at everything leave the copy equal to Stash.

Against the sample Stash and the real store in one process, `count` histories; with `--stash URL`
one history of `count` rounds at a real Stash.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import trio
from hypothesis import HealthCheck, Phase, given, seed, settings as hypothesis_settings
from hypothesis.strategies import SearchStrategy

from tests.reliability import converge_real
from tests.reliability.copies import copy_of, differences
from tests.reliability.library_histories import ORDINARY, Edit, History, Sync, World, histories
from tests.reliability.trial import Trial

USUAL = 300
NEWEST, OLDEST = "v0.30.1", "v0.25.1"


async def played(history: History, *, sweep: bool = True) -> list[str]:
    """Play a history; returns in what the copy differs after a last sync."""
    world = World(history)
    async with copy_of(world) as copy:
        for step in history.steps:
            if isinstance(step, Edit):
                world.happen(step)
            else:
                await copy.play(step)
        if copy.unfinished is not None:
            await copy.play(Sync())
        world.moment += timedelta(hours=25) if sweep else timedelta(seconds=4)
        return await differences(copy, await copy.play(Sync()))


def converges(history: History) -> None:
    """After any history the copy is equal to Stash."""
    assert trio.run(played, history) == []


def converges_without_a_sweep(history: History) -> None:
    """After a history of ordinary edits an incremental sync is enough."""
    assert trio.run(lambda: played(history, sweep=False)) == []


def run(trial: Trial) -> None:
    """Play many histories."""
    if trial.stash is not None:
        converge_real.run(trial)
        return
    anything = histories(versions=(NEWEST, OLDEST), most=40)
    ordinary = histories(tuple(ORDINARY), versions=(NEWEST,), most=40)
    _play(trial, "any history", anything, converges)
    _play(trial, "ordinary edits", ordinary, converges_without_a_sweep)


def _play(
    trial: Trial,
    name: str,
    strategy: SearchStrategy[History],
    check: Callable[[History], None],
) -> None:
    @hypothesis_settings(
        max_examples=max(trial.count // 2, 1),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @seed(trial.seed)
    @given(strategy)
    def holds(history: History) -> None:
        trial.checked[name] += 1
        check(history)

    try:
        holds()
    except AssertionError as error:
        trial.check(holds=False, promise=name, found=f"{error}\n{error.__notes__}")
