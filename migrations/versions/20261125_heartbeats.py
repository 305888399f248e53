"""heartbeats: what senders sign with"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018_heartbeats"
down_revision = "0002_oncall_model"
branch_labels = None
depends_on = None


def new_columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    """Made anew each time: a column belongs to the table that it was added to."""
    return {
        "integrations": (
            sa.Column("signing_secret_sealed", sa.LargeBinary(), nullable=True),
            sa.Column("previous_signing_secret_sealed", sa.LargeBinary(), nullable=True),
            sa.Column("previous_signing_secret_expires_at", sa.DateTime(timezone=True), nullable=True),
        ),
    }


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column, if_not_exists=True)


def downgrade() -> None:
    for table, columns in new_columns().items():
        for column in columns:
            op.drop_column(table, column.name)
