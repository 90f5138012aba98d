"""Details without markup: cleaned only where that was asked for, never written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from stashhog.domain.detection.findings import Proposal
from stashhog.domain.library import Scene

MAX_LENGTH = 100_000
CONFIDENCE = 0.99

_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/li|/h\d)\b[^<>]{0,500}>", re.IGNORECASE)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--.{0,2000}?-->", re.DOTALL)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")


def cleaned(details: str) -> str | None:
    """The text without tags and entities; None where there is nothing to clean."""
    if len(details) > MAX_LENGTH or not ("<" in details or "&" in details):
        return None
    text = html.unescape(_MARKUP.sub("", _BREAKS.sub("\n", details)))
    lines = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    text = _LINES.sub("\n\n", lines).strip()
    return text if text and text != details.strip() else None


def propose_details(scene: Scene) -> Iterable[Proposal]:
    """The scene's own text without its markup."""
    text = cleaned(scene.details or "")
    if text is not None:
        where = dict.fromkeys(("start", "end", "span", "runner_up", "gap"))
        evidence = {"text": scene.details, "where": "details", "rule": "details.markup", **where}
        yield Proposal(
            "details", "set", None, text, CONFIDENCE, "rule",
            "The text holds markup; this is the same text without it.", evidence,
        )  # fmt: skip
