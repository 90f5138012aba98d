"""The contract under a little fuzzing; `python -m tests.reliability fuzz` does a lot of it."""

from __future__ import annotations

from tests.reliability.fuzz import fuzz
from tests.reliability.trial import Trial


def test_no_operation_breaks_its_contract() -> None:
    trial = Trial("fuzz", count=1, seed=11)
    fuzz(trial, "fuzzing", scenes=30)
    assert not trial.broken, trial.report()
