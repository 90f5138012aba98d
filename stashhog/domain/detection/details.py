"""Details without markup: cleaned only where that was asked for, never written.

Rules:
- Only what is surely markup goes: tags that HTML has, comments, character references that are
  whole. `I <3 you`, `<Jane>` and `R&B` stay as they are.
- What browsers do not show (scripts, styles) goes with its tags; blocks become lines.
- What was escaped twice is cleaned twice.
"""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Iterable, Iterator

from stashhog.domain.detection.findings import Proposal
from stashhog.domain.library import Scene

MAX_LENGTH = 100_000
CONFIDENCE = 0.99
ROUNDS = 3
LONGEST_TAG = 500

_HIDDEN = frozenset("head iframe noscript object script style svg template".split())  # noqa: SIM905 - a list of words
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption"  # noqa: SIM905 - a list of words
    " figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary"
    " table tbody tfoot thead tr ul".split()
)
_CELLS = frozenset({"td", "th"})
_INLINE = frozenset(
    "a abbr acronym audio b bdi bdo big button cite code col colgroup data del dfn em embed font i"  # noqa: SIM905 - a list of words
    " img input ins kbd label link map area mark meta option param picture q rp rt ruby s samp"
    " select small source span strike strong sub sup textarea time title track tt u var video"
    " wbr".split()
)
_NAMES = _HIDDEN | _BLOCKS | _CELLS | _INLINE | {"br"}

_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_LOOSE_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])[^<>]*>")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")


def cleaned(details: str) -> str | None:
    """The text without tags and entities; None where there is nothing to clean."""
    if len(details) > MAX_LENGTH:
        return None
    text = details
    for _ in range(ROUNDS):
        bare = _REFERENCE.sub(_character, _without_tags(text))
        if bare == text:
            break
        text = bare
    if text == details:
        return None
    lines = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    text = _LINES.sub("\n\n", lines).strip()
    return text if text and text != details.strip() else None


def _character(reference: re.Match[str]) -> str:
    known = reference[0][1] == "#" or reference[0][1:] in html.entities.html5
    return html.unescape(reference[0]) if known else reference[0]


def _without_tags(text: str) -> str:
    return "".join(_kept(text)) if "<" in text else text


def _kept(text: str) -> Iterator[str]:
    """The text between tags, and what stands for these; each part is looked at once."""
    at, fresh, endless = 0, True, set[str]()
    while (start := text.find("<", at)) >= 0:
        if start > at:
            yield text[at:start]
            fresh = fresh and text[at:start].isspace()
        at = start + 1
        if text.startswith("<!--", start):
            end = -1 if "-->" in endless else text.find("-->", start + 4)
            at = start + 4 if end < 0 else end + 3
            endless.update(() if end >= 0 else ("-->",))
            continue
        limit = start + LONGEST_TAG
        tag = _TAG.match(text, start, limit) or _LOOSE_TAG.match(text, start, limit)
        name = tag[2].lower() if tag is not None else ""
        if tag is None or name not in _NAMES:
            yield "<"
            fresh = False
            continue
        at = tag.end()
        if name in _HIDDEN and not tag[1] and not tag[0].endswith("/>"):
            at = _behind(name, text, at, endless)
        elif name == "br" or (name in _BLOCKS and not fresh):
            yield "\n"
            fresh = True
        elif name in _CELLS:
            yield " "
    yield text[at:]


def _behind(name: str, text: str, at: int, endless: set[str]) -> int:
    """Where an element ends that is not shown; where it begins, if it never does."""
    if name in endless:
        return at
    end = re.compile(rf"</{name}\s{{0,9}}>", re.IGNORECASE).search(text, at)
    if end is None:
        endless.add(name)
        return at
    return end.end()


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
