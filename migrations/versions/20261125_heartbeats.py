"""heartbeats: what senders sign with, what they asked for, and that they fell silent; signs of life"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018_heartbeats"
down_revision = "0017_cover_overrides"
branch_labels = None
depends_on = None


def new_columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    """Made anew each time: a column belongs to the table that it was added to."""
    return {
        "integrations": (
            sa.Column("signing_secret_sealed", sa.LargeBinary(), nullable=True),
            sa.Column("previous_signing_secret_sealed", sa.LargeBinary(), nullable=True),
            sa.Column("previous_signing_secret_expires_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("when_silent", sa.Text(), nullable=False, server_default="keep"),
            sa.Column("topic_arns", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        ),
        "alerts": (
            sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
            sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        ),
    }


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column, if_not_exists=True)

    op.create_table(
        "alert_requests",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("alert_id", sa.UUID(), nullable=True),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="alert_requests_pkey"),
    )
    op.create_index("alert_requests_requested_at_idx", "alert_requests", ["requested_at"])
    op.create_index(
        "alert_requests_alias_idx",
        "alert_requests",
        ["integration_id", "alias", sa.text("id DESC")],
        postgresql_where=sa.text("alert_id IS NOT NULL"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("period_seconds", sa.BigInteger(), nullable=True),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("grace_seconds", sa.BigInteger(), nullable=False),
        sa.Column("is_post_only", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("last_ping_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name="heartbeats_integration_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="heartbeats_pkey"),
        sa.UniqueConstraint("key_hash", name="heartbeats_key_hash_key"),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.01,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_index("heartbeats_integration_id_idx", "heartbeats", ["integration_id"])
    op.create_index("heartbeats_name_idx", "heartbeats", ["name", "id"])
    op.create_index(
        "heartbeats_due_idx",
        "heartbeats",
        ["next_deadline", "id"],
        postgresql_where=sa.text("next_deadline IS NOT NULL"),
    )
    # Outside of the transaction: the index is made while alerts go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "alerts_due_idx",
            "alerts",
            ["next_deadline", "id"],
            postgresql_where=sa.text("next_deadline IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("alerts_due_idx", table_name="alerts")
    op.drop_table("heartbeats")
    op.drop_table("alert_requests")
    for table, columns in new_columns().items():
        for column in columns:
            op.drop_column(table, column.name)
