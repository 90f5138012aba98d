"""Asking a language model about scenes: what is sent, what of its answer counts, what it may cost.

Rules:
- Pure: no model is called from here.
- A model is asked between values that detection found; what it answers beyond them is dropped,
  but for a title that stands in the file's name, and details where they are asked for.
- Texts from outside are data: cut, stripped of what cannot be seen, and encoded as JSON.
"""

from stashhog.domain.asking.answers import Answer, opinions_of, read_answers
from stashhog.domain.asking.budget import Caps, Spent, Wanted, refused
from stashhog.domain.asking.prompts import Prompt, Style, make_prompt
from stashhog.domain.asking.scenes import AskedScene, asked_scene
from stashhog.domain.asking.share import Share
from stashhog.domain.asking.summaries import facts_of, wants_summary, with_summary

__all__ = [
    "Answer",
    "AskedScene",
    "Caps",
    "Prompt",
    "Share",
    "Spent",
    "Style",
    "Wanted",
    "asked_scene",
    "facts_of",
    "make_prompt",
    "opinions_of",
    "read_answers",
    "refused",
    "wants_summary",
    "with_summary",
]
