"""Changes to settings while running, judged in one place and in the contract's order.

Rules:
- First bad values, then what is fixed elsewhere, then a stale version, last the keys.
- Sending back what is shown (a mask, an unchanged fixed value) changes nothing.
- A key goes to no other origin than the one it was entered for: whoever names another address
  enters the key anew, or says null for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError as FieldErrors

from stashhog.core.config.addresses import origin, same_origin
from stashhog.core.config.layers import KEY_ORIGINS, SettingsLayers, Source, did_you_mean
from stashhog.core.config.model import (
    FIELDS,
    GROUPS,
    SECRET_FIELDS,
    OpenAISettings,
    Settings,
    StashSettings,
)
from stashhog.core.config.resolved import (
    ADDRESS_OF,
    MASK,
    KeyedGroup,
    ResolvedSettings,
    address_of,
    field_errors,
    key_of,
    merge,
    resolve,
)
from stashhog.core.exceptions import ConflictError, ValidationError


@dataclass(slots=True)
class _Sent:
    """A request's settings by dotted name: checked values, and names that go back to default."""

    values: dict[str, Any] = field(default_factory=dict)
    resets: set[str] = field(default_factory=set)

    def names(self) -> Iterable[str]:
        return (*self.values, *sorted(self.resets))

    def says(self, name: str) -> bool:
        return name in self.values or name in self.resets


def plan_update(
    layers: SettingsLayers,
    tree: Mapping[str, Any],
    *,
    stored_version: int,
    sent_version: int | None,
) -> dict[str, Any]:
    """Return the database layer (plain JSON values) as it is after a change; nothing is stored.

    Args:
        layers: All layers, the present database layer among them.
        tree: A partial tree of values; null takes a value back to its default.
        stored_version: The version of the present database layer.
        sent_version: The version that the caller saw, where it said one.

    Raises:
        ValidationError: `bad_value` with `errors` (loc, msg, type) in its context, or
            `secret_required`.
        ConflictError: `setting_read_only`, `settings_changed`.
    """
    current = resolve(layers)
    sent = _read(tree)
    _check_log_name(current, sent)
    saved = _saved_after(current, sent)
    _check_whole(current.layers.with_database(saved))
    _refuse_fixed(current, sent)
    if sent_version is not None and sent_version != stored_version:
        raise ConflictError(
            "the settings were changed by somebody else meanwhile; read them again",
            code="settings_changed",
            context={"version": stored_version},
        )
    return _with_keys(current, sent, saved)


def plan_test(
    current: ResolvedSettings, group: KeyedGroup, override: Mapping[str, Any]
) -> StashSettings | OpenAISettings:
    """Return a section as it would be with an override, for trying a connection once.

    Raises:
        ValidationError: `bad_value` (as `plan_update`), or `secret_required`.
    """
    sent = _read({group: override})
    section: StashSettings | OpenAISettings = getattr(current.settings, group)
    plain = {name: _default(group, name.partition(".")[2]) for name in sent.resets}
    update = {name.partition(".")[2]: value for name, value in (plain | sent.values).items()}
    if update.get("ca_file") is not None:
        update["ca_file"] = current.settings.app.data_dir / update["ca_file"]
    changed = section.model_copy(update=update)
    after = current.settings.model_copy(update={group: changed})
    if _needs_key(current, after, group) and not sent.says(f"{group}.api_key"):
        raise _secret_required(group)
    return changed


def _default(group: str, key: str) -> Any:
    return GROUPS[group].model_fields[key].get_default(call_default_factory=True)


def _read(tree: Mapping[str, Any]) -> _Sent:
    """Check names and values alone; masks are dropped."""
    sent = _Sent()
    errors: list[dict[str, Any]] = []
    for group, section in tree.items():
        if group not in GROUPS:
            errors.append(_unknown([group], GROUPS))
        elif not isinstance(section, Mapping):
            errors.append({"loc": [group], "msg": "Has to be an object", "type": "dict_type"})
        else:
            errors += _read_section(group, section, sent)
    if errors:
        raise _bad_values(errors)
    return sent


def _read_section(group: str, section: Mapping[str, Any], sent: _Sent) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = []
    given: dict[str, Any] = {}
    for key, value in section.items():
        name = f"{group}.{key}"
        if name not in FIELDS:
            errors.append(_unknown([group, str(key)], FIELDS))
        elif value is None or (name in SECRET_FIELDS and value == ""):
            sent.resets.add(name)
        elif not (name in SECRET_FIELDS and value == MASK):
            given[key] = value
    try:
        checked: BaseModel = GROUPS[group].model_validate(given)
    except FieldErrors as error:
        return errors + [
            {"loc": [group, *item["loc"]], "msg": item["msg"], "type": item["type"]}
            for item in field_errors(error)
        ]
    for key, value in given.items():
        read = getattr(checked, key)
        if _is_other_kind(value, read):
            message = f"Has to be {_KINDS[type(read)]}"
            errors.append({"loc": [group, key], "msg": message, "type": "other_kind"})
        sent.values[f"{group}.{key}"] = read
    return errors


_KINDS = {bool: "true or false", int: "a number", float: "a number", tuple: "a list"}


def _is_other_kind(sent: Any, read: Any) -> bool:
    """Whether a flag, number or list was read out of something else, as it is in the environment.

    JSON has those kinds itself, so there it is a mistake.
    """
    if isinstance(read, tuple):
        return not isinstance(sent, list | tuple)
    if type(read) not in _KINDS:
        return False
    return isinstance(sent, str) or isinstance(sent, bool) is not isinstance(read, bool)


def _unknown(loc: list[str], known: Iterable[str]) -> dict[str, Any]:
    hint = did_you_mean(".".join(loc), known)
    return {"loc": loc, "msg": f"Unknown setting{hint}", "type": "extra_forbidden"}


def _bad_values(errors: list[dict[str, Any]]) -> ValidationError:
    first = errors[0]
    return ValidationError(
        f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
        code="bad_value",
        context={"errors": errors},
    )


def _saved_after(current: ResolvedSettings, sent: _Sent) -> dict[str, Any]:
    """Lay what was sent over what is saved; fixed settings are never saved."""
    saved: dict[str, dict[str, Any]] = {}
    for group, key, value in current.layers.entries(Source.DATABASE):
        if f"{group}.{key}" not in sent.resets:
            saved.setdefault(group, {})[key] = value
    for name, value in sent.values.items():
        if name not in current.read_only:
            group, _, key = name.partition(".")
            saved.setdefault(group, {})[key] = _plain(value)
    return {**saved, KEY_ORIGINS: dict(current.layers.key_origins)}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _check_log_name(current: ResolvedSettings, sent: _Sent) -> None:
    """Let the UI name log files in the data folder only: it must not write over other files."""
    path: Path | None = sent.values.get("logging.file")
    if path is None:
        return
    if path == current.settings.logging.file:
        del sent.values["logging.file"]
    elif path.is_absolute() or ".." in path.parts or path.suffix != ".log":
        message = "Here only a .log file in the data folder can be named"
        raise _bad_values([{"loc": ["logging", "file"], "msg": message, "type": "bad_path"}])


def _check_whole(layers: SettingsLayers) -> None:
    """Check what only shows when the values come together."""
    tree, _ = merge(layers)
    try:
        Settings.model_validate(tree)
    except FieldErrors as error:
        raise _bad_values(
            [
                {"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]}
                for item in field_errors(error)
            ]
        ) from None


def _refuse_fixed(current: ResolvedSettings, sent: _Sent) -> None:
    refused = [
        name
        for name in sent.names()
        if name in current.read_only and not _is_unchanged(current, sent, name)
    ]
    if refused:
        raise ConflictError(
            f"{', '.join(refused)}: fixed by the command line or the environment, or needs a "
            "restart",
            code="setting_read_only",
            context={"settings": refused},
        )


def _is_unchanged(current: ResolvedSettings, sent: _Sent, name: str) -> bool:
    if name in sent.resets:
        return current.sources[name] == Source.DEFAULT
    if name in SECRET_FIELDS:  # whoever may compare may guess
        return False
    group, _, key = name.partition(".")
    return bool(getattr(getattr(current.settings, group), key) == sent.values[name])


def _with_keys(current: ResolvedSettings, sent: _Sent, saved: dict[str, Any]) -> dict[str, Any]:
    """Refuse to carry a key to another server, and note which server each saved key is for."""
    after = resolve(current.layers.with_database({**saved, KEY_ORIGINS: {}}))
    origins: dict[str, str] = saved[KEY_ORIGINS]
    for group in ADDRESS_OF:
        key = f"{group}.api_key"
        if _needs_key(current, after.settings, group):
            if not sent.says(key):
                raise _secret_required(group)
            if key in sent.resets and after.sources[key] == Source.TOML:
                saved.setdefault(group, {})["api_key"] = None  # covers the file's key
        now = origin(address_of(after.settings, group))
        if saved.get(group, {}).get("api_key") is None:
            origins.pop(group, None)
        elif key in sent.values:
            origins.pop(group, None)
            if now is not None:
                origins[group] = now
    if not origins:
        del saved[KEY_ORIGINS]
    return saved


def _needs_key(current: ResolvedSettings, after: Settings, group: KeyedGroup) -> bool:
    """Whether an address was moved away from under a key that stays."""
    before, target = address_of(current.settings, group), address_of(after, group)
    if target is None or same_origin(before, target):
        return False
    if key_of(current.settings, group) is None and key_of(after, group) is None:
        return False
    saved = current.sources[f"{group}.api_key"] == Source.DATABASE
    return not (saved and current.layers.key_origins.get(group) == origin(target))


def _secret_required(group: KeyedGroup) -> ValidationError:
    return ValidationError(
        f"another address needs its key: enter {group}.api_key anew, or null for none",
        code="secret_required",
        context={"setting": f"{group}.api_key"},
    )
