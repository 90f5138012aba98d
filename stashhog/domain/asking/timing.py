"""When an analysis begins to ask: just in time, so that calls need not wait for scenes.

A server of one's own works best with all seats taken, and the analysis ends no later for it.
"""

from __future__ import annotations

SLOWER = 1.5
"""Looking at scenes takes so many times as long beside calls."""


def lasts(
    gathered: int, looked: int, left: int, *, looked_per_s: float, asked_per_s: float
) -> bool:
    """Whether calls that begin now keep their seats until all scenes are looked at.

    Args:
        gathered: Scenes to be asked about, out of those looked at so far.
        looked: Scenes looked at so far.
        left: Scenes still to be looked at.
        looked_per_s: How many are looked at in a second, without calls beside.
        asked_per_s: How many can be answered in a second.
    """
    if not left:
        return True
    if not gathered:
        return False
    to_ask = gathered * (1.0 + left / looked)
    return SLOWER * left / looked_per_s <= to_ask / asked_per_s
