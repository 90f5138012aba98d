"""`/docs` and `/openapi.json`: the documentation, from this machine only.

Swagger UI's own files come with a package; the page around them is ours, for it has no inline
script and fits the content security policy. Its styles that are inline are refused by the browser,
which costs looks in a corner or two and nothing else.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import cast

import trio
from quart import Blueprint, Response, current_app
from quart_trio import QuartTrio

from stashhog.api import openapi
from stashhog.api.contract import dump_json, operation
from stashhog.api.dependencies import get_services
from stashhog.api.static import StaticFolder, send_bytes, send_file

bp = Blueprint("docs", __name__)


def _swagger_ui() -> Path:
    """Where the package with the files lies; its code is not needed."""
    found = find_spec("flask_swagger_ui")
    folders = found.submodule_search_locations if found is not None else None
    return Path(folders[0] if folders else ".") / "dist"


_FILES = StaticFolder(_swagger_ui(), only=("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"))
# Relative addresses, for the page works below any sub-path, at `/docs` and at `/api/docs`.
_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>StashHog API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript;
<a href="openapi.json">the document</a> that it shows does not.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = b"""\
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
});
"""
_DAY_SECONDS = 86_400
_DOCUMENT = "stashhog.openapi"


@bp.get("/openapi.json")
@operation("This description as a document", {200: "application/json"})
async def openapi_json() -> Response:
    """OpenAPI 3.1, made of the routes themselves."""
    services = get_services()
    found = current_app.extensions.get(_DOCUMENT)
    if found is None:  # the routes and the sub-path stay as they are while the process lives
        root_path = services.settings.current.app.root_path
        app = cast("QuartTrio", current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy does not reach into threads
        found = await trio.to_thread.run_sync(_document, app, services.version, root_path)
        current_app.extensions[_DOCUMENT] = found
    return send_bytes(cast("bytes", found), "application/json")


def _document(app: QuartTrio, version: str, root_path: str) -> bytes:
    return dump_json(openapi.document(app, version, root_path))


@bp.get("/docs")
@operation("This description as a page", {200: "text/html"})
async def page() -> Response:
    """Swagger UI, which loads nothing from another host."""
    return send_bytes(_PAGE, "text/html; charset=utf-8")


@bp.get("/docs/<path:name>")
@operation("A file of the documentation", {200: "*/*", 304: None}, errors=(404,))
async def asset(name: str) -> Response:
    """Swagger UI's files as they are."""
    if name == "start.js":
        return send_bytes(_START, "text/javascript; charset=utf-8", max_age_seconds=_DAY_SECONDS)
    return await send_file(_FILES.find(name), max_age_seconds=_DAY_SECONDS)
