"""Background work: job registry, worker pool, sync manager and analysis planner, supervised.

Each actor is one task with one bounded inbox and private state. Reads never come here: live jobs
are read from immutable snapshots. See `actors.system` for the tree and its start and stop order.
"""
