"""When an analysis begins to ask."""

from __future__ import annotations

import pytest

from stashhog.domain.asking.timing import lasts


@pytest.mark.parametrize(
    ("gathered", "looked", "left", "asked_per_s", "begins"),
    [
        (0, 100, 0, 400, True),  # all are looked at
        (0, 100, 900, 400, False),  # nothing to ask about
        (30, 100, 900, 400, False),  # few are doubtful, and answers are quick: seats would wait
        (30, 100, 900, 40, True),  # answers are slow: there will always be more to ask
        (270, 900, 100, 400, True),  # so near the end, what is gathered lasts
        (90, 100, 900, 400, True),  # nearly all are asked about
    ],
)
def test_calls_begin_once_they_need_not_wait_for_scenes(
    gathered: int, looked: int, left: int, asked_per_s: float, *, begins: bool
) -> None:
    rates = {"looked_per_s": 600.0, "asked_per_s": float(asked_per_s)}
    assert lasts(gathered, looked, left, **rates) is begins
