"""Reading a partial scene input: which of a scene's attributes it sets, and to what.

Rules:
- An absent key keeps, a null clears; a list in a scene's own input is the whole new list, one in a
  bulk input is a step (ADD, REMOVE, SET), and there null keeps.
- Nothing here looks at the library: what an id refers to is checked where it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from stashhog.demo.entities import PARTIAL_DATES, number
from stashhog.demo.rows import RefusedError, SceneRow

_TEXTS = ("title", "code", "details", "director")
_LISTS = {"tag_ids": "tag", "performer_ids": "performer"}
_FULL_DATE = 10
_PARTIAL_LENGTHS = (4, 7, _FULL_DATE)


def scalar_changes(given: Mapping[str, Any], release: int) -> dict[str, Any]:
    """The scalars that an input sets, by attribute.

    Raises:
        RefusedError: a value is not possible.
    """
    changes: dict[str, Any] = {}
    for name in _TEXTS:
        if name in given:
            text = given[name] or ""
            changes[name] = text.strip() if release >= PARTIAL_DATES else text
    if "date" in given:
        changes["date"] = _read_date(given["date"] or "", release)
    if "rating100" in given:
        changes["rating100"] = given["rating100"]
    if "organized" in given:
        if given["organized"] is None:
            raise RefusedError(
                "Internal system error. Error <null value not allowed in optional bool>"
            )
        changes["organized"] = given["organized"]
    if "studio_id" in given:
        changes["studio_id"] = _read_studio(given["studio_id"])
    return changes


def list_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The whole lists that a scene's own input sets, by attribute (but for stash ids).

    Raises:
        RefusedError: something is no id.
    """
    changes: dict[str, Any] = {
        name: _read_ids(given[name] or (), kind) for name, kind in _LISTS.items() if name in given
    }
    if "urls" in given:
        changes["urls"] = list(given["urls"] or ())
    return changes


def bulk_list_changes(given: Mapping[str, Any], scene: SceneRow) -> dict[str, Any]:
    """The lists of `scene` after the steps of a bulk input.

    Raises:
        RefusedError: something is no id.
    """
    changes: dict[str, Any] = {}
    for name, kind in _LISTS.items():
        step = given.get(name)
        if step is not None:
            changes[name] = _stepped(
                getattr(scene, name), _read_ids(step.get("ids") or (), kind), step["mode"]
            )
    step = given.get("urls")
    if step is not None:
        changes["urls"] = _stepped(scene.urls, step.get("values") or (), step["mode"])
    return changes


def _stepped(present: Sequence[Any], members: Iterable[Any], mode: str) -> list[Any]:
    members = list(members)
    if mode == "SET":
        return members
    if mode == "REMOVE":
        return [member for member in present if member not in members]
    return list(dict.fromkeys([*present, *members]))


def _read_ids(texts: Iterable[object], kind: str) -> list[int]:
    return list(dict.fromkeys(number(text, f"converting {kind} ids: ") for text in texts))


def _read_studio(text: object) -> int | None:
    if text is None:
        return None
    return number(text, f"converting studio id: converting {text} to int: ")


def _read_date(text: str, release: int) -> str | None:
    if not text:
        return None
    day = text[:_FULL_DATE] if "T" in text[_FULL_DATE : _FULL_DATE + 1] else text
    partial = release >= PARTIAL_DATES
    if len(day) == _FULL_DATE or (partial and len(day) in _PARTIAL_LENGTHS):
        try:
            date.fromisoformat(day + "-01-01"[: _FULL_DATE - len(day)])
        except ValueError:
            pass
        else:
            return day
    failed = f"ParseDateStringAsTime failed: dateString <{text}>"
    if partial:
        failed = f'failed to parse date "{text}": [{failed}]'
    raise RefusedError(f"converting date: {failed}")
