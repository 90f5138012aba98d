"""`python -m tests.reliability NAME [--count N] [--seed S] [--stash URL [--api-key KEY]]`.

Runs one trial and prints what was checked and measured as JSON; exits 1 where a promise broke.
Without a name, lists the trials.
"""

from __future__ import annotations

import argparse
import random
import sys
from importlib import import_module

from tests.reliability.trial import Trial

TRIALS = {
    "cancels": "cancel jobs at random moments: at work, queued, hanging, twice",
    "clocks": "move the wall clock by hours and years while schedules are on, with kills between",
    "colleague": "apply while somebody edits the same scenes, also between read and write",
    "connections": "all kinds of connections, idle ones, and more than there are descriptors for",
    "converge": "random histories of Stash, synced in between, end in an equal copy",
    "damage": "a library full of damage: what a sync makes of it",
    "disk": "a full disk at random moments of each kind of job",
    "flaky": "apply over a Stash that fails one call in five, some after executing them",
    "fuzz": "Schemathesis over every operation, with some examples of each",
    "histories": "histories of jobs in memory: submits, cancels, ends, crashes, restarts, kills",
    "kills": "SIGKILL at random moments of sync, analysis, decisions, apply and undo",
    "migrations": "SIGKILL and a full disk while a database is brought to the next schema",
    "outages": "Stash away, locked, moved behind a login, in migration, asking to wait",
    "points": "cancel an apply and an undo at each of their awaits",
    "pool": "cancels, crashing and endless jobs without number, and whether the pool stays whole",
    "power": "power cuts, played back from what a whole story wrote and synced",
    "stops": "SIGTERM and SIGINT in each kind of job, with clients that do not let go",
    "undoing": "undo while part of it was edited since, killed again and again",
    "watchers": "WebSocket clients of every kind on one job: quick, slow, deaf, dead, flooding",
}
"""Each is a module of this package."""


def main(arguments: list[str]) -> int:
    """Run what was asked for; returns the exit code."""
    listing = "\n".join(f"  {name:<12} {what}" for name, what in TRIALS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.reliability",
        description=f"{__doc__}\n\ntrials:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=TRIALS, metavar="NAME")
    parser.add_argument("--count", type=int, help="how often; each trial has its own usual count")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--stash", metavar="URL", help="a real Stash in place of the sample one")
    parser.add_argument("--api-key", metavar="KEY")
    given = parser.parse_args(arguments)
    if given.name is None:
        parser.print_help()
        return 2
    module = import_module(f"tests.reliability.{given.name}")
    count = module.USUAL if given.count is None else given.count
    trial = Trial(given.name, count, given.seed, given.stash, given.api_key)
    print(f"{trial.name}: count {trial.count}, seed {trial.seed}", flush=True)
    module.run(trial)
    print(trial.report())
    return 1 if trial.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
