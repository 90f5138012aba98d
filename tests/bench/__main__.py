"""`python -m tests.bench NAME [options]`: measures, judges nothing.

NAME is sync, list, learning, analyze, model, apply, watchers, lag or ui. Each prints what it saw of
scenes/s, latencies, memory and event-loop lag, against the sample Stash or, where it takes
`--stash URL [--api-key KEY]`, a real one. `apply` writes to that Stash and puts everything back.
"""

from __future__ import annotations

import sys

from tests.bench import (
    lag,
    learning,
    list as list_bench,
    model,
    service,
    sync,
    ui,
    watchers,
    writing,
)


def main(argv: list[str]) -> int:
    """Run one bench."""
    benches = {
        "sync": sync.run,
        "list": list_bench.run,
        "learning": learning.run,
        "analyze": service.run_analyze,
        "model": model.run,
        "apply": writing.run,
        "watchers": watchers.run,
        "lag": lag.run,
        "ui": ui.run,
    }
    if not argv or argv[0] not in benches:
        print(__doc__)
        return 2
    return benches[argv[0]](argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
