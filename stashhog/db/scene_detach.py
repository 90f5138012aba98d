"""Letting go of what was about a scene whose id names another scene now.

Ids are given again where a library was restored from a backup or made anew. What was proposed,
written and rejected for the former scene stays where it is told as history, under an id that no
scene of Stash has: applying or undoing it finds the scene gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stashhog.db.values import run, to_json

DETACHED = 10**17
"""Added to the id of a scene that is no more; Stash never counts that far."""

_MOVES = (
    "UPDATE changes SET scene_id = scene_id + ? WHERE scene_id IN (SELECT value FROM json_each(?))",
    "UPDATE journal SET scene_id = scene_id + ? WHERE scene_id IN (SELECT value FROM json_each(?))",
)
_MOVE_WORK = (
    "UPDATE OR REPLACE job_items SET scene_id = scene_id + ?"
    " WHERE change_id > 0 AND scene_id IN (SELECT value FROM json_each(?))"
)
_FORGET = "DELETE FROM rejections WHERE scene_id IN (SELECT value FROM json_each(?))"
_NOT_ANALYSED = (
    "UPDATE scenes SET analyzed_hash = NULL, analyzed_at = NULL"
    " WHERE id IN (SELECT value FROM json_each(?))"
)


def detach_scenes(s: Session, ids: Sequence[int]) -> None:
    """Part these ids from what was about the scenes that had them before."""
    if not ids:
        return
    named = to_json(list(ids))
    for statement in (*_MOVES, _MOVE_WORK):
        run(s, statement, (DETACHED, named))
    for statement in (_FORGET, _NOT_ANALYSED):
        run(s, statement, (named,))
