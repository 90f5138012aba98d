"""Job ids: UUIDv7 (RFC 9562), so that ids sort by the time they were made."""

from __future__ import annotations

import uuid

RANDOM_BYTES = 10
_TIME_LIMIT_MS = 1 << 48


def uuid7(now_ms: int, random_bytes: bytes) -> str:
    """Make a UUIDv7 from a time and chance, as canonical text.

    Args:
        now_ms: Milliseconds since 1970 in UTC, below 2**48.
        random_bytes: Ten random bytes; 74 of their bits are used.

    Raises:
        ValueError: the time does not fit, or there are not ten bytes.
    """
    if not 0 <= now_ms < _TIME_LIMIT_MS or len(random_bytes) != RANDOM_BYTES:
        raise ValueError("a UUIDv7 takes a 48-bit time in milliseconds and ten random bytes")
    chance = int.from_bytes(random_bytes, "big")
    rand_a, rand_b = chance >> 68, chance & ((1 << 62) - 1)
    return str(uuid.UUID(int=now_ms << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b))
