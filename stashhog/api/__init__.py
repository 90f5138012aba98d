"""The HTTP side: Quart inside, ASGI layers around it, one gate in front of every route.

From the outside in: `Edge` (server.py) · request id, log, timing, security headers, CORS headers
(middleware.py) · error boundary (error_handlers.py) · target, host and gate (security) · body
limit (bodies.py) · Quart with the routes. Each layer knows only ASGI and the `Exchange`.
"""

from __future__ import annotations

from quart_trio import QuartTrio

from stashhog.api import converters
from stashhog.api.dependencies import EXTENSION, Services
from stashhog.api.error_handlers import ErrorBoundary
from stashhog.api.routes import BLUEPRINTS, health


def create_app(services: Services) -> QuartTrio:
    """Build the ASGI app around the open parts of the process."""
    app = QuartTrio(__name__, static_folder=None)
    app.extensions[EXTENSION] = services
    # Errors leave Quart as they are: the boundary around it answers all of them alike.
    app.config.update(PROPAGATE_EXCEPTIONS=True, TRAP_HTTP_EXCEPTIONS=True, RESPONSE_TIMEOUT=None)
    converters.register(app.url_map)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix="/api")
    app.register_blueprint(health.bp, name="root_health")
    app.asgi_app = ErrorBoundary(app.asgi_app)  # type: ignore[method-assign, assignment, arg-type]  # how Quart is wrapped
    return app
