"""Histories of jobs against what the actors promise; `count` is the number of histories."""

from __future__ import annotations

from hypothesis import HealthCheck, given, seed, settings

from tests.actors.histories import Player, Step, histories, played
from tests.reliability.trial import Trial

USUAL = 5_000


def run(trial: Trial) -> None:
    """Play that many histories; the first broken one is shrunk and shown."""
    steps = began = restarts = 0

    @seed(trial.seed)
    @settings(
        max_examples=trial.count,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def play(history: list[Step]) -> None:
        nonlocal steps, began, restarts
        player: Player = played(history)
        steps += len(history)
        began += len(player.began)
        restarts += sum(name in ("restart", "kill") for name, *_ in history)
        trial.checked["histories"] += 1

    try:
        play()
    except AssertionError as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        trial.check(False, "every promise holds in every history", f"{error}\n{notes}")
    trial.figures |= {"steps": steps, "jobs begun": began, "restarts and kills": restarts}
