"""secrets: columns for those that messages are signed with, sealed under the server's own

What lies clear stays readable, and is sealed by a worker: the key is not here. A later version takes the clear columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022_sealed_secrets"
down_revision = "0025_traces"
branch_labels = None
depends_on = None

OVERLAPPING = ("contact_secrets", "destination_secrets")  # the one before is kept in the same row


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in ("subscription_secrets", *OVERLAPPING):
        op.add_column(table, sa.Column("secret_sealed", sa.LargeBinary(), nullable=True))
        op.alter_column(table, "secret", existing_type=sa.Text(), nullable=True)
    for table in OVERLAPPING:
        op.add_column(table, sa.Column("old_secret_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """What is sealed cannot be read by the version before, and is left out: such secrets have to be made again."""
    for table in OVERLAPPING:
        op.drop_column(table, "old_secret_sealed")
    for table in ("subscription_secrets", *OVERLAPPING):
        op.execute(f"DELETE FROM {table} WHERE secret IS NULL")  # noqa: S608
        op.alter_column(table, "secret", existing_type=sa.Text(), nullable=False)
        op.drop_column(table, "secret_sealed")
