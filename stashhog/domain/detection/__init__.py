"""What a scene's paths say about it, measured against what the user's organised scenes meant."""

from __future__ import annotations

from stashhog.domain.detection.findings import (
    FIELDS,
    DetectionOptions,
    Proposal,
    SceneFindings,
    current_blocks,
)

__all__ = ["FIELDS", "DetectionOptions", "Proposal", "SceneFindings", "current_blocks"]
