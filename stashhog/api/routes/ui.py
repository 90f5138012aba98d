"""The web page: one shell at the address of every page, and its files below `/ui/`.

Rules:
- Every page has an address of its own, and all of them get the same shell; its script finds out
  which page it is. What is no page is a 404.
- The shell's addresses are relative, with as many `../` as its own address is deep, so that it
  works below any sub-path, known to this process or not.
- Where the page was not built, the shell says so; the API works all the same.
"""

from __future__ import annotations

from pathlib import Path

import trio
from quart import Blueprint, Response, request

from stashhog import ui
from stashhog.api.contract import operation
from stashhog.api.dependencies import get_exchange
from stashhog.api.static import StaticFolder, send_bytes, send_file

bp = Blueprint("ui", __name__)

SHELL = "index.html"
ROOT_MARK = b"{{root}}"
"""Stands in the shell where the way back to the service's root belongs."""

_FILES = StaticFolder(ui.DIST)
_NOT_BUILT = Path(__file__).parent / "page_not_built.html"
_HTML = "text/html; charset=utf-8"


@bp.get("/")
@bp.get("/scenes")
@bp.get("/scenes/<part>")
@bp.get("/plans")
@bp.get("/plans/<part>")
@bp.get("/jobs")
@bp.get("/jobs/<part>")
@bp.get("/settings")
@bp.get("/settings/<part>")
@operation("The web page", {200: "text/html"}, open=True)
async def shell(part: str = "") -> Response:
    """The shell itself holds nothing; what the page shows it asks of the API."""
    path = _FILES.find(SHELL).path if SHELL in _FILES else _NOT_BUILT
    content = await trio.to_thread.run_sync(path.read_bytes)
    return send_bytes(content.replace(ROOT_MARK, b"../" if part else _way_to_root()), _HTML)


def _way_to_root() -> bytes:
    """From `/sub/path` without its last slash, the root is one folder down."""
    root_path = get_exchange().root_path
    asked = request.scope.get("raw_path", b"").split(b"?")[0]
    if root_path and asked == root_path.encode():
        return b"./" + asked.rsplit(b"/", 1)[-1] + b"/"
    return b"./"


@bp.get("/ui/<path:name>")
@operation("A file of the web page", {200: "*/*", 304: None}, errors=(404,), open=True)
async def asset(name: str) -> Response:
    """Files as they are; what is not there is a 404."""
    return await send_file(_FILES.find(name), max_age_seconds=0)
