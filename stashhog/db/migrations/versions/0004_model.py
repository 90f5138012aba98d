"""What a language model was asked and what it cost.

`model_calls` are those on their way, with the most that they can cost; when one ends it moves into
the sums of its job and its day. `counted_*` is what caps are held against.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE model_answers (
        key TEXT PRIMARY KEY,
        answer TEXT NOT NULL,
        model TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE model_calls (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL,
        plan_id INTEGER NOT NULL,
        day TEXT NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        usd REAL
    ) STRICT
    """,
    """
    CREATE TABLE model_spending (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        requests INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        usd REAL,
        counted_tokens INTEGER NOT NULL,
        counted_usd REAL NOT NULL,
        PRIMARY KEY (scope, name)
    ) STRICT, WITHOUT ROWID
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
