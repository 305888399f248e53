"""when each person acknowledged an incident"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_destinations"
down_revision = "0002_oncall_model"
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


def downgrade() -> None:
    op.drop_column("incidents", "acknowledgement_times")
