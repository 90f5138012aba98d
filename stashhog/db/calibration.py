"""What people decided about proposals: what an analysis learns from, and what people are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from stashhog.db.values import run
from stashhog.domain.learning import CALIBRATED_FROM
from stashhog.domain.learning.decisions import Decided

LATEST = 200_000
"""So many changes are looked back upon; what was decided before them no longer counts."""

BINS = 10


class _Row(NamedTuple):
    field: str
    shown: float
    uncorrected: float
    opinion: str | None
    accepted: int
    decided: int


def _rows(s: Session) -> Iterator[_Row]:
    """Accepted and applied is right; rejected is wrong, and so is what a person replaced."""
    found = run(
        s,
        """
        SELECT field, round(confidence, 2),
               round(CASE WHEN instr(evidence, '"before_decisions"')
                     THEN json_extract(evidence, '$.before_decisions') ELSE confidence END, 2),
               CASE WHEN instr(evidence, '"model"') THEN json_extract(evidence, '$.model') END,
               sum(edited = 0 AND status != 'rejected'), count(*)
        FROM changes
        WHERE id > (SELECT coalesce(max(id), 0) FROM changes) - ?
          AND creates_entity = 0 AND action != 'remove' AND field != 'details'
          AND (edited = 1 OR status IN ('accepted', 'applying', 'applied', 'rejected'))
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 2
        """,
        (LATEST,),
    )
    yield from (_Row(*row) for row in found)


def decided(s: Session) -> Sequence[Decided]:
    """Decisions by field, confidence (as it was before corrections) and the model's opinion."""
    return [
        Decided(
            row.field, float(row.uncorrected), row.accepted, row.decided - row.accepted, row.opinion
        )
        for row in _rows(s)
    ]


def organized_count(s: Session) -> int:
    """How many live scenes the user has organised."""
    found = run(s, "SELECT count(*) FROM scenes WHERE deleted_at IS NULL AND organized = 1")
    return int(found.scalar_one())


def calibration(s: Session) -> dict[str, Any]:
    """By field what confidences were shown, and how many of those proposals people took."""
    organized = organized_count(s)
    fields: dict[str, dict[int, list[float]]] = {}
    for row in _rows(s):
        bins = fields.setdefault(row.field, {})
        tally = bins.setdefault(min(int(row.shown * BINS), BINS - 1), [0, 0, 0.0])
        tally[0] += row.decided
        tally[1] += row.accepted
        tally[2] += row.decided * row.shown
    return {
        "organized_scenes": organized,
        "calibrated": organized >= CALIBRATED_FROM,
        "calibrated_from": CALIBRATED_FROM,
        "fields": {name: _curve(bins) for name, bins in sorted(fields.items())},
    }


def _curve(bins: dict[int, list[float]]) -> dict[str, Any]:
    return {
        "decided": sum(int(number) for number, _, _ in bins.values()),
        "accepted": sum(int(taken) for _, taken, _ in bins.values()),
        "bins": [
            {
                "confidence_from": at / BINS,
                "confidence_to": (at + 1) / BINS,
                "decided": int(number),
                "accepted": int(taken),
                "mean_confidence": round(total / number, 4),
            }
            for at, (number, taken, total) in sorted(bins.items())
        ],
    }
