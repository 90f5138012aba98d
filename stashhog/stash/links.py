"""Addresses that Stash hands out: without keys, and without the parts that are not ours to trust.

Rules:
- `apikey=` disappears in every spelling: any case, percent-encoded any number of times, in the
  query, the fragment, or inside another parameter's value.
- A screenshot is kept as its path below Stash's base address, in its one known form; host and
  prefix come from whatever proxy Stash stood behind and are never used, and its query moves with
  every edit of the scene, picture or not.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_KEY = re.compile(r"api[\s_+-]*key[\s\[\]+]*=", re.IGNORECASE)
_SEPARATOR = re.compile(r"([?&;#])")
_SCREENSHOT = re.compile(r"/scene/[0-9]{1,19}/screenshot(?![^?#])")
_ROUNDS = 8
"""How often an address is decoded in search of a key; what is still encoded then goes too."""


def _holds_key(text: str) -> bool:
    for _ in range(_ROUNDS):
        if _KEY.search(text):
            return True
        plain = unquote(text)
        if plain == text:
            return False
        text = plain
    return True


def strip_keys(url: str) -> str:
    """Return an address without any part that holds an API key.

    The parts are what lies between `?`, `&`, `;` and `#`; all others stay as they came. An address
    with a key in its path comes back empty.
    """
    if not _holds_key(url):
        return url
    kept, *rest = _SEPARATOR.split(url)
    if _holds_key(kept):
        return ""
    for separator, part in zip(rest[::2], rest[1::2], strict=True):
        if not _holds_key(part):
            kept += ("?" if separator == "&" and "?" not in kept else separator) + part
    return kept


def screenshot_path(url: str) -> str | None:
    """A scene's screenshot as a path below Stash's base address; None for anything else."""
    found = _SCREENSHOT.search(url)
    return None if found is None else found[0]


def is_screenshot_path(path: str) -> bool:
    """Whether a path is one that `screenshot_path` made."""
    return _SCREENSHOT.fullmatch(path) is not None
