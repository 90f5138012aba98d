"""How a finding is said to a person: where it was read, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stashhog.domain.detection.reading import Segment

MOST_PROPOSED = 0.9999


def rounded(confidence: float) -> float:
    """A confidence as it is proposed: four digits, never certain."""
    return round(min(confidence, MOST_PROPOSED), 4)


def evidence_of(
    segment: Segment | None,
    first: int,
    after: int,
    rule: str,
    runner_up: Mapping[str, Any] | None = None,
    confidence: float = 0.0,
) -> dict[str, Any]:
    """Where it was read; without a segment it was only counted."""
    start = end = span = None
    if segment is not None:
        begin, stop = segment.tokens.span(first, after)
        start, end = begin + segment.offset, stop + segment.offset
        span = segment.whole[start:end]
    gap = round(confidence - runner_up["confidence"], 4) if runner_up else None
    return {
        "text": segment.whole if segment is not None else None,
        "where": segment.role if segment is not None else None,
        "start": start,
        "end": end,
        "span": span,
        "rule": rule,
        "runner_up": runner_up,
        "gap": gap,
    }


PLACES = {
    "stem": "the file's name", "also": "another file's name", "d1": "the folder's name",
    "d2": "a folder's name", "d3": "a folder's name", "title": "the title",
    "details": "the details",
}  # fmt: skip
