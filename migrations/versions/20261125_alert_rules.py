"""alert rules: the incident of a group that was resolved last"""

import sqlalchemy as sa
from alembic import op

revision = "0021_alert_rules"
down_revision = "0019_routing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Outside of the transaction: the index is made while incidents go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "incidents_resolved_idx",
            "incidents",
            ["service_id", "group_key", sa.text("resolved_at DESC")],
            postgresql_where=sa.text("status = 'resolved'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("incidents_resolved_idx", table_name="incidents")
