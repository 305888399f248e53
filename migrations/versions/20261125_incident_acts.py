"""incident acts: deadlines of incidents, several acknowledgements, responders; urgency by tier and support hours"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_incident_acts"
down_revision = "0003_schedule_history"
branch_labels = None
depends_on = None


def new_columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    """Made anew each time: a column belongs to the table that it was added to."""
    return {
        "incidents": (
            sa.Column("acknowledgements_required", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
            sa.Column("acknowledgements", postgresql.ARRAY(sa.UUID()), nullable=False, server_default=sa.text("'{}'")),
            sa.Column("acknowledgement_expires_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
            sa.Column("rises_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("policy_id", sa.UUID(), nullable=True),
            sa.Column("responders", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'")),
            sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        ),
        "services": (
            sa.Column("tier", sa.BigInteger(), nullable=True),
            sa.Column("support_hours", postgresql.JSONB(), nullable=True),
            sa.Column("acknowledgements_required", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        ),
    }


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column, if_not_exists=True)
    # Outside of the transaction: the index is made while incidents go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "incidents_due_idx",
            "incidents",
            ["next_deadline", "id"],
            postgresql_where=sa.text("next_deadline IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("incidents_due_idx", table_name="incidents")
    for table, columns in new_columns().items():
        for column in columns:
            op.drop_column(table, column.name)
