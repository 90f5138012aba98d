"""What a scene's paths say about it, measured against what the user's organised scenes meant.

Rules:
- Pure: the same scene and the same knowledge give the same proposals; nothing here raises on any
  text, and the work is linear in its length.
- A detector is a module with `FEATURES` and a function that finds candidates; its place in the
  order is in `scoring`, its words for people in `proposals`.
"""

from __future__ import annotations

from stashhog.domain.detection.explaining import explained
from stashhog.domain.detection.findings import (
    DEFAULT_FIELDS,
    FIELDS,
    DetectionOptions,
    Proposal,
    SceneFindings,
    current_blocks,
)
from stashhog.domain.detection.knowledge import Knowledge
from stashhog.domain.detection.opinions import Opinions
from stashhog.domain.detection.proposals import Examined, detect, examine, reconsider
from stashhog.domain.detection.questions import Option, Question, questions

__all__ = [
    "DEFAULT_FIELDS",
    "FIELDS",
    "DetectionOptions",
    "Examined",
    "Knowledge",
    "Opinions",
    "Option",
    "Proposal",
    "Question",
    "SceneFindings",
    "current_blocks",
    "detect",
    "examine",
    "explained",
    "questions",
    "reconsider",
]
