"""What calls to a model cost is counted in whole billionths of a dollar.

Sums of fractions drift: a call that just fits under a cap was refused, or one that does not went
out. The sum of a job's or day's `usd` as it is shown was never read; jobs and plans have their own.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE model_calls ADD COLUMN amount INTEGER",
    "UPDATE model_calls SET amount = CAST(round(usd * 1e9) AS INTEGER)",
    "ALTER TABLE model_calls DROP COLUMN usd",
    "ALTER TABLE model_spending ADD COLUMN counted_amount INTEGER NOT NULL DEFAULT 0",
    "UPDATE model_spending SET counted_amount = CAST(round(counted_usd * 1e9) AS INTEGER)",
    "ALTER TABLE model_spending DROP COLUMN counted_usd",
    "ALTER TABLE model_spending DROP COLUMN usd",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
