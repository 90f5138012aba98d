"""What a model's word is worth, fitted to what it said.

It either reads, and then takes what is right of what it was offered and nothing else, or it
guesses: then it takes one by chance, or none. How often it does which is what makes its answers
likeliest, weighed with the usual, and in a field with how it answers in all of them. Somebody who
takes the first of a list, tosses a coin or obeys a file's name guesses always, and such a word is
worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

USUALLY_READS, USUALLY_TAKES, USUAL_CASES = 0.5, 0.6, 8.0
MOST = 3.0
STEPS = 40
_LEAST = 0.002


class Said(NamedTuple):
    """A candidate's confidence without the word, among how many it was, and whether it was taken.

    Of fields with many values each candidate is one of its own: taken or not.
    """

    confidence: float
    among: int
    taken: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """How often a model `reads`, how often it `takes` one where it guesses, and what told so."""

    reads: float = USUALLY_READS
    takes: float = USUALLY_TAKES
    cases: Mapping[Said, float] = field(default_factory=dict)

    def agrees(self, among: int) -> float:
        """What it says for a candidate to be taken, in log-odds; never less than nothing."""
        right, wrong = self._taken(among)
        return min(math.log(right / wrong), MOST)

    def disagrees(self, among: int) -> float:
        """What it says for a candidate to be left out; never more than nothing."""
        right, wrong = self._taken(among)
        return max(math.log((1.0 - right) / (1.0 - wrong)), -MOST)

    def _taken(self, among: int) -> tuple[float, float]:
        """How likely a right and a wrong candidate is taken."""
        wrong = (1.0 - self.reads) * _chance(self.takes, among)
        return self.reads + wrong, wrong


def trusted(by_field: Mapping[str, Mapping[Said, float]]) -> Mapping[str, Trust]:
    """By field what these cases say of a model."""
    alone = {field: _fitted(cases, USUALLY_READS) for field, cases in by_field.items()}
    weights = {field: sum(cases.values()) for field, cases in by_field.items()}
    sums = sum(weights[field] * trust.reads for field, trust in alone.items())
    usual = (sums + USUAL_CASES * USUALLY_READS) / (sum(weights.values()) + USUAL_CASES)
    return {field: _fitted(cases, usual) for field, cases in by_field.items()}


def _fitted(cases: Mapping[Said, float], usually_reads: float) -> Trust:
    """How often a model reads and takes, by expectation maximisation."""
    reads, takes = usually_reads, USUALLY_TAKES
    for _ in range(STEPS):
        read, guessed_one = usually_reads * USUAL_CASES, USUALLY_TAKES * USUAL_CASES / 2
        guessed, weighed = USUAL_CASES, USUAL_CASES / 2
        for said, number in cases.items():
            p = min(max(said.confidence, _LEAST), 1.0 - _LEAST)
            chance = _chance(takes, said.among)
            if said.taken:
                fits, by_chance = p, chance
            else:
                fits, by_chance = 1.0 - p, 1.0 - chance
            whole = reads * fits + (1.0 - reads) * by_chance
            knew = number * reads * fits / whole
            read += knew
            guessed += number
            guessed_one += (number - knew) * said.taken
            weighed += (number - knew) / said.among
        reads = min(max(read / guessed, _LEAST), 1.0 - _LEAST)
        takes = min(guessed_one / weighed, 1.0)
    return Trust(reads, takes, cases)


def _chance(takes: float, among: int) -> float:
    return min(max(takes / among, _LEAST), 1.0 - _LEAST)
