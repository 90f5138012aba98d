"""WebSocket clients of every kind on one job; `python -m tests.reliability watchers` has more."""

from __future__ import annotations

from tests.reliability.trial import Trial
from tests.reliability.watchers import watch


def test_every_client_that_lives_ends_on_the_final_state() -> None:
    trial = Trial("watchers", count=16, seed=1)
    watch(trial, scenes=400, delay_s=0.02, rounds=1)
    assert not trial.broken, trial.report()
