"""What telling a changed scene from an unchanged one needs.

A scene's files (a print, and the last of their times), the texts of times as an index, the job that
counted a scene last, and the scenes that Stash has and nobody could read.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE scenes ADD COLUMN files_text TEXT",
    "ALTER TABLE scenes ADD COLUMN files_print TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE scenes ADD COLUMN counted INTEGER",
    "ALTER TABLE scenes ADD COLUMN counted_as TEXT",
    "CREATE INDEX scenes_updated_at_text ON scenes (deleted_at, updated_at_text)",
    "CREATE INDEX scenes_files_text ON scenes (deleted_at, files_text)",
    """
    CREATE TABLE unreadable_scenes (
        id INTEGER PRIMARY KEY, reason TEXT NOT NULL, since TEXT NOT NULL
    ) STRICT
    """,
    """
    DELETE FROM sync_failures WHERE id NOT IN
        (SELECT min(id) FROM sync_failures GROUP BY job_n, kind, item, reason)
    """,
    "DROP INDEX sync_failures_job",
    "CREATE UNIQUE INDEX sync_failures_job ON sync_failures (job_n, kind, item, reason)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
