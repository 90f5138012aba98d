"""The HTTP side: Quart inside, ASGI layers around it, one gate in front of every route.

From the outside in: lifespan, `Edge` (server.py), request id, log, timing, security headers, CORS
headers (middleware.py), error boundary (error_handlers.py), target (middleware.py), gate
(security/gate.py), body (bodies.py), Quart with the routes. Each layer knows only ASGI, the
`Exchange` and the settings.
"""

from __future__ import annotations

from typing import cast

from quart import Blueprint
from quart_trio import QuartTrio

from stashhog.api import converters, docs
from stashhog.api.asgi import ASGIApp
from stashhog.api.bodies import BodyMiddleware
from stashhog.api.dependencies import DOORS, EXTENSION, Services
from stashhog.api.error_handlers import ErrorBoundary
from stashhog.api.middleware import (
    CORSMiddleware,
    LifespanMiddleware,
    LoggingMiddleware,
    RequestIDMiddleware,
    SecurityHeadersMiddleware,
    TargetMiddleware,
    TimingMiddleware,
)
from stashhog.api.routes import BLUEPRINTS, health, metrics, ui
from stashhog.api.security.doors import Doors
from stashhog.api.security.gate import Gate
from stashhog.api.server import Edge
from stashhog.core.config import Settings

_AT_THE_ROOT: tuple[Blueprint, ...] = (health.bp, metrics.bp, docs.bp)
"""Also without `/api` before them."""


def create_app(services: Services) -> QuartTrio:
    """Build the ASGI app around the open parts of the process."""
    app = QuartTrio(__name__, static_folder=None)
    app.debug = False  # whatever the environment says: debug pages show tracebacks
    # Errors leave Quart as they are, for the boundary around it answers all of them alike; bodies
    # are bounded by their own layer, and an answer may take as long as its reader.
    app.config.update(
        PROPAGATE_EXCEPTIONS=True,
        TRAP_HTTP_EXCEPTIONS=True,
        RESPONSE_TIMEOUT=None,
        BODY_TIMEOUT=None,
        MAX_CONTENT_LENGTH=None,
    )
    doors = Doors(services.db, services.command_token)
    app.extensions[EXTENSION] = services
    app.extensions[DOORS] = doors
    converters.register(app.url_map)
    app.url_map.merge_slashes = False  # there are no redirects, so none can lead elsewhere
    for blueprint in (*BLUEPRINTS, docs.bp):
        app.register_blueprint(blueprint, url_prefix=f"/api{blueprint.url_prefix or ''}")
    for blueprint in _AT_THE_ROOT:
        app.register_blueprint(blueprint, name=f"root_{blueprint.name}")
    app.register_blueprint(ui.bp)
    app.asgi_app = _layers(app, services, doors)  # type: ignore[method-assign, assignment]  # how Quart is wrapped
    return app


async def announce_setup(app: QuartTrio, settings: Settings) -> None:
    """Print the one-time token where nobody could come in without it."""
    doors: Doors = app.extensions[DOORS]
    await doors.announce_setup_where_needed(settings)


def _layers(app: QuartTrio, services: Services, doors: Doors) -> ASGIApp:
    settings = services.settings
    inner: ASGIApp = BodyMiddleware(cast("ASGIApp", app.asgi_app), app, settings)
    inner = Gate(inner, app, settings, doors)
    inner = ErrorBoundary(TargetMiddleware(inner, settings))
    inner = SecurityHeadersMiddleware(CORSMiddleware(inner, settings))
    inner = RequestIDMiddleware(LoggingMiddleware(TimingMiddleware(inner)))
    return LifespanMiddleware(Edge(inner))
