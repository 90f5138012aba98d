"""The one gate in front of every route.

Rules:
- It goes by the URL map: a route is closed unless it was declared `open=True`; what matches no
  route is closed too.
- In this order: is the target one (400), the name ours (421), the visitor known (401), the page
  that sent them one of ours (403). Then comes the app with its 404.
- A wrong key or token is refused even where a good cookie comes with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import parse_qs

from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule

from stashhog.api.asgi import (
    ASGIApp,
    Receive,
    Scope,
    Send,
    Visitor,
    answer,
    exchange_of,
    header,
    headers_named,
    is_web,
)
from stashhog.api.contract import SAFE_METHODS, Operation, operation_of
from stashhog.api.error_handlers import ProblemError
from stashhog.api.security.doors import COOKIE, OWNER, Doors, Regime
from stashhog.api.security.origins import is_allowed, is_listed_origin, is_own_origin
from stashhog.api.security.peers import Peer, read_peer
from stashhog.core.config import Settings

_ANYBODY = Visitor("anonymous", "open")
_LOCAL_OWNER = Visitor(OWNER, "open")
_LONGEST_SECRET = 8192


class CurrentSettings(Protocol):
    """Where the settings of this moment are found."""

    @property
    def current(self) -> Settings:
        """The settings as they are now."""
        ...


class Gate:
    """The ASGI layer that asks who comes, and from where."""

    def __init__(
        self, app: ASGIApp, quart: QuartTrio, settings: CurrentSettings, doors: Doors
    ) -> None:
        self.app = app
        self._quart = quart
        self._settings = settings
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or raise why not."""
        if not is_web(scope):
            await self.app(scope, receive, send)
            return
        settings = self._settings.current
        exchange = exchange_of(scope)
        peer = read_peer(scope, settings.security.trusted_proxies)
        exchange.client, exchange.secure = peer.client, peer.scheme == "https"
        _check_host(scope, peer, settings)
        if is_preflight(scope, settings):
            await answer(scope, send, 204, ())
            return
        exchange.rule = match_rule(self._quart, scope)
        if not await self._is_open(exchange.rule, peer, settings):
            exchange.visitor = await self._admit(scope, peer, settings)
        _check_origin(scope, peer, settings)
        await self.app(scope, receive, send)

    async def _is_open(self, rule: Rule | None, peer: Peer, settings: Settings) -> bool:
        if rule is None:
            return False
        operation = operation_of(self._quart.view_functions[rule.endpoint])
        if not isinstance(operation, Operation) or not operation.is_open(settings):
            return False
        if not operation.after_setup:
            return True
        return await self._doors.regime(settings, peer) is not Regime.SETUP

    async def _admit(self, scope: Scope, peer: Peer, settings: Settings) -> Visitor:
        regime = await self._doors.regime(settings, peer)
        if regime is Regime.OPEN:
            return _LOCAL_OWNER
        visitor = await self._identify(scope, peer, settings)
        if visitor is not None:
            return visitor
        if regime is Regime.SETUP:
            self._doors.announce_setup()
            raise ProblemError(
                401, "setup_required", "set a password first; the one-time token is in the log"
            )
        raise ProblemError(
            401,
            "unauthorized",
            "credentials are needed",
            headers={"WWW-Authenticate": 'Bearer realm="stashhog"'},
        )

    async def _identify(self, scope: Scope, peer: Peer, settings: Settings) -> Visitor | None:
        key = header(scope, b"x-api-key")
        if key is not None:
            return Visitor(OWNER, "key") if self._doors.holds_key(settings, key, peer) else None
        bearer = _bearer(scope)
        if bearer is not None:
            if self._doors.holds_key(settings, bearer, peer):
                return Visitor(OWNER, "key")
            return await self._doors.visitor_with_token(settings, bearer)
        cookie = session_cookie(headers_named(scope, b"cookie"))
        if cookie is not None:
            visitor = await self._doors.visitor_with_session(cookie, "cookie")
            if visitor is not None:
                return visitor
        return self._by_ticket(scope)

    def _by_ticket(self, scope: Scope) -> Visitor | None:
        if scope["type"] != "websocket":
            return None
        tickets = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [])
        return self._doors.take_ticket(tickets[0]) if len(tickets) == 1 else None


def match_rule(quart: QuartTrio, scope: Scope) -> Rule | None:
    """Which rule of the URL map a request is for; for a wrong method the rule of its path."""
    adapter = quart.url_map.bind("localhost", url_scheme="ws" if _is_socket(scope) else "http")
    method = scope.get("method", "GET")
    try:
        rule, _ = adapter.match(
            scope["path"], method, return_rule=True, websocket=_is_socket(scope)
        )
    except MethodNotAllowed as error:
        return _rule_of_other_method(quart, scope, error.valid_methods or ())
    except (HTTPException, RequestRedirect):
        return None
    return rule


def _rule_of_other_method(quart: QuartTrio, scope: Scope, methods: Iterable[str]) -> Rule | None:
    for method in methods:
        return match_rule(quart, {**scope, "method": method})
    return None


def is_preflight(scope: Scope, settings: Settings) -> bool:
    """Whether this is a listed page's browser asking what it may do."""
    origin = header(scope, b"origin")
    return (
        scope.get("method") == "OPTIONS"
        and origin is not None
        and header(scope, b"access-control-request-method") is not None
        and is_listed_origin(origin, settings.cors.origins)
    )


def session_cookie(cookie_headers: Iterable[str]) -> str | None:
    """The session's secret among the cookies of a request."""
    for text in cookie_headers:
        try:
            found = SimpleCookie(text).get(COOKIE)
        except CookieError:
            continue
        if found is not None and 0 < len(found.value) <= _LONGEST_SECRET:
            return found.value
    return None


def _is_socket(scope: Scope) -> bool:
    return bool(scope["type"] == "websocket")


def _bearer(scope: Scope) -> str | None:
    scheme, _, rest = (header(scope, b"authorization") or "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


def _check_host(scope: Scope, peer: Peer, settings: Settings) -> None:
    if header(scope, b"host") is None and scope.get("http_version", "1.1") < "1.1":
        return  # HTTP/1.0 has none; without one nobody is taken for local either
    if peer.authority is None or not is_allowed(peer.authority, settings.security.allowed_hosts):
        raise ProblemError(
            421,
            "host_not_allowed",
            "this service does not answer to that host name; allow it in security.allowed_hosts",
        )


def _check_origin(scope: Scope, peer: Peer, settings: Settings) -> None:
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return
    origin = header(scope, b"origin")
    if origin is None:
        if header(scope, b"sec-fetch-site") in ("cross-site", "same-site"):
            raise _cross_site()
        return
    if is_listed_origin(origin, settings.cors.origins):
        return
    # Any proxy may say that the client speaks https: a page cannot make a browser send that.
    schemes = {peer.scheme, peer.claimed_scheme}
    if peer.authority is None or not any(
        is_own_origin(origin, scheme, peer.authority) for scheme in schemes
    ):
        raise _cross_site()


def _cross_site() -> ProblemError:
    return ProblemError(403, "cross_site", "requests from pages of other sites are refused")
