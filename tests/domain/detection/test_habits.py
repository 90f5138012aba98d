"""Libraries named by habits that were written down by hand: hardly anything they say is missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.accuracy import Row, run_corpus
from tests.corpora.by_hand import HABITS, make_by_hand


def found_and_right(rows: list[Row], shown: int) -> tuple[float, float]:
    """The share that is found of what paths reveal, and the share that is right of what is found."""
    right = sum(row[1] for row in rows)
    return sum(row[1] and row[2] for row in rows) / shown, right / len(rows)


@pytest.mark.parametrize(("cold", "title"), [(False, 0.97), (True, 0.93)])
def test_what_fifty_habits_say_is_found(tmp_path: Path, *, cold: bool, title: float) -> None:
    assert len(HABITS) > 50
    make_by_hand(7, each=12).write(tmp_path)
    rows, totals, _ = run_corpus(tmp_path, cold=cold)
    for field, least in (("studio", 0.97), ("performers", 0.99), ("date", 0.99), ("title", title)):
        share, right = found_and_right(rows[field], totals[field][1])
        assert share >= least, field
        assert right >= least, field


def test_the_same_seed_makes_the_same_library() -> None:
    assert make_by_hand(3, each=2) == make_by_hand(3, each=2)
    assert make_by_hand(3, each=2) != make_by_hand(4, each=2)
