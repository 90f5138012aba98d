"""The web page: its source in `src`, what is served of it in `dist`.

`build_hook` builds `dist` while the package is installed; `npm run dev` in this folder builds it
anew at each save. Rules: no inline script or style, nothing from another host, no markup made of
text, relative addresses only.
"""

from __future__ import annotations

from pathlib import Path

DIST: Path = Path(__file__).parent / "dist"
