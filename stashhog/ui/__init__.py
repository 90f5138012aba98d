"""The web page: static files that the server hands out as they are.

Rules: no build step, no file from another host, no inline script or style, relative URLs only.
The server sends `static/index.html` at `/` and everything in `static` below `/ui/`.
"""

from __future__ import annotations

from pathlib import Path

STATIC: Path = Path(__file__).parent / "static"
