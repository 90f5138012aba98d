"""Whatever happens to jobs, in whatever order, what the actors promise holds."""

from __future__ import annotations

from hypothesis import given, settings

from stashhog.domain.jobs import JobKind
from tests.actors.histories import Step, histories, played


@settings(max_examples=150)
@given(histories)
def test_any_history_keeps_every_promise(history: list[Step]) -> None:
    assert played(history).broken == []


def test_a_job_that_is_cancelled_while_queued_never_begins() -> None:
    at = played(
        [
            *(("submit", JobKind.SYNC, 1), ("submit", JobKind.SYNC, 1), ("settle",)),
            *(("cancel", 1), ("settle",), ("kill",), ("settle",)),
        ]
    )
    assert at.order[1].id not in at.began
