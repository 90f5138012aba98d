"""Signing in and out: setup, login, tokens, tickets, the password.

Rules: what is wrong is told in the same words and time whatever exists; wrong secrets are slowed
down for that client only.
"""

from __future__ import annotations

import trio
from pydantic import SecretStr
from quart import Blueprint, Response, current_app

from stashhog.api.contract import JSON, dump_json, operation
from stashhog.api.dependencies import (
    get_current_user,
    get_doors,
    get_exchange,
    get_settings,
)
from stashhog.api.error_handlers import ProblemError
from stashhog.api.schemas.auth import (
    LoginBody,
    MeResponse,
    PasswordBody,
    SetupBody,
    TicketResponse,
    TokenResponse,
    UserResponse,
)
from stashhog.api.security.doors import COOKIE, OWNER

bp = Blueprint("auth", __name__)


@bp.post("/auth/setup")
@operation(
    "Set the first password",
    UserResponse,
    body=SetupBody,
    errors=(401, 409, 429, 503, 507),
    open=True,
)
async def setup(body: SetupBody) -> Response:
    """Works once, with the one-time token that stands in the log; signs in by cookie."""
    client = get_exchange().client
    doors = get_doors()
    settings = get_settings()
    if not await doors.has_credentials(settings):
        doors.brake.begin(client, trio.current_time())
    await doors.set_up(settings, _plain(body.token), _plain(body.password))
    doors.brake.succeeded(client)
    return await _with_cookie()


@bp.post("/auth/login")
@operation(
    "Sign in by cookie",
    UserResponse,
    body=LoginBody,
    errors=(401, 429, 503, 507),
    open=True,
    after_setup=True,
)
async def login(body: LoginBody) -> Response:
    """The cookie is `HttpOnly` and `SameSite=Strict`."""
    await _prove(body)
    return await _with_cookie()


@bp.post("/auth/token")
@operation(
    "Sign in for a bearer token",
    TokenResponse,
    body=LoginBody,
    errors=(401, 429, 503, 507),
    open=True,
    after_setup=True,
)
async def token(body: LoginBody) -> TokenResponse:
    """For programs: send it as `Authorization: Bearer`."""
    await _prove(body)
    settings = get_settings()
    return TokenResponse(
        access_token=await get_doors().issue_token(settings),
        expires_in=int(settings.security.token_seconds),
    )


@bp.post("/auth/ws-ticket")
@operation("A ticket for one WebSocket", TicketResponse, errors=(429,))
async def ws_ticket() -> TicketResponse:
    """For sockets that can send neither header nor cookie: `?ticket=`, once, soon."""
    seconds = get_settings().security.ticket_seconds
    ticket = get_doors().issue_ticket(get_current_user(), seconds)
    return TicketResponse(ticket=ticket, expires_in=int(seconds))


@bp.post("/auth/logout")
@operation("Sign out", {204: None}, errors=(507,))
async def logout() -> Response:
    """Ends the session behind the cookie or token, and the sockets that stand on it."""
    await get_doors().end_session(get_current_user())
    response: Response = current_app.response_class(b"", 204)
    response.headers.pop("content-type", None)
    response.delete_cookie(COOKIE, path=_cookie_path(), httponly=True, samesite="Strict")
    return response


@bp.post("/auth/password")
@operation("Change the password", {204: None}, body=PasswordBody, errors=(429, 507))
async def password(body: PasswordBody) -> None:
    """Ends all sessions, tokens and sockets, one's own too."""
    client = get_exchange().client
    doors = get_doors()
    doors.brake.begin(client, trio.current_time())
    await doors.change_password(_plain(body.old), _plain(body.new))
    doors.brake.succeeded(client)


@bp.get("/auth/me")
@operation("Who is asking", MeResponse)
async def me() -> MeResponse:
    """The user, and by what right."""
    visitor = get_current_user()
    return MeResponse.model_validate({"user": visitor.user, "via": visitor.via})


async def _prove(body: LoginBody) -> None:
    """Check what was sent; who sends wrong secrets waits."""
    doors = get_doors()
    settings = get_settings()
    exchange = get_exchange()
    if not await doors.has_credentials(settings):
        raise ProblemError(
            401, "setup_required", "set a password first; the one-time token is in the log"
        )
    doors.brake.begin(exchange.client, trio.current_time())
    if body.password is not None:
        right = await doors.check_password(_plain(body.password))
    else:
        right = doors.is_api_key(settings, _plain(body.api_key))
    if not right:
        raise ProblemError(401, "bad_credentials", "wrong password or key")
    doors.brake.succeeded(exchange.client)


async def _with_cookie() -> Response:
    seconds = get_settings().security.session_seconds
    secret = await get_doors().begin_session(seconds)
    response: Response = current_app.response_class(
        dump_json(UserResponse(user=OWNER)), 200, content_type=JSON
    )
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(seconds),
        path=_cookie_path(),
        secure=get_exchange().secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _cookie_path() -> str:
    return get_exchange().root_path or "/"


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
