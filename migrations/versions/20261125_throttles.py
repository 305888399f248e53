"""throttles: how many messages a contact had lately, and what else waits for it"""

import sqlalchemy as sa
from alembic import op

revision = "0003_throttles"
down_revision = "0002_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_throttles",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("window_began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name="contact_throttles_pkey"),
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0},
    )
    op.create_index("contact_throttles_window_began_at_idx", "contact_throttles", ["window_began_at"])
    with op.get_context().autocommit_block():
        op.create_index(
            "notifications_waiting_idx",
            "notifications",
            ["user_id", "channel", "address", "next_deadline"],
            postgresql_where=sa.text("next_deadline IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("notifications_waiting_idx", table_name="notifications")
    op.drop_table("contact_throttles")
