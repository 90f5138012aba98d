"""Which credentials exist, who holds a session, and which sockets stand open on its strength.

Rules:
- Of a session's secret only the hash is stored; a bearer token wraps such a secret.
- Whoever's right ends is told at once: each open socket holds an event that is set then.
- Comparing secrets takes the same time however much of them is right.
- Nothing can be read: closed. A failure of the database lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

import structlog
import trio

from stashhog.api.asgi import Visitor
from stashhog.api.error_handlers import ProblemError
from stashhog.api.security import tokens
from stashhog.api.security.attempts import LoginBrake
from stashhog.api.security.origins import is_loopback
from stashhog.api.security.passwords import PasswordHashing
from stashhog.api.security.peers import Peer
from stashhog.core.config import Settings
from stashhog.core.exceptions import ConflictError
from stashhog.db import Database, auth

log = structlog.get_logger(__name__)

OWNER = "owner"
COOKIE = "stashhog_session"
MAX_SOCKETS = 512

_MAX_TICKETS = 1000
_SECRET_BYTES = 32


class Regime(Enum):
    """What a request without credentials meets."""

    OPEN = "open"
    SETUP = "setup"
    CLOSED = "closed"


@dataclass(slots=True)
class _Ticket:
    visitor: Visitor
    until: float


@dataclass(slots=True, eq=False)
class _OpenSocket:
    session: str | None
    ended: trio.Event = field(default_factory=trio.Event)


class Doors:
    """The credentials of one installation; all of its state but the sessions is in memory.

    Args:
        db: Where the password's hash and the sessions are.
        command_token: The key of commands on this machine (from the data folder); empty: none.
    """

    def __init__(self, db: Database, command_token: str = "") -> None:
        self._db = db
        self._command_token = command_token
        self._hashing = PasswordHashing()
        self._password_hash: str | None = None
        self._loaded = False
        self._loading = trio.Lock()
        self._setup_token: str | None = None
        self._changing_password = trio.Lock()
        self._tickets: dict[str, _Ticket] = {}
        self._sockets: set[_OpenSocket] = set()
        self.brake = LoginBrake()

    # --- what is needed -------------------------------------------------------------------------

    async def regime(self, settings: Settings, peer: Peer) -> Regime:
        """What this request meets without credentials."""
        if settings.security.mode == "none":
            return Regime.OPEN
        if await self.has_credentials(settings):
            return Regime.CLOSED
        called_local = peer.authority is not None and is_loopback(peer.authority.name)
        if _listens_to_this_machine_only(settings) and peer.local and called_local:
            return Regime.OPEN
        return Regime.SETUP

    async def has_credentials(self, settings: Settings) -> bool:
        """Whether a key or a password was ever set."""
        await self._load()
        return settings.security.api_key is not None or self._password_hash is not None

    async def _load(self) -> None:
        if self._loaded:
            return
        async with self._loading:
            if not self._loaded:
                self._password_hash = await self._db.read(auth.password_hash)
                self._loaded = True

    # --- setup ----------------------------------------------------------------------------------

    async def announce_setup_where_needed(self, settings: Settings) -> None:
        """Print the token at the start, where nobody could come in without it."""
        if settings.security.mode == "none" or _listens_to_this_machine_only(settings):
            return
        if not await self.has_credentials(settings):
            self.announce_setup()

    def announce_setup(self) -> None:
        """Print the one-time token to the log, once; without it nobody can set up."""
        if self._setup_token is None:
            self._setup_token = secrets.token_urlsafe(24)
            # Under a name of its own the log would take it for a secret that must not be seen.
            log.warning(
                "setup_required",
                how=f"POST /api/auth/setup with the one-time setup token {self._setup_token}",
            )

    async def set_up(self, settings: Settings, token: str, password: str) -> None:
        """Set the first password with the one-time token.

        Raises:
            ConflictError: `already_set_up`.
            ProblemError: 401 `bad_credentials`.
        """
        async with self._changing_password:
            if await self.has_credentials(settings):
                raise ConflictError("this installation has its credentials", code="already_set_up")
            if self._setup_token is None or not _same(self._setup_token, token):
                raise _refused("the setup token is wrong; it stands in the log")
            await self._store_password(password)
            self._setup_token = None

    # --- credentials ----------------------------------------------------------------------------

    def holds_key(self, settings: Settings, given: str, peer: Peer) -> bool:
        """Whether this is the API key, or the key of commands on this machine."""
        if self.is_api_key(settings, given):
            return True
        return bool(self._command_token) and peer.local and _same(self._command_token, given)

    @staticmethod
    def is_api_key(settings: Settings, given: str) -> bool:
        """Whether this is the API key of the settings."""
        ours = settings.security.api_key
        return ours is not None and _same(ours.get_secret_value(), given)

    async def check_password(self, password: str) -> bool:
        """Check the password, in a thread; costs the same where none is set."""
        await self._load()
        return await self._hashing.verify(password, self._password_hash)

    async def change_password(self, old: str, new: str) -> None:
        """Replace the password, and end all sessions and sockets.

        Where there is none yet, `old` does not count: the gate has let this person in.

        Raises:
            ProblemError: 401 `bad_credentials`, the old one is wrong.
        """
        async with self._changing_password:
            await self._load()
            if self._password_hash is not None and not await self.check_password(old):
                raise _refused("the old password is wrong")
            await self._store_password(new)
            await self.end_all()

    async def _store_password(self, password: str) -> None:
        hashed = await self._hashing.hash(password)
        await self._db.write(auth.set_password_hash, hashed)
        self._password_hash = hashed

    # --- sessions, tokens, tickets --------------------------------------------------------------

    async def begin_session(self, seconds: float) -> str:
        """Make a session and return its secret, which is stored nowhere."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        now = datetime.now(UTC)
        await self._db.write(
            auth.create_session, _hash(secret), OWNER, now, now + timedelta(seconds=seconds)
        )
        return secret

    async def issue_token(self, settings: Settings) -> str:
        """Make a session and wrap it into a bearer token."""
        security = settings.security
        secret = await self.begin_session(security.token_seconds)
        return tokens.issue(
            OWNER,
            secret,
            key=self._signing_key(settings),
            algorithm=security.algorithm,
            now=datetime.now(UTC),
            seconds=security.token_seconds,
        )

    async def visitor_with_session(self, secret: str, via: str) -> Visitor | None:
        """Who holds this session, if it still stands."""
        name = _hash(secret)
        user = await self._db.read(auth.find_session, name, datetime.now(UTC))
        return None if user is None else Visitor(user, via, name)

    async def visitor_with_token(self, settings: Settings, token: str) -> Visitor | None:
        """Who holds this bearer token, if it and its session still stand."""
        secret = tokens.session_in(
            token, key=self._signing_key(settings), algorithm=settings.security.algorithm
        )
        return None if secret is None else await self.visitor_with_session(secret, "token")

    def _signing_key(self, settings: Settings) -> bytes:
        own = settings.security.secret_key
        return tokens.derive_key(
            own.get_secret_value().encode() if own is not None else self._db.secrets.signing_key
        )

    async def end_session(self, visitor: Visitor) -> None:
        """End one session and the sockets that stand on it."""
        if visitor.session is not None:
            await self._db.write(auth.end_session, visitor.session)
            self._close_sockets(visitor.session)

    async def end_all(self) -> None:
        """End all sessions, tokens, tickets and sockets."""
        await self._db.write(auth.end_all_sessions)
        self._tickets.clear()
        self._close_sockets(None)

    async def end_others(self, visitor: Visitor) -> None:
        """End all sessions, tokens and sockets but those of this visitor."""
        await self._db.write(auth.end_all_sessions, visitor.session)
        self._tickets.clear()
        self._close_sockets(None, but=visitor.session)

    def issue_ticket(self, visitor: Visitor, seconds: float) -> str:
        """Make a ticket that lets one socket in, once.

        Raises:
            ProblemError: 429 `too_many_tickets`.
        """
        now = trio.current_time()
        for key in [key for key, ticket in self._tickets.items() if ticket.until < now]:
            del self._tickets[key]
        if len(self._tickets) >= _MAX_TICKETS:
            raise ProblemError(
                429, "too_many_tickets", "too many unused tickets", headers={"Retry-After": "30"}
            )
        ticket = secrets.token_urlsafe(_SECRET_BYTES)
        self._tickets[_hash(ticket)] = _Ticket(visitor, now + seconds)
        return ticket

    def take_ticket(self, ticket: str) -> Visitor | None:
        """Use a ticket up; None where it is unknown, used or too old."""
        found = self._tickets.pop(_hash(ticket), None)
        if found is None or found.until < trio.current_time():
            return None
        return found.visitor

    # --- sockets --------------------------------------------------------------------------------

    @contextmanager
    def socket_open(self, visitor: Visitor) -> Iterator[trio.Event]:
        """Count a socket; the event is set when its visitor's right to be here ends.

        Raises:
            ProblemError: 429 `too_many_sockets`.
        """
        if len(self._sockets) >= MAX_SOCKETS:
            raise ProblemError(
                429, "too_many_sockets", "too many open sockets", headers={"Retry-After": "5"}
            )
        entry = _OpenSocket(visitor.session)
        self._sockets.add(entry)
        try:
            yield entry.ended
        finally:
            self._sockets.discard(entry)

    def _close_sockets(self, session: str | None, *, but: str | None = None) -> None:
        for entry in self._sockets:
            if session in (None, entry.session) and (but is None or entry.session != but):
                entry.ended.set()


def _listens_to_this_machine_only(settings: Settings) -> bool:
    return is_loopback(settings.app.host.strip("[]"))


def _refused(detail: str) -> ProblemError:
    return ProblemError(401, "bad_credentials", detail)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _same(ours: str, given: str) -> bool:
    return hmac.compare_digest(_hash(ours), _hash(given))
