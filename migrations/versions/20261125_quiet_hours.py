"""quiet hours: when a user is left alone with what can wait"""

import sqlalchemy as sa
from alembic import op

revision = "0004_quiet_hours"
down_revision = "0003_throttles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_quiet_hours",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="user_quiet_hours_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="user_quiet_hours_user_id_fkey"),
    )


def downgrade() -> None:
    op.drop_table("user_quiet_hours")
