"""alert ends: by silence where a rule says so, and when a flapping one has been quiet"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026_alert_ends"
down_revision = "0027_calendar_layers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column(
        "alerts",
        sa.Column("ends_by_silence", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "alerts", sa.Column("turns", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=True), if_not_exists=True
    )
    op.add_column("alerts", sa.Column("settles_in", sa.Interval(), nullable=True), if_not_exists=True)
    # Outside of the transaction: the index is made while alerts go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "alerts_turns_idx",
            "alerts",
            ["integration_id", "dedup_key", sa.text("first_seen_at DESC")],
            postgresql_where=sa.text("turns IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("alerts_turns_idx", table_name="alerts")
    op.drop_column("alerts", "settles_in")
    op.drop_column("alerts", "turns")
    op.drop_column("alerts", "ends_by_silence")
