"""Which scenes: the filters of `GET /api/scenes`, and what each asks of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from stashhog.core.exceptions import ValidationError
from stashhog.db.search import match_text
from stashhog.db.tables import entities, scene_performers, scene_tags, scene_words, scenes
from stashhog.db.values import clean, row_ids, run
from stashhog.domain.library import EntityKind

Condition = ColumnElement[bool]
PATH_KEY = 200
"""So many characters of a path are sorted by."""
LAST = "\U0010ffff"

_MISSING: Mapping[str, Condition] = {
    "studio": scenes.c.studio_id.is_(None),
    "performers": scenes.c.performer_count == 0,
    "tags": scenes.c.tag_count == 0,
    "title": scenes.c.has_title == 0,
    "date": scenes.c.has_date == 0,
    "details": scenes.c.has_details == 0,
}
MISSING = tuple(_MISSING)


@dataclass(frozen=True, slots=True)
class SceneFilters:
    """All that are given must hold; the names are the API's."""

    q: str | None = None
    studio_id: tuple[str, ...] = ()
    performer_id: tuple[str, ...] = ()
    performer_match: str = "all"
    tag_id: tuple[str, ...] = ()
    tag_match: str = "all"
    organized: bool | None = None
    date_from: str | None = None
    date_to: str | None = None
    path: str | None = None
    missing: tuple[str, ...] = ()
    analyzed: bool | None = None
    deleted: bool = False

    def names(self) -> dict[str, Any]:
        """What a cursor is bound to."""
        return asdict(self)


_LISTS = frozenset({"studio_id", "performer_id", "tag_id", "missing"})
_FLAGS = frozenset({"organized", "analyzed", "deleted"})
_NAMES = frozenset(field.name for field in fields(SceneFilters))
_CHOICES: Mapping[str, Sequence[str]] = {
    "performer_match": ("all", "any"),
    "tag_match": ("all", "any"),
    "missing": MISSING,
}


def filters_from_query(given: Mapping[str, Any]) -> SceneFilters:
    """Read the filters of a list; none means all live scenes.

    Raises:
        ValidationError: `bad_filter`, one that does not exist or has no such value.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _NAMES:
            raise ValidationError(f"there is no filter {str(name)[:64]!r}", code="bad_filter")
        if value is not None:
            values[name] = _checked(name, value)
    return SceneFilters(**values)


def filters_from_mapping(given: Mapping[str, Any]) -> SceneFilters:
    """Read the filter of a selection; everything is said as `{"all": true}`, alone.

    Raises:
        ValidationError: `empty_selection`, it says nothing; `ambiguous_selection`, it says all and
            more; `bad_filter`.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if said.pop("all", False) is True:
        if said:
            raise ValidationError(
                '{"all": true} stands alone in a filter', code="ambiguous_selection"
            )
        return SceneFilters()
    said = {name: value for name, value in said.items() if not _says_nothing(value)}
    if not said.keys() - {"performer_match", "tag_match"}:
        raise ValidationError(
            'the filter says nothing; everything is {"all": true}', code="empty_selection"
        )
    return filters_from_query(said)


def _says_nothing(value: Any) -> bool:
    return not value.strip() if isinstance(value, str) else value in ([], ())


def _checked(name: str, value: Any) -> Any:
    if name in _LISTS:
        value = (value,) if isinstance(value, str) else value
        right = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    else:
        right = isinstance(value, bool if name in _FLAGS else str)
    if not right:
        raise _bad(name)
    words = value if name in _LISTS else (value,)
    if name in _CHOICES and any(word not in _CHOICES[name] for word in words):
        raise _bad(name)
    return tuple(value) if name in _LISTS else value


def _bad(name: str) -> ValidationError:
    choices = _CHOICES.get(name)
    hint = f"; one of: {', '.join(choices)}" if choices else ""
    return ValidationError(f"the filter {name} has no such value{hint}", code="bad_filter")


# --- what they ask of the database --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A filter that names a set of scenes: how many at the most, which, and whether one is in it.

    `exact` is the number itself where nothing else filters.
    """

    at_most: int
    ids: Select[Any]
    holds: Condition
    exact: int | None = None


def scene_conditions(s: Session, filters: SceneFilters) -> list[Condition]:
    """Everything that the filters ask, for a query that needs no order."""
    parts = parts_of(s, filters)
    plain = plain_conditions(filters, by_set=bool(parts))
    return [*plain, *(scenes.c.id.in_(part.ids) for part in parts)]


def plain_conditions(filters: SceneFilters, *, by_set: bool) -> list[Condition]:
    """What the filters ask of a scene's own row.

    Args:
        filters: The filters.
        by_set: Scenes are looked up from a set of ids: an index of all that are not deleted, which
            SQLite would rather walk, is kept from it.
    """
    deleted = unindexed("deleted_at") if by_set else scenes.c.deleted_at
    found: list[Condition] = [deleted.is_not(None) if filters.deleted else deleted.is_(None)]
    if filters.studio_id:
        ids = row_ids(filters.studio_id)
        found.append(scenes.c.studio_id == ids[0] if len(ids) == 1 else scenes.c.studio_id.in_(ids))
    if filters.organized is not None:
        found.append(scenes.c.organized == int(filters.organized))
    if filters.analyzed is not None:
        found.append(scenes.c.analyzed == int(filters.analyzed))
    if filters.date_from is not None:
        found.append(scenes.c.date_key >= filters.date_from)
    if filters.date_to is not None:
        found.append(scenes.c.date_key <= f"{filters.date_to}~")  # "2024" takes all its months in
    if filters.path:
        found.append(_path_condition(clean(filters.path)))
    found += [_MISSING[name] for name in dict.fromkeys(filters.missing)]
    return found


def _path_condition(prefix: str) -> Condition:
    key = scenes.c.path_key
    if len(prefix) <= PATH_KEY:
        return and_(key >= prefix, key < prefix + LAST)
    return and_(key == prefix[:PATH_KEY], func.substr(scenes.c.path, 1, len(prefix)) == prefix)


def parts_of(s: Session, filters: SceneFilters) -> list[Part]:
    """What the filters ask of the tables beside the scenes, the smallest set first."""
    parts = [
        *_links(s, "performer", scene_performers, filters.performer_id, filters.performer_match),
        *_links(s, "tag", scene_tags, filters.tag_id, filters.tag_match),
    ]
    if filters.q and filters.q.strip():
        parts.append(_words(s, filters.q, deleted=filters.deleted))
    return sorted(parts, key=lambda part: part.at_most)


def _links(
    s: Session, kind: EntityKind, table: Table, wanted: Sequence[str], match: str
) -> list[Part]:
    if not wanted:
        return []
    ids = row_ids(wanted)
    unknown = len(ids) < len(set(wanted))
    counts: dict[int, int] = {
        row[0]: row[1]
        for row in s.execute(
            select(entities.c.id, entities.c.scene_count).where(
                entities.c.kind == kind, entities.c.id.in_(ids)
            )
        )
    }
    if match == "any":
        return [_linked(table, ids, sum(counts.values()))]
    if unknown:
        return [Part(0, select(scenes.c.id).where(false()), false(), 0)]
    return [_linked(table, [one], counts.get(one, 0)) for one in ids]


def _linked(table: Table, ids: list[int], at_most: int) -> Part:
    member = table.columns[1]
    chosen = member == ids[0] if len(ids) == 1 else member.in_(ids)
    holds = exists().where(table.c.scene_id == scenes.c.id, chosen)
    exact = at_most if len(ids) == 1 else None
    return Part(at_most, select(table.c.scene_id).where(chosen), holds, exact)


def _words(s: Session, words: str, *, deleted: bool) -> Part:
    question = match_text(words)
    if question is None:
        return Part(0, select(scenes.c.id).where(false()), false(), 0)
    side = "rowid < 0" if deleted else "rowid > 0"
    count = int(
        run(
            s,
            "SELECT count(*) FROM scene_words WHERE scene_words MATCH ?"
            " AND CASE WHEN ? THEN rowid < 0 ELSE rowid > 0 END",
            (question, int(deleted)),
        ).scalar_one()
    )
    row = -scene_words.c.rowid if deleted else scene_words.c.rowid
    ids = select(row).where(text("scene_words MATCH :question"), text(side))
    ids = ids.params(question=question)
    return Part(count, ids, unindexed("id").in_(ids), count)


def unindexed(name: str) -> ColumnElement[Any]:
    """A scene's column in a form for which SQLite takes no index, so that the plan is ours."""
    return literal_column(f"+scenes.{name}", scenes.c[name].type)
