"""alert rules: the incident of a group that was resolved last, kinds of alerts"""

import sqlalchemy as sa
from alembic import op

revision = "0021_alert_rules"
down_revision = "0022_sealed_secrets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("alerts", sa.Column("kind_key", sa.Text(), nullable=True), if_not_exists=True)
    # Outside of the transaction: the indexes are made while incidents and alerts go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "incidents_resolved_idx",
            "incidents",
            ["service_id", "group_key", sa.text("resolved_at DESC")],
            postgresql_where=sa.text("status = 'resolved'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "alerts_kinds_idx",
            "alerts",
            ["incident_id", "kind_key"],
            postgresql_where=sa.text("kind_key IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("alerts_kinds_idx", table_name="alerts")
    op.drop_column("alerts", "kind_key")
    op.drop_index("incidents_resolved_idx", table_name="incidents")
