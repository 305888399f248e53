"""headers: a raw event keeps those by which its body is read"""

import sqlalchemy as sa
from alembic import op

revision = "0028_headers"
down_revision = "0026_alert_ends"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("raw_events", sa.Column("headers", sa.JSON(), nullable=True), if_not_exists=True)


def downgrade() -> None:
    op.drop_column("raw_events", "headers")
