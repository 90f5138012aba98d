"""Passwords: argon2id, in a thread, at most two at once.

Rules:
- What is hashed is the NFC form, whole: nothing is cut, however long (the schema limits it).
- Checking against no password takes as long as checking against one.
"""

from __future__ import annotations

import unicodedata

import argon2
import trio
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
MAX_LENGTH = 1024

# Above OWASP's and ASVS's floor (46 MiB, one pass); some 60 ms here, and 92 MiB for both at once.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
_AT_ONCE = 2


class PasswordHashing:
    """Hashes and checks passwords off the event loop; one for each app."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password for storing."""
        return await self._in_thread(password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Check a password; against None it is wrong, after the same work."""
        if stored is None:
            if self._nobody is None:
                self._nobody = await self._in_thread("nobody's password")
            await trio.to_thread.run_sync(_verify, self._nobody, password, limiter=self._limiter)
            return False
        return await trio.to_thread.run_sync(_verify, stored, password, limiter=self._limiter)

    async def _in_thread(self, password: str) -> str:
        return await trio.to_thread.run_sync(_HASHER.hash, _normal(password), limiter=self._limiter)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
