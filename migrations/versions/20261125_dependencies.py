"""dependencies: which services need which others"""

import sqlalchemy as sa
from alembic import op

revision = "0023_dependencies"
down_revision = "0021_alert_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "service_dependencies",
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("upstream_id", sa.UUID(), nullable=False),
        sa.Column("least_severity", sa.Text(), nullable=False),
        sa.Column("mutes", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("service_dependencies_service_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["upstream_id"], ["services.id"], name=op.f("service_dependencies_upstream_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service_id", "upstream_id", name=op.f("service_dependencies_pkey")),
    )
    op.create_index("service_dependencies_upstream_id_idx", "service_dependencies", ["upstream_id"])


def downgrade() -> None:
    op.drop_table("service_dependencies")
