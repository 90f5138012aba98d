"""What the resolvers of the sample Stash work with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stashhog.demo.jobs import Jobs
from stashhog.demo.options import StashOptions
from stashhog.demo.rows import Kind
from stashhog.demo.state import StashState

Arguments = Mapping[str, Any]


@dataclass(slots=True)
class Context:
    """What resolvers work with; `event` is a subscription's news."""

    state: StashState
    jobs: Jobs
    options: StashOptions
    base_url: str
    event: Any = None
    uses: dict[Kind, Counter[int]] = field(default_factory=dict)
