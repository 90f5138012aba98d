"""Background work: job registry, worker pool, sync manager and analysis planner, supervised.

Each actor is one task with one bounded inbox and private state. Reads never come here: live jobs
are read from immutable snapshots. See `actors.system` for the tree and its start and stop order.
"""

from actors.jobs.context import ActorPorts, JobContext
from actors.supervisor import ActorsFailedError
from actors.system import Actors, open_actors
from actors.watching import Frame, Watch

__all__ = [
    "ActorPorts",
    "Actors",
    "ActorsFailedError",
    "Frame",
    "JobContext",
    "Watch",
    "open_actors",
]
