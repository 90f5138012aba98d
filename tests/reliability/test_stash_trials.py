"""The trials of what goes wrong with Stash, with small counts."""

from __future__ import annotations

import pytest

from tests.reliability import colleague, flaky, points, undoing
from tests.reliability.trial import Trial

SEED = 20261125


@pytest.mark.parametrize(
    ("module", "count"), [(flaky, 60), (colleague, 60), (undoing, 60), (points, 16)]
)
def test_its_promises_hold(module, count):
    trial = Trial(module.__name__, count, SEED)
    module.run(trial)
    assert trial.checked.total() > 0
    assert trial.broken == []
