"""traces: the one that an incident began with, for whatever is sent because of it"""

import sqlalchemy as sa
from alembic import op

revision = "0025_traces"
down_revision = "0024_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("incidents", sa.Column("trace", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_column("incidents", "trace")
