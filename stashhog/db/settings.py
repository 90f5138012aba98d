"""What was set in the UI: one row a setting, secrets sealed.

The tree is `{group: {key: value}}` as `stashhog.core.config` takes it in; other entries at its top
(not groups) are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from sqlalchemy.orm import Session

from stashhog.core.config import GROUPS, SECRET_FIELDS
from stashhog.core.exceptions import ConflictError, StorageError
from stashhog.db.meta import SETTINGS_VERSION, meta_number, set_meta
from stashhog.db.values import from_json, run, run_many, to_json
from stashhog.db.vault import Vault

log = structlog.get_logger(__name__)


def load_settings(s: Session, vault: Vault) -> tuple[dict[str, Any], int]:
    """The saved tree with its secrets opened, and its version (0 where nothing was ever saved).

    A secret that cannot be opened is left out and logged: the rest of the service works without
    it, and it can be entered anew.
    """
    rows = run(s, "SELECT name, value, sealed FROM settings ORDER BY name")
    return settings_tree(rows, vault), meta_number(s, SETTINGS_VERSION)


def settings_tree(rows: Iterable[Any], vault: Vault) -> dict[str, Any]:
    """The tree from rows of (name, value, sealed)."""
    tree: dict[str, Any] = {}
    for name, value, sealed in rows:
        try:
            plain = vault.open(value) if sealed else value
        except StorageError as error:
            log.warning("secret_unreadable", setting=name, detail=error.detail)
            continue
        group, dot, key = name.partition(".")
        if dot:
            tree.setdefault(group, {})[key] = from_json(plain)
        else:
            tree[group] = from_json(plain)
    return tree


def save_settings(
    s: Session, vault: Vault, tree: Mapping[str, Any], expected_version: int | None
) -> int:
    """Replace all that was saved; returns the new version.

    Args:
        s: A Session that writes.
        vault: Seals the secrets.
        tree: The whole tree as it shall be.
        expected_version: The version that the caller saw; None does not ask.

    Raises:
        ConflictError: `settings_changed`, somebody else saved meanwhile.
    """
    version = meta_number(s, SETTINGS_VERSION)
    if expected_version is not None and expected_version != version:
        raise ConflictError(
            "the settings were changed by somebody else meanwhile; read them again",
            code="settings_changed",
            context={"version": version},
        )
    rows = []
    for group, section in tree.items():
        if group not in GROUPS:
            rows.append((group, to_json(section), 0))
            continue
        for key, value in section.items():
            secret = f"{group}.{key}" in SECRET_FIELDS and value is not None
            text = to_json(value)
            rows.append((f"{group}.{key}", vault.seal(text) if secret else text, int(secret)))
    run(s, "DELETE FROM settings")
    run_many(s, "INSERT INTO settings (name, value, sealed) VALUES (?, ?, ?)", rows)
    set_meta(s, SETTINGS_VERSION, str(version + 1))
    return version + 1
