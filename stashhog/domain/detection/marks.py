"""What stands in files' names without being said of a scene: marks of technique and of copies.

Rules:
- A mark counts only as a whole word; words that titles have too (`proper`, `final`) only beside
  another mark, or where copies are marked: at the end.
- A name that a camera, a phone or a download gave is a mark as a whole.
"""

from __future__ import annotations

import re

from stashhog.domain.detection.dates import find_dates

_JUNK = re.compile(
    r"(?<![A-Za-z0-9])(?:\d{3,4}[pi]\d{0,3}|[4-8]k|u?hd|fhd|qhd|sd|u?hq|\d{3,4}x\d{3,4}|\d{2,3}fps"
    r"|[xh][._ ]?26[456]|hevc|avc|av1|vp9|xvid|divx|web[._ -]?(?:dl|rip)?(?:-\d{3,4}p)?"
    r"|blu[._ -]?ray|b[dr]rip|hdtv|hdrip|(?:vod|ppv|tv)rip"
    r"|dvd(?:rip|scr)?|mp4|mkv|wmv|avi|m4v|mov|webm|aac\d?|ac3|dts|ddp?5|flac|10bit|hdr(?:10)?"
    r"|vr180|180x180|sbs|xxx|s\d{1,2}e\d{1,3}|s\d{1,2}|e\d{2,3}|\d{1,2}x\d{2}"
    r"|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}"
    r"|cd\d|pt\d|part\d|vol\d|disc\d)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_BESIDE_JUNK = re.compile(
    r"(?<![A-Za-z0-9])(?:remux|repack|proper|internal|rerip|uncensored|reencoded?)"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""What is a technical mark only where another one stands beside it."""

_GROUP = re.compile(r"-[A-Za-z0-9]{2,12}$")
_COPY = re.compile(
    r"\s*\(\d{1,2}\)$|[ _.-]+(?:part|pt|cd|disc)[ _.]?\d{1,2}$"
    r"|[ _.(-]{1,4}(?:copy|kopie|copie|copia|fixed|converted|tmp)(?:[ _.]?\(?\d{1,2}\)?)?\)?$",
    re.IGNORECASE,
)
_COPIES = 2
_SITE = re.compile(
    r"(?<![\w.-])(?:www\.[\w-]+(?:\.[\w-]+)*\.[a-z]{2,8}"
    r"|(?<=[\[({@])\s*[\w-]+(?:\.[\w-]+)*\.[a-z]{2,8}\s*(?=[\])}])"
    r"|@\w+|[\w-]+\.(?:com|net|org|info))(?![\w.-])",
    re.IGNORECASE,
)
_SQUARE = re.compile(r"\[[^\[\]]{1,80}\]|\{[^{}]{1,80}\}")
_LABEL = re.compile(r"\s*[\[(][^\])]{0,40}[\])]\s*")
_OPAQUE = re.compile(
    r"[\s(\[]*(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9a-z]*\d[0-9a-z]*\d)[0-9a-f]{12,}"
    r"|(?:vid|img|dsc[nf]?|mvi|mov|gopr|gx|pxl|dji|clip|video|movie|download|untitled|file|cam|rec)"
    r"[\s._-]*(?:\(?\d[\d\s._-]*\)?)?)(?![a-z])",
    re.IGNORECASE,
)
"""Names that cameras, phones and downloads give: they say nothing."""

NEAR = 3
"""Letters between two marks that stand side by side."""


def marked_spans(text: str) -> list[tuple[int, int, str]]:
    """Where a text has dates (D), marks (J) and brackets that titles do not have (B).

    Each is where it begins, where it ends, and which it is; what comes later weighs more.
    """
    spans = [(w.start, w.end, "D") for w in find_dates(text) if w.family != "six"]
    if "[" in text or "{" in text:
        spans[:0] = [(*match.span(), "B") for match in _SQUARE.finditer(text)]
    label = _LABEL.match(text)
    if _OPAQUE.fullmatch(text, label.end() if label else 0):
        return [(0, len(text), "J"), *spans]
    junk = [match.span() for match in _JUNK.finditer(text)]
    if "." in text or "@" in text:
        spans.extend((*match.span(), "J") for match in _SITE.finditer(text))
    end = len(text)
    for _ in range(_COPIES):
        copy = _COPY.search(text, 0, end)
        if copy is None or not copy.start():
            break
        spans.append((copy.start(), end, "J"))
        end = copy.start()
    group = _GROUP.search(text, 0, end) if junk else None
    if group and any(start <= group.start() <= stop + 1 for start, stop in junk):
        junk.append(group.span())
    for soft in _BESIDE_JUNK.finditer(text) if junk else ():
        if any(abs(soft.start() - b) < NEAR or abs(a - soft.end()) < NEAR for a, b in junk):
            junk.append(soft.span())
    spans.extend((start, stop, "J") for start, stop in junk)
    return spans
