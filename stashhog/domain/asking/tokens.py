"""How many tokens a text makes, without any model's own tokenizer.

Rules:
- `usual` is near what large vocabularies make of paths and names (within a fifth on the whole).
- `most` is what none of the tokenizers in use exceeds: it is what a budget is held by.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_PIECE = re.compile(r"[A-Za-z]+|\d+|[^\W\d_]+|[^\w\s]+|_|\s+")
_SHORT_WORD = 5
_LETTERS_PER_TOKEN = 4.5
_DIGITS_PER_TOKEN = 3
_BYTES_PER_TOKEN = 3.2
_MARK, _NEXT_MARK = 0.8, 0.15
_USUAL_SCALE = 0.92
_WORST_LETTER = 0.7
MOST_PIECES = 4096
"""So many pieces are remembered: most texts are made of the same few."""


class Tokens(NamedTuple):
    """How many tokens a text has: about, and at the most. Those of its parts may be added up."""

    usual: int
    most: int


def count(text: str) -> Tokens:
    """Count both at once."""
    pieces = _PIECE.findall(text)
    about = round(_USUAL_SCALE * sum(map(_usual_piece, pieces)))
    return Tokens(about, int(sum(map(_most_of_piece, pieces))) + 1)


def usual(text: str) -> int:
    """About how many tokens a text has."""
    return count(text).usual


@lru_cache(MOST_PIECES)
def _usual_piece(piece: str) -> float:
    size = len(piece)
    if not piece.isascii():
        return len(piece.encode("utf-8", "replace")) / _BYTES_PER_TOKEN
    if piece.isalpha():
        return 1.0 if size <= _SHORT_WORD else 1.0 + (size - 2) / _LETTERS_PER_TOKEN
    if piece.isdigit():
        return -(-size // _DIGITS_PER_TOKEN)
    return 0.1 if piece.isspace() else _MARK + _NEXT_MARK * (size - 1)


@lru_cache(MOST_PIECES)
def _most_of_piece(piece: str) -> float:
    if not piece.isascii():
        return len(piece.encode("utf-8", "replace"))
    if piece.isalpha():
        return 1.0 + (len(piece) - 1) * _WORST_LETTER
    return len(piece)
