"""A sample Stash: its state, its faults and its ASGI application."""

from __future__ import annotations

from collections import deque

from stashhog.demo.backend import Asked, Backend
from stashhog.demo.faults import Faults
from stashhog.demo.jobs import Jobs
from stashhog.demo.library import SampleLibrary, generate_library
from stashhog.demo.loading import load
from stashhog.demo.options import StashOptions
from stashhog.demo.server import App, build_app
from stashhog.demo.state import StashState


class SampleStash:
    """A Stash of our own, without a transport: `serve_sample_stash` gives it one.

    Args:
        library: What it begins with; None: the sample of 500 scenes.
        options: How it behaves; None: as an open v0.30.1 in UTC.
        seed: Where the chance of its faults begins.

    Attributes:
        state: Its rows, to be read and changed at will between requests.
        faults: What goes wrong, on purpose.
    """

    def __init__(
        self,
        library: SampleLibrary | None = None,
        options: StashOptions | None = None,
        *,
        seed: int = 0,
    ) -> None:
        self.options = options or StashOptions()
        self.state = StashState(
            clock=self.options.now, zone=self.options.tzinfo, release=self.options.release
        )
        load(generate_library() if library is None else library, self.state)
        self.faults = Faults(seed)
        self.jobs = Jobs(self.state, self.options.scan_seconds)
        self.backend = Backend(self.options, self.state, self.jobs, self.faults)

    @property
    def asked(self) -> deque[Asked]:
        """The requests that came in, oldest first."""
        return self.backend.asked

    def app(self) -> App:
        """The ASGI application."""
        return build_app(self.backend)
