"""The trials of what goes wrong with Stash, with small counts."""

from __future__ import annotations

import pytest

from tests.reliability import colleague, damage, flaky, points, pool, undoing
from tests.reliability.trial import Trial

SEED = 20261125
COUNTS = {flaky: 40, colleague: 40, undoing: 40, points: 16, pool: 40, damage: 50}


@pytest.mark.parametrize("module", COUNTS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_its_promises_hold(module, monkeypatch):
    monkeypatch.setattr(pool, "SOON_S", 10 * pool.SOON_S)  # beside the other workers
    trial = Trial(module.__name__, COUNTS[module], SEED)
    module.run(trial)
    assert trial.checked.total() > 0
    assert trial.broken == []
