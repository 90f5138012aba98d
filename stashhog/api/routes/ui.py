"""The web page: `/` and the files below `/ui/`.

Where the page was not built, `/` says so; the API works all the same.
"""

from __future__ import annotations

from quart import Blueprint, Response

from stashhog import ui
from stashhog.api.contract import operation
from stashhog.api.static import StaticFolder, send_bytes, send_file

bp = Blueprint("ui", __name__)

_FILES = StaticFolder(ui.STATIC)
_NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>StashHog</title>
<h1>StashHog</h1>
<p>The service runs, but its web page was not built. The API is at <a href="docs">docs</a>.</p>
<p>To build the page, install StashHog again where the page's parts can be fetched.</p>
</html>
"""


@bp.get("/")
@operation("The web page", {200: "text/html"}, open=True)
async def page() -> Response:
    """The page itself holds nothing; what it shows it asks of the API."""
    if "index.html" in _FILES:
        return await send_file(_FILES.find("index.html"))
    return send_bytes(_NOT_BUILT, "text/html; charset=utf-8")


@bp.get("/ui/<path:name>")
@operation("A file of the web page", {200: "*/*", 304: None}, errors=(404,), open=True)
async def asset(name: str) -> Response:
    """Files as they are; what is not there is a 404."""
    return await send_file(_FILES.find(name), max_age_seconds=0)
