"""Bearer tokens: signed envelopes around a session, so that ending the session ends the token.

Rules: one algorithm, the one in the settings; the key is the installation's own; everything that a
token must hold is required, and a token for anything else than this service is refused.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import jwt

_ISSUER = "stashhog"
_AUDIENCE = "stashhog-api"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "sid"]


def derive_key(secret: bytes) -> bytes:
    """Make the signing key out of a secret of any length."""
    return hashlib.sha512(b"stashhog bearer token\0" + secret).digest()


def issue(
    user: str, session_token: str, *, key: bytes, algorithm: str, now: datetime, seconds: float
) -> str:
    """Sign a token for a session; `key` comes from `derive_key`."""
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": user,
        "sid": session_token,
        "iat": now,
        "exp": now + timedelta(seconds=seconds),
    }
    return jwt.encode(claims, key, algorithm=algorithm)


def session_in(token: str, *, key: bytes, algorithm: str) -> str | None:
    """The session token inside a bearer token; None where it is not ours, or not valid now."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"require": _REQUIRED},
        )
    except jwt.InvalidTokenError:
        return None
    session = claims["sid"]
    return session if isinstance(session, str) else None
