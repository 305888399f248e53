"""letter headers: what was set aside keeps the headers by which it is read"""

import sqlalchemy as sa
from alembic import op

revision = "0029_letter_headers"
down_revision = "0028_window"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("dead_letters", sa.Column("headers", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("dead_letters", "headers")
