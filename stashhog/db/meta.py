"""Single values of an installation: counters, the watermark, the password's hash.

`meta` holds texts by name; numbers among them only ever move inside the transaction that changes
what they count.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from stashhog.db.values import run

LIVE_SCENES = "live_scenes"
LIBRARY_REVISION = "library_revision"
SETTINGS_VERSION = "settings_version"
WATERMARK = "watermark"
FILES_WATERMARK = "files_watermark"
SWEPT_AT = "swept_at"
ENTITY_PRINTS = "entity_prints"
NEWCOMERS = "newcomers"
PASSWORD_HASH = "password_hash"  # noqa: S105 - the name of a row


def meta_text(s: Session, name: str) -> str | None:
    """A value; None where it was never set."""
    found = run(s, "SELECT value FROM meta WHERE name = ?", (name,)).scalar_one_or_none()
    return None if found is None else str(found)


def set_meta(s: Session, name: str, value: str) -> None:
    """Set a value."""
    run(
        s,
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, value),
    )


def drop_meta(s: Session, name: str) -> None:
    """Forget a value."""
    run(s, "DELETE FROM meta WHERE name = ?", (name,))


def meta_number(s: Session, name: str) -> int:
    """A counter; 0 where it never moved."""
    return int(meta_text(s, name) or 0)


def add_to_meta(s: Session, name: str, step: int) -> None:
    """Move a counter."""
    if step:
        run(
            s,
            "INSERT INTO meta (name, value) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + CAST(excluded.value"
            " AS INTEGER)",
            (name, str(step)),
        )
