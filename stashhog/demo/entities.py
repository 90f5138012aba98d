"""Performers, tags and studios of the sample Stash, with a real Stash's rules about names.

Rules:
- Tags and studios: names and aliases share one namespace. Performers: name and disambiguation
  together are unique, aliases are only unique within one performer.
- Names are compared as SQL's LIKE does: `_` and `%` of the *new* name are wildcards, and only
  ASCII letters are folded.
- The texts of refusals are a real Stash's own: clients read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from stashhog.demo.rows import EntityRow, Kind, RefusedError

PARTIAL_DATES = 30
"""The minor release from which Stash takes partial dates, trims texts and refuses blank names."""


@lru_cache(maxsize=4096)
def like(pattern: str) -> re.Pattern[str]:
    """Compile an SQL LIKE pattern; `fullmatch` is the comparison."""
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII | re.DOTALL)


def number(text: object, what: str = "") -> int:
    """Read an id off the wire.

    Raises:
        RefusedError: it is no number; `what` opens the text.
    """
    try:
        return int(str(text))
    except ValueError:
        raise RefusedError(f'{what}strconv.Atoi: parsing "{text}": invalid syntax') from None


class EntityTable:
    """All entities of one kind.

    Args:
        kind: Which.
        now: The present time as the server writes it.
        release: The minor release number that is acted.
    """

    def __init__(self, kind: Kind, now: Callable[[], str], release: int) -> None:
        self.kind: Kind = kind
        self.rows: dict[int, EntityRow] = {}
        self._now = now
        self._release = release
        self._last_id = 0

    def load(self, row: EntityRow) -> None:
        """Take a row as it is, rules or no rules."""
        self.rows[row.id] = row
        self._last_id = max(self._last_id, row.id)

    def backup(self) -> tuple[dict[int, EntityRow], int]:
        """All rows, and the last id that was given."""
        return self.rows, self._last_id

    def restore(self, kept: tuple[dict[int, EntityRow], int]) -> None:
        """Hold these rows and no others."""
        self.rows, self._last_id = kept

    def require(self, entity_id: int) -> EntityRow:
        """Return the row.

        Raises:
            RefusedError: it does not exist.
        """
        row = self.rows.get(entity_id)
        if row is None:
            raise RefusedError(f"{self.kind} with id {entity_id} not found")
        return row

    def create(self, values: Mapping[str, Any]) -> EntityRow:
        """Create from the fields of a create input.

        Raises:
            RefusedError: a rule about names or parents forbids it.
        """
        now = self._now()
        row = EntityRow(self.kind, self._last_id + 1, "", now, now)
        self._assign(row, values)
        self._check(row, values)
        self._last_id = row.id
        self.rows[row.id] = row
        return row

    def update(self, entity_id: int, values: Mapping[str, Any]) -> EntityRow:
        """Change the fields that `values` has, and move `updated_at`.

        Raises:
            RefusedError: it does not exist, or a rule forbids it; nothing is changed then.
        """
        old = self.require(entity_id)
        new = EntityRow(
            old.kind,
            old.id,
            old.name,
            old.created_at,
            self._now(),
            list(old.aliases),
            old.disambiguation,
            old.description,
            list(old.parent_ids),
            old.ignore_auto_tag,
            old.favorite,
            list(old.urls),
            old.other_uses,
        )
        self._assign(new, values)
        self._check(new, values)
        self.rows[old.id] = new
        return new

    def destroy(self, entity_id: int) -> None:
        """Remove one; children lose it as a parent. Links from scenes are the caller's.

        Raises:
            RefusedError: it does not exist.
        """
        if self.rows.pop(entity_id, None) is None:
            raise RefusedError(f"id {entity_id} does not exist in {self.kind}s")
        for row in self.rows.values():
            if entity_id in row.parent_ids:
                row.parent_ids = [parent for parent in row.parent_ids if parent != entity_id]

    def merge(self, sources: Sequence[int], destination: int) -> EntityRow | None:
        """Make `sources` aliases of `destination`, which keeps its `updated_at`.

        Links from scenes are the caller's. Without sources nothing happens.

        Raises:
            RefusedError: a tag is missing, or is merged into itself.
        """
        if not sources:
            return None
        row = self.require(destination)
        if destination in sources:
            raise RefusedError("cannot merge where source == destination")
        for source in sources:
            if source not in self.rows:
                raise RefusedError(f"id {source} does not exist in {self.kind}s")
        for source in sources:
            gone = self.rows[source]
            row.aliases = sorted({*row.aliases, gone.name, *gone.aliases})
            self.destroy(source)
        return row

    def descendants(self, ids: Iterable[int], depth: int) -> set[int]:
        """`ids` with their children down to `depth` levels (-1: all)."""
        found = set(ids)
        edge = set(found)
        while edge and depth:
            edge = {row.id for row in self.rows.values() if edge & set(row.parent_ids)} - found
            found |= edge
            depth -= 1
        return found

    def _assign(self, row: EntityRow, values: Mapping[str, Any]) -> None:
        trim: Callable[[str], str] = str.strip if self._release >= PARTIAL_DATES else str
        for name, attribute in _TEXTS[self.kind].items():
            if name in values:
                setattr(row, attribute, trim(values[name] or ""))
        for name, attribute in _LISTS[self.kind].items():
            if name in values:
                setattr(row, attribute, [trim(text) for text in values[name] or ()])
        for name in ("ignore_auto_tag", "favorite"):
            if values.get(name) is not None:
                setattr(row, name, values[name])
        if "parent_ids" in values:
            row.parent_ids = [
                number(i, "converting parent tag ids: ") for i in values["parent_ids"] or ()
            ]
        if "parent_id" in values:
            parent = values["parent_id"]
            row.parent_ids = [] if parent is None else [number(parent, "converting parent id: ")]

    def _check(self, row: EntityRow, given: Mapping[str, Any]) -> None:
        """Judge what `given` brought into the row; what was there before is not judged again."""
        if not row.name.strip() and (self.kind == "studio" or self._release >= PARTIAL_DATES):
            raise RefusedError(f"{self.kind} name must not be blank")
        if self.kind == "performer":
            self._check_performer(row)
        else:
            if "name" in given:
                self._check_free(row.name, row.id)
            if "aliases" in given:
                self._check_aliases(row)
            self._check_parents(row)
        row.aliases.sort()

    def _check_performer(self, row: EntityRow) -> None:
        name, disambiguation = like(row.name), like(row.disambiguation)
        for other in self.rows.values():
            same = name.fullmatch(other.name) and disambiguation.fullmatch(other.disambiguation)
            if other.id != row.id and same:
                also = f" and disambiguation '{row.disambiguation}'" if row.disambiguation else ""
                raise RefusedError(f"performer with name '{row.name}'{also} already exists")
        seen = {row.name.casefold()}
        for alias in row.aliases:
            if alias.casefold() in seen:
                raise RefusedError(f"performer contains duplicate alias '{alias}'")
            seen.add(alias.casefold())

    def _check_free(self, name: str, own_id: int) -> None:
        pattern = like(name)
        for other in self.rows.values():
            if other.id == own_id:
                continue
            if pattern.fullmatch(other.name):
                raise RefusedError(f"{self.kind} with name '{name}' already exists")
            if any(pattern.fullmatch(alias) for alias in other.aliases):
                raise RefusedError(f"name '{name}' is used as alias for '{other.name}'")

    def _check_aliases(self, row: EntityRow) -> None:
        for alias in row.aliases:
            self._check_free(alias, row.id)
        if "" in row.aliases and self.kind == "studio" and self._release >= PARTIAL_DATES:
            raise RefusedError("studio alias must not be an empty string")
        if len(set(row.aliases)) != len(row.aliases):
            table = f"{self.kind}_aliases"
            raise RefusedError(f"inserting into {table}: UNIQUE constraint failed: {table}.alias")

    def _check_parents(self, row: EntityRow) -> None:
        below = self.descendants([row.id], -1)
        for parent in row.parent_ids:
            if parent in below:
                raise RefusedError(self._loop(row, parent))
            if parent not in self.rows:
                raise RefusedError(
                    f"inserting into {self.kind}s [[{row.id} {parent}]]: "
                    "FOREIGN KEY constraint failed"
                )

    def _loop(self, row: EntityRow, parent: int) -> str:
        if self.kind == "studio":
            return "studio cannot be an ancestor of itself"
        name = row.name if parent == row.id else self.rows[parent].name
        return (
            f'cannot apply tag "{name}" as a parent of "{row.name}" '
            f"as it is already a descendant ({row.name}->{name})"
        )


_TEXTS: dict[Kind, dict[str, str]] = {
    "performer": {"name": "name", "disambiguation": "disambiguation", "details": "description"},
    "tag": {"name": "name", "description": "description"},
    "studio": {"name": "name", "details": "description"},
}
_LISTS: dict[Kind, dict[str, str]] = {
    "performer": {"alias_list": "aliases", "urls": "urls"},
    "tag": {"aliases": "aliases"},
    "studio": {"aliases": "aliases", "urls": "urls"},
}
