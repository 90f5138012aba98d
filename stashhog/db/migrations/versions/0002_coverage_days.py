"""How complete the library was, day by day."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE coverage_days (
            day TEXT PRIMARY KEY,
            scenes INTEGER NOT NULL,
            organized INTEGER NOT NULL,
            analyzed INTEGER NOT NULL,
            studio INTEGER NOT NULL,
            performers INTEGER NOT NULL,
            tags INTEGER NOT NULL,
            title INTEGER NOT NULL,
            date INTEGER NOT NULL,
            details INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """
    )
