"""windows of groups: for how long an incident takes further alerts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028_window"
down_revision = "0028_headers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("integrations", sa.Column("group_window", postgresql.JSONB(), nullable=True))
    op.add_column("incidents", sa.Column("group_window", postgresql.JSONB(), nullable=True))
    op.add_column("incidents", sa.Column("joins_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("followed_by", sa.UUID(), nullable=True))


def downgrade() -> None:
    op.drop_column("incidents", "followed_by")
    op.drop_column("incidents", "joins_until")
    op.drop_column("incidents", "group_window")
    op.drop_column("integrations", "group_window")
