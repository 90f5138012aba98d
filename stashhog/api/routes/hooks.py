"""Stash's own hooks: a hint that something changed there; polling stays the truth."""

from __future__ import annotations

import hmac

from quart import Blueprint, request

from stashhog.api.contract import operation
from stashhog.api.dependencies import get_actors, get_settings
from stashhog.api.error_handlers import ProblemError
from stashhog.api.schemas.common import SuccessResponse
from stashhog.api.schemas.scenes import HookBody
from stashhog.core.config import Settings
from stashhog.core.exceptions import NotFoundError
from stashhog.domain.events import read_hook

bp = Blueprint("hooks", __name__, url_prefix="/hooks")

SECRET_HEADER = "X-StashHog-Hook-Secret"  # noqa: S105 - a header's name


def _secret_is_set(settings: Settings) -> bool:
    return settings.security.hook_secret is not None


def _knows_the_secret() -> None:
    secret = get_settings().security.hook_secret
    if secret is None:
        raise NotFoundError("no hook secret is set")
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
        raise ProblemError(401, "unauthorized", "the hook secret is wrong")


@bp.post("/stash")
@operation(
    "A hook of Stash",
    {202: SuccessResponse},
    body=HookBody,
    errors=(401, 404),
    open=True,
    open_while=_secret_is_set,
    admits=_knows_the_secret,
)
async def stash_hook(body: HookBody) -> SuccessResponse:
    """Hooks of about two seconds are looked at together, and answered at once.

    Hooks of scenes are compared with what is held: those that somebody changed are synced, our own
    writes coming back start nothing. Hooks of performers, tags and studios, merges, and what is not
    known start an incremental sync; those of images, galleries, groups and markers nothing.

    Open to whoever knows `security.hook_secret`, sent as `X-StashHog-Hook-Secret`. While no such
    secret is set it is closed to strangers like any other route, and 404 to the owner.
    """
    hook = read_hook(body.type, None if body.id is None else str(body.id))
    if hook is not None:
        get_actors().sync_manager.hook(hook)
    return SuccessResponse()
