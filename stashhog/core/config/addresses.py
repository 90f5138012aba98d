"""Addresses of other servers: which may be used, how they are written, when two are the same.

Rules:
- http and https only; no user name, no query, no fragment: a key never hides in an address.
- Link-local and cloud metadata addresses are refused in every spelling; loopback and private ones
  are allowed, for that is where Stash and local models live.
- A key belongs to one origin (scheme, host, port); it never goes to another one.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from stashhog.core.exceptions import ValidationError

MAX_LENGTH = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_PATH = re.compile(r"[A-Za-z0-9/._~%!$&'()*+,;=:@-]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.internal",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_outbound_url(url: str) -> str:
    """Return an address that may be connected to, in its one normal spelling.

    Lower-case scheme and host, no default port, no slash at the end.

    Raises:
        ValidationError: `bad_address`; the detail never repeats the address.
    """
    parts = _split(url)
    host = _host(parts)
    port = _port(parts)
    written = f"[{host}]" if ":" in host else host
    suffix = "" if port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{written}{suffix}{parts.path.rstrip('/')}"


def check_stash_url(url: str) -> str:
    """Like `check_outbound_url`; the address of Stash's GraphQL endpoint counts as Stash's own."""
    return check_outbound_url(check_outbound_url(url).removesuffix("/graphql"))


def origin(url: str | None) -> str | None:
    """Name the server behind an address (`scheme://host:port`); None where there is none."""
    if url is None:
        return None
    parts = _split(url)
    return f"{parts.scheme}://{_host(parts)}:{_port(parts)}"


def same_origin(url_a: str | None, url_b: str | None) -> bool:
    """Tell whether a key saved for one address may go to the other."""
    return origin(url_a) == origin(url_b)


def is_near(url: str) -> bool:
    """Tell whether an address is on this machine or network, as far as its spelling shows."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
    return address.is_private or address.is_loopback


def is_refused_ip(address: str) -> bool:
    """Tell whether a resolved IP address is one that nobody may be connected to.

    For checking what a name resolved to at the time of connecting.
    """
    try:
        return _is_refused(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return True


def _bad(detail: str) -> ValidationError:
    return ValidationError(detail, code="bad_address")


def _split(url: str) -> SplitResult:
    text = url.strip()
    if not text or len(text) > MAX_LENGTH or _UNSAFE.search(text):
        raise _bad("the address is empty, too long, or holds spaces or control characters")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _bad("the address cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise _bad("the address has to begin with http:// or https://")
    if "@" in parts.netloc:
        raise _bad("the address must not hold a user name or password")
    if "?" in text or "#" in text:
        raise _bad("the address must not hold a query or a fragment")
    if not _PATH.fullmatch(parts.path) or ".." in parts.path.split("/"):
        raise _bad("the address has a path that cannot be used")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise _bad("the address has a port that does not exist") from None
    if port == 0:
        raise _bad("the address has a port that does not exist")
    return port or _DEFAULT_PORTS[parts.scheme]


def _host(parts: SplitResult) -> str:
    raw = parts.hostname or ""
    if parts.netloc.startswith("["):
        return _written(_checked_ip(_read_ip(raw, 6)))
    try:
        host = raw.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise _bad("the address has no usable host name") from None
    if _looks_numeric(host):
        return str(_checked_ip(_read_ip(host, 4)))
    if not _NAME.fullmatch(host):
        raise _bad("the address has no usable host name")
    if host in _METADATA_NAMES:
        raise _bad("cloud metadata addresses are refused")
    return host


def _written(address: IPAddress) -> str:
    """Spell an address as RFC 5952 does, an IPv4 one in IPv6 with dots: Pythons differ there."""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(address) if mapped is None else f"::ffff:{mapped}"


def _looks_numeric(host: str) -> bool:
    """Whether resolvers would read this name as an IPv4 number (hex, octal and short ones too)."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def _read_ip(text: str, version: Literal[4, 6]) -> IPAddress:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _bad("the address is not written in the usual way") from None
    if address.version != version or getattr(address, "scope_id", None) is not None:
        raise _bad("the address is not written in the usual way")
    return address


def _checked_ip(address: IPAddress) -> IPAddress:
    if address.is_unspecified:
        raise _bad("0.0.0.0 is where a server listens; to reach this machine write 127.0.0.1")
    if _is_refused(address):
        raise _bad("link-local, multicast and cloud metadata addresses are refused")
    return address


def _is_refused(address: IPAddress) -> bool:
    inner = _embedded(address)
    if inner is not None and _is_refused(inner):
        return True
    if address.is_loopback:
        return False
    return (
        address in _METADATA_ADDRESSES
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.version == 4 and address.is_reserved)  # noqa: PLR2004 - IP version four
    )


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64, compatible)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    number = int(address)
    if address in _NAT64 or (number >> 32 == 0 and number > 1):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return None
