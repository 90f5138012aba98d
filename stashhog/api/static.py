"""Static files: a fixed table of what lies in two folders when the app is made.

Rules:
- A path is looked up among the files that were found, never joined to a folder: there is nothing
  to traverse. What is not in the table is a 404, never a fallback page.
- Files are sent whole with an ETag; `If-None-Match` gets 304.
- Text goes compressed to who takes that; a file is compressed once, off the event loop.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import trio
from quart import Response, current_app, request

from stashhog.core.exceptions import NotFoundError

# The media types are our own choice: the machine's table may say otherwise.
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file and how it is sent."""

    path: Path
    content_type: str


class StaticFolder:
    """The files of one folder by their relative path, as they were when this was made."""

    def __init__(self, folder: Path, only: Iterable[str] | None = None) -> None:
        wanted = None if only is None else frozenset(only)
        self._files = {
            name: StaticFile(path, content_type(path))
            for name, path in _files_in(folder)
            if wanted is None or name in wanted
        }

    def find(self, name: str) -> StaticFile:
        """Look a file up.

        Raises:
            NotFoundError: there is none of that name.
        """
        try:
            return self._files[name]
        except KeyError:
            raise NotFoundError("there is no such file") from None

    def __contains__(self, name: str) -> bool:
        return name in self._files


def content_type(path: Path) -> str:
    """The media type to send a file with."""
    known = _TYPES.get(path.suffix.lower())
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _files_in(folder: Path) -> Iterable[tuple[str, Path]]:
    root = folder.resolve()
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path.relative_to(root).as_posix(), path


async def send_file(file: StaticFile, *, max_age_seconds: int = 0) -> Response:
    """Answer with a file, or with 304 where the browser has it already."""
    content = await trio.to_thread.run_sync(file.path.read_bytes)
    packed = None
    if takes_gzip() and is_text(file.content_type):
        packed = await trio.to_thread.run_sync(_packed_file, content)
    return send_bytes(content, file.content_type, max_age_seconds=max_age_seconds, packed=packed)


def send_bytes(
    content: bytes, media_type: str, *, max_age_seconds: int = 0, packed: bytes | None = None
) -> Response:
    """Answer with content that has an ETag of its own making; `packed` is the same in gzip."""
    etag = hashlib.sha256(content).hexdigest()[:32]
    fresh = request.if_none_match.contains_weak(etag)
    body = content if packed is None else packed
    response: Response = current_app.response_class(
        b"" if fresh else body, 304 if fresh else 200, content_type=media_type
    )
    response.set_etag(etag, weak=packed is not None)
    if packed is not None and not fresh:
        mark_packed(response)
    response.headers["Cache-Control"] = (
        f"private, max-age={max_age_seconds}" if max_age_seconds else "no-cache"
    )
    return response


# --- compression ----------------------------------------------------------------------------------

_WORTH_IT_BYTES = 1400
"""What fits into one packet is not made faster by being smaller."""


def takes_gzip() -> bool:
    """Whether who asks can read gzip."""
    return request.accept_encodings.quality("gzip") > 0


def is_text(media_type: str) -> bool:
    """Whether compressing content of this type is worth the while."""
    return media_type.startswith("text/") or "json" in media_type or "svg" in media_type


def pack(content: bytes, level: int) -> bytes | None:
    """The content in gzip, made the same way each time; None where that gains nothing."""
    return None if len(content) < _WORTH_IT_BYTES else gzip.compress(content, level, mtime=0)


def mark_packed(response: Response) -> None:
    """Say that a body is in gzip, and to whom that matters."""
    response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")


@lru_cache(maxsize=64)
def _packed_file(content: bytes) -> bytes | None:
    return pack(content, 9)
