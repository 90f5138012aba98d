"""Where settings come from, read layer by layer and never mixed here.

Rules:
- Strongest first: command line, environment, `.env`, secret files, database, `stashhog.toml`,
  default (`ORDER` is the whole truth).
- `STASHHOG_STASH__URL` is `stash.url`; `STASHHOG_STASH__API_KEY__FILE` names a file whose text is
  the value. An empty variable counts as not set.
- A name that means nothing is an error that says what may have been meant.
- No message repeats a value; it may be a secret.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError as FieldErrors

from stashhog.core.config.addresses import check_outbound_url
from stashhog.core.config.model import DELIMITER, FIELDS, GROUPS, PREFIX, AppSettings
from stashhog.core.exceptions import SettingsError, ValidationError
from stashhog.core.redaction import register_secret

TOML_NAME = "stashhog.toml"
KEY_ORIGINS = "key_origins"
"""Beside the groups in the database layer: for which server each saved key was entered."""

_FILE_SUFFIX = f"{DELIMITER}FILE"
_MAX_SECRET_BYTES = 64 * 1024
# Kubernetes sets these for a service that is called stashhog.
_FOREIGN = re.compile(r"STASHHOG_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")

Tree = Mapping[str, Mapping[str, Any]]


class Source(StrEnum):
    """Where a value came from; public."""

    COMMAND_LINE = "cli"
    ENVIRONMENT = "env"
    DOTENV = "dotenv"
    SECRET_FILE = "secret_file"  # noqa: S105 - a name, not a secret
    DATABASE = "database"
    TOML = "file"
    AMBIENT = "ambient"
    DEFAULT = "default"


ORDER = (
    Source.TOML,
    Source.DATABASE,
    Source.SECRET_FILE,
    Source.DOTENV,
    Source.ENVIRONMENT,
    Source.COMMAND_LINE,
)
"""The layers, weakest first."""
FIXING = frozenset(ORDER[2:])
"""Layers that the service itself cannot change."""


@dataclass(frozen=True, slots=True)
class SettingsLayers:
    """What each source says, as nested plain values (secrets too: keep out of logs)."""

    trees: Mapping[Source, Tree] = field(default_factory=dict, repr=False)
    key_origins: Mapping[str, str] = field(default_factory=dict)
    ambient_key: SecretStr | None = None
    ambient_url: str | None = None

    def with_database(self, tree: Mapping[str, Any]) -> SettingsLayers:
        """Return the layers with what was set in the UI (plain secrets) in its place."""
        groups = {
            name: value
            for name, value in tree.items()
            if name != KEY_ORIGINS and not name.startswith("_") and isinstance(value, Mapping)
        }
        return replace(
            self,
            trees={**self.trees, Source.DATABASE: groups},
            key_origins=dict(tree.get(KEY_ORIGINS) or {}),
        )

    def entries(self, source: Source) -> Iterator[tuple[str, str, Any]]:
        """Yield group, name and value of everything that a source says."""
        for group, section in self.trees.get(source, {}).items():
            for name, value in section.items():
                yield group, name, value


def place(source: Source, name: str) -> str:
    """Say where a person finds a value: the variable, the option, the key in the file."""
    variable = PREFIX + name.replace(".", DELIMITER).upper()
    return {
        Source.COMMAND_LINE: "--" + name.partition(".")[2].replace("_", "-"),
        Source.ENVIRONMENT: variable,
        Source.DOTENV: f"{variable} in .env",
        Source.SECRET_FILE: variable + _FILE_SUFFIX,
        Source.TOML: f"{name} in {TOML_NAME}",
    }.get(source, name)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown name with the known one that looks like it, if any does."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def read_layers(
    *,
    command_line: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    dotenv_path: Path | None = Path(".env"),
) -> SettingsLayers:
    """Read everything but the database.

    Args:
        command_line: Nested (`{"app": {"port": 9000}}`); None is what was not given, an empty
            secret is none on purpose.
        environ: The process environment, which is also the default.
        dotenv_path: The `.env` file, which need not exist; None reads none.

    Raises:
        SettingsError: A name means nothing, or a file cannot be read.
    """
    environ = os.environ if environ is None else environ
    options = {
        group: {name: value for name, value in section.items() if value is not None}
        for group, section in command_line.items()
    }
    direct, files = _read_variables(environ, "")
    dotenv, dotenv_files = _read_variables(_read_dotenv(dotenv_path), " in .env")
    trees: dict[Source, Tree] = {
        Source.COMMAND_LINE: options,
        Source.ENVIRONMENT: direct,
        Source.DOTENV: dotenv,
        Source.SECRET_FILE: _read_secret_files({**dotenv_files, **files}),
    }
    trees[Source.TOML] = _read_toml(_data_dir(trees) / TOML_NAME)
    key, url = _read_ambient(environ)
    return SettingsLayers(trees=trees, ambient_key=key, ambient_url=url)


def _read_variables(
    variables: Mapping[str, str], suffix: str
) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[str, str]]]:
    """Return the values, and for values in files: dotted name → variable and path."""
    tree: dict[str, dict[str, Any]] = {}
    files: dict[str, tuple[str, str]] = {}
    for variable, value in variables.items():
        if not variable.startswith(PREFIX) or _FOREIGN.fullmatch(variable):
            continue
        name = _dotted(variable)
        if name in FIELDS:
            if value.strip():
                group, _, key = name.partition(".")
                tree.setdefault(group, {})[key] = value
            continue
        target = _dotted(variable.removesuffix(_FILE_SUFFIX))
        if variable.endswith(_FILE_SUFFIX) and target in FIELDS:
            if value.strip():
                files[target] = (variable + suffix, value.strip())
            continue
        known = (place(Source.ENVIRONMENT, each) for each in FIELDS)
        raise SettingsError(
            f"{variable}{suffix} names no setting{did_you_mean(variable, known)}",
            code="unknown_setting",
        )
    return tree, files


def _dotted(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower().replace(DELIMITER, ".", 1)


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        # No interpolation: a key that holds a dollar sign is a key, not a formula.
        values = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(path), error) from None
    return {name: value for name, value in values.items() if value is not None}


def _read_secret_files(files: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    tree: dict[str, dict[str, Any]] = {}
    for name, (variable, path) in files.items():
        try:
            with Path(path).expanduser().open("rb") as file:
                content = file.read(_MAX_SECRET_BYTES + 1)
            text = content.decode().strip()
        except (OSError, ValueError, RuntimeError) as error:
            raise _unreadable(f"{variable}: the file it names", error) from None
        if not text or len(content) > _MAX_SECRET_BYTES:
            raise SettingsError(f"{variable}: the file it names is empty or too long")
        group, _, key = name.partition(".")
        tree.setdefault(group, {})[key] = text
    return tree


def _unreadable(what: str, error: Exception) -> SettingsError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8 text"
    return SettingsError(f"{what} cannot be read ({reason})")


def _data_dir(trees: Mapping[Source, Tree]) -> Path:
    """Find the data folder, which has to be known before the file in it can be read."""
    for source in reversed(ORDER):
        value = trees.get(source, {}).get("app", {}).get("data_dir")
        if value is None:
            continue
        try:
            return AppSettings(data_dir=value).data_dir
        except FieldErrors as error:
            message = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise SettingsError(f"{place(source, 'app.data_dir')}: {message}") from None
    return AppSettings().data_dir


def _read_toml(path: Path) -> dict[str, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # The parser names line and column; the line itself may hold a key, so it stays out.
        where = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        raise SettingsError(
            f"{path} is not TOML{f' ({where[0]})' if where else ''}", code="bad_toml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(path), error) from None
    for group, section in tree.items():
        _check_section(group, section, str(path))
    return tree


def _check_section(group: str, section: object, path: str) -> None:
    if group not in GROUPS:
        hint = did_you_mean(group, GROUPS)
        raise SettingsError(f"{path}: unknown group [{group}]{hint}", code="unknown_setting")
    if not isinstance(section, dict):
        raise SettingsError(f"{path}: {group} has to be a table, [{group}]", code="unknown_setting")
    for key in section:
        name = f"{group}.{key}"
        if name == "app.data_dir":
            raise SettingsError(f"{path}: app.data_dir cannot be set in the data folder itself")
        if name not in FIELDS:
            hint = did_you_mean(name, FIELDS)
            raise SettingsError(f"{path}: unknown key {name}{hint}", code="unknown_setting")


def _read_ambient(environ: Mapping[str, str]) -> tuple[SecretStr | None, str | None]:
    """Read what other programs call the model's key and address; unusable ones are not ours."""
    key = environ.get("OPENAI_API_KEY", "").strip()
    url = environ.get("OPENAI_BASE_URL", "").strip()
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        return None, None
    register_secret(key)
    try:
        return SecretStr(key), check_outbound_url(url) if url else None
    except ValidationError:
        return None, None
