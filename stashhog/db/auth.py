"""The owner's password hash, and the sessions: only hashes of their secrets are here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from stashhog.db.meta import PASSWORD_HASH, meta_text, set_meta
from stashhog.db.values import moment_text, run


def password_hash(s: Session) -> str | None:
    """The hash of the password; None where none was set."""
    return meta_text(s, PASSWORD_HASH)


def set_password_hash(s: Session, hashed: str) -> None:
    """Keep the hash of a new password."""
    set_meta(s, PASSWORD_HASH, hashed)


def create_session(
    s: Session, token_hash: str, user: str, now: datetime, expires_at: datetime
) -> None:
    """Keep a new session, and forget those that are over."""
    run(s, "DELETE FROM sessions WHERE expires_at <= ?", (moment_text(now),))
    run(
        s,
        "INSERT INTO sessions (token_hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)",
        (token_hash, user, moment_text(now), moment_text(expires_at)),
    )


def find_session(s: Session, token_hash: str, now: datetime) -> str | None:
    """Whose session this is; None where it is unknown or over."""
    found = run(
        s,
        "SELECT user FROM sessions WHERE token_hash = ? AND expires_at > ?",
        (token_hash, moment_text(now)),
    ).scalar_one_or_none()
    return None if found is None else str(found)


def end_session(s: Session, token_hash: str) -> None:
    """End one session."""
    run(s, "DELETE FROM sessions WHERE token_hash = ?", (token_hash,))


def end_all_sessions(s: Session, keep: str | None = None) -> int:
    """End all sessions but one; returns how many ended."""
    return run(s, "DELETE FROM sessions WHERE token_hash IS NOT ?", (keep,)).rowcount
