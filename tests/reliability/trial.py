"""One run of a trial: its chance, what it checked, what it measured, and what broke."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
"""Broken promises that are printed word for word; the others are counted."""


@dataclass
class Trial:
    """What a trial is given, and what it found.

    Attributes:
        name: As on the command line.
        count: How often to do what the trial does (kills, stops, power cuts, …).
        seed: Where `chance` begins.
        stash: A real Stash to run against, None for the sample one.
        api_key: Its key.
        checked: How often each promise was checked.
        figures: What was measured.
        broken: The promises that did not hold.
    """

    name: str
    count: int
    seed: int
    stash: str | None = None
    api_key: str | None = None
    checked: Counter[str] = field(default_factory=Counter)
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def check(self, holds: object, promise: str, found: object = "") -> bool:
        """Note whether a promise held; `promise` names the kind, `found` what was seen instead."""
        self.checked[promise] += 1
        if not holds:
            self.broken.append(f"{promise}: {found}")
            if len(self.broken) <= SHOWN:
                print(f"BROKEN {promise}: {found}", flush=True)
        return bool(holds)

    def most(self, name: str, value: float) -> None:
        """Keep the largest value of a figure."""
        self.figures[name] = round(max(self.figures.get(name, value), value), 3)

    def report(self) -> str:
        """Everything, as JSON."""
        return json.dumps(
            {
                "trial": self.name,
                "count": self.count,
                "seed": self.seed,
                "stash": self.stash or "sample",
                "load_per_core": round(os.getloadavg()[0] / (os.cpu_count() or 1), 1),
                "checked": dict(self.checked),
                "figures": self.figures,
                "broken": self.broken,
            },
            indent=2,
            default=str,
        )
