"""Who is at the other end: the peer of the connection, or whom a trusted proxy names.

Rules:
- Headers that name a client count only where the peer is a trusted proxy; the client is the
  rightmost address that is not a trusted proxy itself.
- A request that carries any such header came through a proxy, whoever added it: it is never
  taken for one from this machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from stashhog.api.asgi import Scope, header, headers_named
from stashhog.api.security.origins import Authority, is_loopback, read_authority

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SECURE = frozenset({"https", "wss"})


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known of the other end of a request.

    `client` is whom to hold to account (rate limits, the log); `local` says that the request came
    from this machine, through no proxy. `authority` is None where no usable `Host` was sent.
    `scheme` is what the client used as far as a trusted proxy or the connection says;
    `claimed_scheme` what any proxy says, which a page in a browser cannot forge.
    """

    client: str
    local: bool
    authority: Authority | None
    scheme: str
    claimed_scheme: str


def read_peer(scope: Scope, trusted_proxies: Sequence[str]) -> Peer:
    """Find out who is at the other end."""
    peer = _address((scope.get("client") or ("",))[0])
    networks = [ipaddress.ip_network(text) for text in trusted_proxies]
    trusted = peer is not None and _within(peer, networks)
    own_scheme = "https" if scope.get("scheme") in _SECURE else "http"
    claimed = _last(scope, b"x-forwarded-proto") or own_scheme
    host = header(scope, b"host")
    client = peer
    if trusted:
        host = _last(scope, b"x-forwarded-host") or host
        client = _forwarded(scope, networks) or peer
    proxied = any(_names_a_client(name) for name, _ in scope["headers"])
    return Peer(
        client=str(client) if client is not None else "unknown",
        local=peer is not None and is_loopback(str(peer)) and not proxied,
        authority=read_authority(host) if host is not None else None,
        scheme=claimed if trusted and claimed in ("http", "https") else own_scheme,
        claimed_scheme=claimed,
    )


def _names_a_client(name: bytes) -> bool:
    low = name.lower()
    return low.startswith(b"x-forwarded-") or low in (b"forwarded", b"x-real-ip")


def _forwarded(
    scope: Scope, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> Address | None:
    hops = ",".join(headers_named(scope, b"x-forwarded-for")).split(",")
    for hop in reversed(hops):
        address = _address(hop.strip())
        if address is None:
            return None
        if not _within(address, networks):
            return address
    return None


def _within(
    address: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _last(scope: Scope, name: bytes) -> str | None:
    values = ",".join(headers_named(scope, name)).split(",")
    return values[-1].strip().lower() or None
