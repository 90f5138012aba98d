"""Filters and orders of the sample Stash's lists, as predicates and sort keys over rows.

Rules:
- A criterion compares as a real Stash does: EQUALS of texts is LIKE, INCLUDES takes any of the
  words, and times are compared as *texts*, whatever the value looks like.
- A filter is the input object as it came; all its criteria must hold, AND, OR and NOT nest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from stashhog.demo.entities import EntityTable, like, number
from stashhog.demo.rows import EntityRow, FileRow, Kind, RefusedError, SceneRow

Test = Callable[[Any], bool]
"""Does a row belong to the list?"""

Get = Callable[[Any], Any]
Tables = Mapping[Kind, EntityTable]


def scene_test(given: Mapping[str, Any], tables: Tables) -> Test | None:
    """Read a scene filter; None where every scene belongs."""
    if given.get("OR") is not None:
        return _either(given, lambda part: scene_test(part, tables))
    return _all([_scene_criterion(name, value, tables) for name, value in _said(given)])


def entity_test(given: Mapping[str, Any]) -> Test | None:
    """Read a performer, tag or studio filter; None where all belong."""
    if given.get("OR") is not None:
        return _either(given, entity_test)
    return _all([_entity_criterion(name, value) for name, value in _said(given)])


def _said(given: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((name, value) for name, value in given.items() if value is not None)


def words_test(words: str, texts: Callable[[Any], Iterable[str]]) -> Test:
    """The free text search `q`: every word must be in one of the row's texts."""
    needles = words.casefold().split()

    def holds(row: Any) -> bool:
        hay = [text.casefold() for text in texts(row)]
        return all(any(needle in text for text in hay) for needle in needles)

    return holds


def scene_texts(scene: SceneRow) -> Iterable[str]:
    """Where `q` looks in a scene."""
    yield scene.title
    yield scene.details
    for file in scene.files:
        yield file.path


def entity_texts(row: EntityRow) -> Iterable[str]:
    """Where `q` looks in an entity."""
    yield row.name
    yield from row.aliases


def _all(tests: Sequence[Test]) -> Test | None:
    if len(tests) < 2:  # noqa: PLR2004 - none, or one that needs no wrapping
        return tests[0] if tests else None
    return lambda row: all(test(row) for test in tests)


def _nested(name: str, inner: Test | None) -> Test:
    if inner is None:
        return lambda _row: name != "NOT"
    return inner if name != "NOT" else lambda row: not inner(row)


def _either(given: Mapping[str, Any], build: Callable[[Mapping[str, Any]], Test | None]) -> Test:
    rest = {name: value for name, value in given.items() if name != "OR"}
    first, second = build(rest), build(given["OR"])
    if first is None or second is None:
        return lambda _row: True
    return lambda row: first(row) or second(row)


# --- single criteria ----------------------------------------------------------------------------


def text_test(criterion: Mapping[str, Any], get: Callable[[Any], Iterable[str]]) -> Test:
    """A criterion on texts: it holds where one of the row's texts fits."""
    value, modifier = criterion["value"], criterion["modifier"]
    if modifier in {"IS_NULL", "NOT_NULL"}:
        wanted = modifier == "NOT_NULL"
        return lambda row: any(get(row)) is wanted
    positive = {
        "NOT_EQUALS": "EQUALS",
        "EXCLUDES": "INCLUDES",
        "NOT_MATCHES_REGEX": "MATCHES_REGEX",
    }
    if modifier in positive:
        test = text_test({"value": value, "modifier": positive[modifier]}, get)
        return lambda row: not test(row)
    if modifier == "EQUALS":
        match = like(value).fullmatch
        return lambda row: any(match(text) for text in get(row))
    if modifier == "INCLUDES":
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        words = [value[1:-1]] if quoted else value.split()
        matches = [like(f"%{word}%").fullmatch for word in words]
        return lambda row: any(match(text) for text in get(row) for match in matches)
    if modifier == "MATCHES_REGEX":
        try:
            search = re.compile(value).search
        except re.error as error:
            raise RefusedError(f"error parsing regexp: {error}") from None
        return lambda row: any(search(text) for text in get(row))
    raise RefusedError(f"unsupported string filter modifier {modifier}")


def order_test(criterion: Mapping[str, Any], get: Get) -> Test:
    """A criterion on numbers, or on times and dates as texts; a row without one never fits."""
    low, high, modifier = criterion["value"], criterion.get("value2"), criterion["modifier"]
    if modifier == "IS_NULL":
        return lambda row: get(row) is None
    if modifier in {"BETWEEN", "NOT_BETWEEN"}:
        high = low if high is None else high
    compare = _ORDERS.get(modifier)
    if compare is None:
        raise RefusedError(f"unsupported filter modifier {modifier}")

    def holds(row: Any) -> bool:
        found = get(row)
        return found is not None and compare(found, low, high)

    return holds


_ORDERS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "NOT_NULL": lambda _found, _low, _high: True,
    "EQUALS": lambda found, low, _high: bool(found == low),
    "NOT_EQUALS": lambda found, low, _high: bool(found != low),
    "GREATER_THAN": lambda found, low, _high: bool(found > low),
    "LESS_THAN": lambda found, low, _high: bool(found < low),
    "BETWEEN": lambda found, low, high: bool(low <= found <= high),
    "NOT_BETWEEN": lambda found, low, high: not low <= found <= high,
}


def _members_test(
    criterion: Mapping[str, Any],
    get: Callable[[Any], Sequence[int]],
    widen: Callable[[int], set[int]],
) -> Test:
    modifier = criterion["modifier"]
    if modifier == "IS_NULL":
        return lambda row: not get(row)
    if modifier == "NOT_NULL":
        return lambda row: bool(get(row))
    wanted = [widen(number(i)) for i in criterion.get("value") or ()]
    excluded = set().union(*(widen(number(i)) for i in criterion.get("excludes") or ()))

    def holds(row: Any) -> bool:
        has = set(get(row))
        if has & excluded:
            return False
        hits = [bool(has & group) for group in wanted]
        if modifier == "EXCLUDES":
            return not any(hits)
        return all(hits) if modifier in {"INCLUDES_ALL", "EQUALS"} else (any(hits) or not hits)

    return holds


# --- scenes -------------------------------------------------------------------------------------


def _paths(scene: SceneRow) -> Iterable[str]:
    return [file.path for file in scene.files]


def _studio(scene: SceneRow) -> Sequence[int]:
    return () if scene.studio_id is None else (scene.studio_id,)


def _one(name: str) -> Callable[[Any], Iterable[str]]:
    get = attrgetter(name)
    return lambda row: (get(row) or "",)


def _prints(kind: str) -> Callable[[Any], Iterable[str]]:
    return lambda scene: [
        value for file in scene.files for name, value in file.fingerprints if name == kind
    ]


_SCENE_TEXTS: dict[str, Callable[[Any], Iterable[str]]] = {
    "title": _one("title"),
    "code": _one("code"),
    "details": _one("details"),
    "director": _one("director"),
    "path": _paths,
    "url": attrgetter("urls"),
    "oshash": _prints("oshash"),
    "checksum": _prints("md5"),
}
_SCENE_ORDERS: dict[str, Get] = {
    "id": attrgetter("id"),
    "rating100": attrgetter("rating100"),
    "date": attrgetter("date"),
    "created_at": attrgetter("created_at"),
    "updated_at": attrgetter("updated_at"),
    "file_count": lambda scene: len(scene.files),
    "tag_count": lambda scene: len(scene.tag_ids),
    "performer_count": lambda scene: len(scene.performer_ids),
    "play_count": attrgetter("play_count"),
}
_MISSING: dict[str, Get] = {
    "studio": attrgetter("studio_id"),
    "performers": attrgetter("performer_ids"),
    "tags": attrgetter("tag_ids"),
    "url": attrgetter("urls"),
    "stash_id": attrgetter("stash_ids"),
    **{name: attrgetter(name) for name in ("title", "details", "date", "code", "director")},
}


def _scene_criterion(name: str, value: Any, tables: Tables) -> Test:
    if name in _SCENE_TEXTS:
        return text_test(value, _SCENE_TEXTS[name])
    if name in _SCENE_ORDERS:
        return order_test(value, _SCENE_ORDERS[name])
    if name == "organized":
        return lambda scene: scene.organized is value
    if name == "is_missing":
        return _missing_test(value)
    if name == "files_filter":
        return _files_test(value)
    if name in {"AND", "NOT"}:
        return _nested(name, scene_test(value, tables))
    depth = value.get("depth") or 0
    if name == "performers":
        return _members_test(value, attrgetter("performer_ids"), lambda i: {i})
    table, get = (
        (tables["tag"], attrgetter("tag_ids")) if name == "tags" else (tables["studio"], _studio)
    )
    return _members_test(value, get, lambda i: table.descendants([i], depth))


def _missing_test(name: str) -> Test:
    get = _MISSING.get(name)
    if get is None:
        raise RefusedError(f"no such column: scenes.{name}")
    return lambda scene: not get(scene)


def _files_test(given: Mapping[str, Any]) -> Test:
    tests: list[Callable[[FileRow], bool]] = [
        text_test(value, _one(name)) if name == "path" else order_test(value, attrgetter(name))
        for name, value in given.items()
        if value is not None
    ]
    return lambda scene: any(all(test(file) for test in tests) for file in scene.files)


def _entity_criterion(name: str, value: Any) -> Test:
    if name in {"name", "disambiguation"}:
        return text_test(value, _one(name))
    if name == "aliases":
        return text_test(value, attrgetter("aliases"))
    if name in {"created_at", "updated_at"}:
        return order_test(value, attrgetter(name))
    if name == "ignore_auto_tag":
        return lambda row: row.ignore_auto_tag is value
    return _nested(name, entity_test(value))


# --- orders -------------------------------------------------------------------------------------


def _folded(name: str) -> Get:
    get = attrgetter(name)
    return lambda row: ((get(row) or "").upper(), row.id)


def _numbers(name: str) -> Get:
    get = attrgetter(name)
    return lambda row: (get(row) or 0, row.id)


def _first_path(scene: SceneRow) -> tuple[str, int]:
    return (scene.files[0].path if scene.files else "", scene.id)


SCENE_SORTS: dict[str, Get] = {
    "id": attrgetter("id"),
    "title": _folded("title"),
    "code": _folded("code"),
    "date": _folded("date"),
    "path": _first_path,
    "created_at": _folded("created_at"),
    "updated_at": _folded("updated_at"),
    "rating": _numbers("rating100"),
    "organized": _numbers("organized"),
    "play_count": _numbers("play_count"),
    "file_count": lambda scene: (len(scene.files), scene.id),
    "tag_count": lambda scene: (len(scene.tag_ids), scene.id),
    "performer_count": lambda scene: (len(scene.performer_ids), scene.id),
    "filesize": lambda scene: (sum(file.size for file in scene.files), scene.id),
    "duration": lambda scene: (max((file.duration for file in scene.files), default=0), scene.id),
}
ENTITY_SORTS: dict[str, Get] = {
    "id": attrgetter("id"),
    "name": _folded("name"),
    "created_at": _folded("created_at"),
    "updated_at": _folded("updated_at"),
}
