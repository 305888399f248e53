"""when each person acknowledged an incident; versions of policies outlive them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_destinations"
down_revision = "0016_subscriptions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Of what was acknowledged before, and by processes of the version before, no times are known.
    op.add_column(
        "incidents",
        sa.Column(
            "acknowledgement_times",
            postgresql.ARRAY(sa.DateTime(timezone=True)),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.drop_constraint("policy_versions_policy_id_fkey", "policy_versions", type_="foreignkey")


def downgrade() -> None:
    op.execute("DELETE FROM policy_versions v WHERE NOT EXISTS (SELECT FROM policies p WHERE p.id = v.policy_id)")
    op.create_foreign_key("policy_versions_policy_id_fkey", "policy_versions", "policies", ["policy_id"], ["id"])
    op.drop_column("incidents", "acknowledgement_times")
