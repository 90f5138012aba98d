"""Which names this service may be called by, and which pages may call it.

Rules:
- A `Host` that is not allowed is somebody else's name for us (DNS rebinding): 421.
- An `Origin` is our own only where scheme, name and port are those that the request came to.
- IP addresses count in their usual spelling only; what only some resolvers read as one is a name.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import NamedTuple

_HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,253}[a-z0-9_.])?)(?::([0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """A host name (lower case, no brackets, no dot at its end) and the port, where one is named."""

    name: str
    port: int | None


def read_authority(text: str) -> Authority | None:
    """Read a `Host` header; None where it is not one."""
    match = _HOST.fullmatch(text.strip().lower())
    if match is None:
        return None
    name, port = match[1], match[2]
    if name.startswith("[") and _ip(name[1:-1]) is None:
        return None
    return Authority(name.strip("[]").removesuffix("."), int(port) if port else None)


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine and nothing else."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _ip(name)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback


def is_allowed(authority: Authority, allowed_hosts: Sequence[str]) -> bool:
    """Whether we may be called by this name."""
    name = authority.name
    if is_loopback(name) or _ip(name) is not None or name in machine_names():
        return True
    for text in allowed_hosts:
        entry = read_authority(text)
        if entry and entry.name == name and entry.port in (None, authority.port):
            return True
    return False


def machine_names() -> frozenset[str]:
    """The machine's own name, as given and short, and with `.local`."""
    given = socket.gethostname().lower()
    short = given.partition(".")[0]
    return frozenset({given, short, f"{short}.local"} - {"", ".local"})


def is_own_origin(origin: str, scheme: str, authority: Authority) -> bool:
    """Whether a page of this origin is one that we served at that address."""
    their_scheme, separator, rest = origin.lower().partition("://")
    theirs = read_authority(rest)
    if not separator or theirs is None or their_scheme != scheme:
        return False
    default = _DEFAULT_PORTS.get(scheme)
    return theirs.name == authority.name and (theirs.port or default) == (authority.port or default)


def is_listed_origin(origin: str, listed: Sequence[str]) -> bool:
    """Whether the CORS settings name this origin (or every one)."""
    return "*" in listed or origin.lower() in {entry.lower() for entry in listed}


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
