"""`hypercorn.toml`: the few options of the HTTP server that are the operator's to choose.

Rules:
- The data folder's file wins over the one in the working directory; without any the defaults hold.
- Only the keys of `OPTIONS` may stand in it. What StashHog decides by its own settings or for
  safety is refused with where to set it instead; anything else with what may have been meant.
- File names in it are relative to the file itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stashhog.core.config.layers import did_you_mean
from stashhog.core.exceptions import SettingsError

FILE_NAME = "hypercorn.toml"


@dataclass(frozen=True, slots=True)
class Option:
    """One key: its type, its bounds (numbers), whether it names a file."""

    kind: type
    low: float = 0
    high: float = 0
    is_path: bool = False


OPTIONS: Mapping[str, Option] = {
    "backlog": Option(int, 1, 65_535),
    "ca_certs": Option(str, is_path=True),
    "certfile": Option(str, is_path=True),
    "ciphers": Option(str),
    "h11_max_incomplete_size": Option(int, 4_096, 1 << 20),
    "include_date_header": Option(bool),
    "keep_alive_max_requests": Option(int, 1, 1_000_000_000),
    "keep_alive_timeout": Option(float, 0.5, 600),
    "keyfile": Option(str, is_path=True),
    "keyfile_password": Option(str),
    "ssl_handshake_timeout": Option(float, 0.5, 600),
}
"""What may be set."""

_STATED: Mapping[str, object] = {"worker_class": "trio", "workers": 1}
"""May stand in the file for its reader, with this value only; never passed on."""

_ELSEWHERE: Mapping[str, str] = {
    "bind": "the address is app.host and app.port",
    "insecure_bind": "the address is app.host and app.port",
    "quic_bind": "only HTTP/1.1 is spoken",
    "alpn_protocols": "only HTTP/1.1 is spoken",
    "root_path": "the sub-path is app.root_path",
    "graceful_timeout": "the time for a stop is app.shutdown_seconds",
    "shutdown_timeout": "the time for a stop is app.shutdown_seconds",
    "accesslog": "logs are set in the group logging",
    "errorlog": "logs are set in the group logging",
    "loglevel": "logs are set in the group logging",
    "logconfig": "logs are set in the group logging",
    "logconfig_dict": "logs are set in the group logging",
    "websocket_ping_interval": "open sockets are watched by StashHog itself",
    "websocket_max_message_size": "the size of messages is fixed",
    "application_path": "the application is StashHog",
    "debug": "debugging is app.debug",
}


def find_hypercorn_file(data_dir: Path | None = None) -> Path | None:
    """Return the file that holds: in the data folder, else in the working directory, else None."""
    folders = [Path.cwd()] if data_dir is None else [data_dir, Path.cwd()]
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


def read_hypercorn_file(path: Path | None) -> dict[str, Any]:
    """Return the options that a file sets, ready for Hypercorn; none without a file.

    Raises:
        SettingsError: It cannot be read, or a key or value in it cannot be used; one line.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        raise _bad(path, f"not TOML{f' ({where[0]})' if where else ''}") from None
    except UnicodeDecodeError:
        raise _bad(path, "not UTF-8 text") from None
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror})") from None
    values = {
        key: _checked(path, key, value)
        for key, value in content.items()
        if not _is_stated(path, key, value)
    }
    if ("certfile" in values) != ("keyfile" in values):
        raise _bad(path, "certfile and keyfile belong together")
    return values


def _bad(path: Path, detail: str) -> SettingsError:
    return SettingsError(f"{path}: {detail}", code="bad_hypercorn_file")


def _is_stated(path: Path, key: str, value: object) -> bool:
    if key not in _STATED:
        return False
    if value != _STATED[key]:
        raise _bad(path, f"{key} can only be {_STATED[key]!r}")
    return True


def _checked(path: Path, key: str, value: object) -> object:
    option = OPTIONS.get(key)
    if option is None:
        reason = _ELSEWHERE.get(key)
        if reason is not None:
            raise _bad(path, f"{key} cannot be set here; {reason}")
        raise _bad(path, f"unknown key {key}{did_you_mean(key, OPTIONS)}")
    if option.kind is float and type(value) is int:
        value = float(value)
    if type(value) is not option.kind:
        names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise _bad(path, f"{key} has to be {names[option.kind]}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not option.low <= value <= option.high:
            raise _bad(path, f"{key} has to lie between {option.low:g} and {option.high:g}")
        return value
    return str(path.absolute().parent / str(value)) if option.is_path else value
