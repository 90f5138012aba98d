"""The settings that hold, and for each where it came from and whether it may be changed.

Rules:
- A value of the database that no longer fits (after an upgrade) gives way to the weaker layers and
  leaves a notice: settings that can be set in the UI must never keep the UI from starting. A bad
  value anywhere else is an error that names its place.
- A key saved in the database is used only at the server that it was entered for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import SecretStr, ValidationError as FieldErrors
from pydantic_core import ErrorDetails

from stashhog.core.config.addresses import origin
from stashhog.core.config.layers import FIXING, ORDER, SettingsLayers, Source, place
from stashhog.core.config.model import FIELDS, SECRET_FIELDS, Settings
from stashhog.core.exceptions import SettingsError

MASK = "********"
KeyedGroup = Literal["stash", "openai"]
ADDRESS_OF: Mapping[KeyedGroup, str] = {"stash": "stash.url", "openai": "openai.base_url"}
"""Groups whose `api_key` belongs to an address."""

RESTART_ONLY = frozenset(
    {"app.host", "app.port", "app.root_path", "app.data_dir", "app.version"}
) | frozenset(name for name in FIELDS if name.startswith("database."))


@dataclass(frozen=True, slots=True)
class ResolvedSettings:
    """One consistent view of all layers.

    `sources` has every dotted name; `notices` are sentences for the log about what was
    left out of `layers`.
    """

    settings: Settings
    sources: Mapping[str, str]
    read_only: frozenset[str]
    notices: tuple[str, ...]
    layers: SettingsLayers


def resolve(layers: SettingsLayers) -> ResolvedSettings:
    """Merge the layers.

    Raises:
        SettingsError: A value outside the database cannot be used; one line, naming its place.
    """
    notices: list[str] = []
    while True:
        tree, sources = merge(layers)
        try:
            settings = Settings.model_validate(tree)
            break
        except FieldErrors as error:
            layers, dropped = _without_bad_saved(layers, sources, error)
            notices += dropped
    settings = settings.model_copy(
        update={"openai": settings.openai.with_ambient(layers.ambient_key, layers.ambient_url)}
    )
    settings, strangers = _without_stranger_keys(settings, sources, layers)
    if settings.openai.api_key is None and settings.openai.effective_key is not None:
        sources["openai.api_key"] = Source.AMBIENT
    return ResolvedSettings(
        settings=settings,
        sources={name: str(source) for name, source in sources.items()},
        read_only=_read_only(sources),
        notices=(*notices, *strangers),
        layers=layers,
    )


def merge(layers: SettingsLayers) -> tuple[dict[str, dict[str, Any]], dict[str, Source]]:
    """Lay the layers over each other; returns the plain values and each one's source."""
    tree: dict[str, dict[str, Any]] = {}
    sources = dict.fromkeys(sorted(FIELDS), Source.DEFAULT)
    for source in ORDER:
        for group, name, value in layers.entries(source):
            tree.setdefault(group, {})[name] = value
            sources[f"{group}.{name}"] = source
    return tree, sources


def public_values(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return all values as JSON, each secret as a mask, or null where it is not set."""
    values: dict[str, dict[str, Any]] = settings.model_dump(mode="json")
    for name in SECRET_FIELDS:
        group, _, key = name.partition(".")
        values[group][key] = MASK if getattr(getattr(settings, group), key) is not None else None
    if settings.openai.effective_key is not None:
        values["openai"]["api_key"] = MASK
    return values


def address_of(settings: Settings, group: KeyedGroup) -> str | None:
    """Return where a group's key goes to."""
    return settings.stash.url if group == "stash" else settings.openai.effective_url


def key_of(settings: Settings, group: KeyedGroup) -> SecretStr | None:
    """Return the key that goes there, the ambient one included."""
    return settings.stash.api_key if group == "stash" else settings.openai.effective_key


def field_errors(error: FieldErrors) -> list[ErrorDetails]:
    """List what is wrong, without the values."""
    return error.errors(include_url=False, include_input=False, include_context=False)


def _read_only(sources: Mapping[str, Source]) -> frozenset[str]:
    fixed = {name for name, source in sources.items() if source in FIXING}
    addresses = {ADDRESS_OF[group] for group in ADDRESS_OF if f"{group}.api_key" in fixed}
    return frozenset(fixed | addresses | RESTART_ONLY)


def _without_bad_saved(
    layers: SettingsLayers, sources: Mapping[str, Source], error: FieldErrors
) -> tuple[SettingsLayers, list[str]]:
    """Leave out the database's share of what is wrong; the rest of it is an error."""
    saved = {f"{group}.{name}" for group, name, _ in layers.entries(Source.DATABASE)}
    bad: set[str] = set()
    faults: list[str] = []
    for item in field_errors(error):
        loc = [str(part) for part in item["loc"]]
        name = ".".join(loc[:2])
        culprits = {each for each in saved if each == name or each.startswith(f"{name}.")}
        source = sources.get(name, Source.DATABASE)
        if culprits and source is Source.DATABASE:
            bad |= culprits
        else:
            faults.append(f"{place(source, name)}: {item['msg']}")
    if faults:
        raise SettingsError("; ".join(faults))
    kept: dict[str, dict[str, Any]] = {}
    for group, name, value in layers.entries(Source.DATABASE):
        if f"{group}.{name}" not in bad:
            kept.setdefault(group, {})[name] = value
    trees = {**layers.trees, Source.DATABASE: kept}
    notices = [f"the saved setting {name} can no longer be used; it is left out" for name in bad]
    return replace(layers, trees=trees), sorted(notices)


def _without_stranger_keys(
    settings: Settings, sources: Mapping[str, Source], layers: SettingsLayers
) -> tuple[Settings, list[str]]:
    """Take saved keys away from servers that they were not entered for."""
    notices = []
    for group in ADDRESS_OF:
        entered_for = layers.key_origins.get(group)
        present = origin(address_of(settings, group))
        if (
            sources[f"{group}.api_key"] is not Source.DATABASE
            or entered_for is None
            or present in (None, entered_for)
        ):
            continue
        section = getattr(settings, group).model_copy(update={"api_key": None})
        settings = settings.model_copy(update={group: section})
        notices.append(f"the saved {group}.api_key was entered for another address; enter it anew")
    return settings, notices
