"""notices: messages to people that are about no incident"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_notices"
down_revision = "0001_first_schema"
branch_labels = None
depends_on = None

_CHECK = "notifications_notice_or_incident_check"


def upgrade() -> None:
    for table in ("delivery_attempts", "mailbox_messages", "notifications"):
        op.alter_column(table, "incident_id", existing_type=sa.UUID(), nullable=True)
    op.add_column("notifications", sa.Column("notice", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("notifications", sa.Column("notice_key", sa.Text(), nullable=True))
    # Not valid at first: the check of the rows that are there must not hold up couriers.
    op.execute(
        f"ALTER TABLE notifications ADD CONSTRAINT {_CHECK} CHECK ("
        "(purpose = 'notice') = (notice IS NOT NULL) AND (purpose = 'notice') = (incident_id IS NULL)"
        " AND (purpose = 'notice') = (notice_key IS NOT NULL)) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE notifications VALIDATE CONSTRAINT {_CHECK}")
        op.create_index(
            "notifications_notice_key",
            "notifications",
            ["user_id", "notice_key", "channel", "address"],
            unique=True,
            postgresql_where=sa.text("purpose = 'notice'"),
            postgresql_concurrently=True,
            if_not_exists=True,  # outside of the transaction: a second try finds what the first one made
        )


def downgrade() -> None:
    op.execute("DELETE FROM delivery_attempts WHERE incident_id IS NULL")
    op.execute("DELETE FROM mailbox_messages WHERE incident_id IS NULL")
    op.execute("DELETE FROM notifications WHERE purpose = 'notice'")
    op.drop_index("notifications_notice_key", table_name="notifications")
    op.drop_constraint(_CHECK, "notifications")
    op.drop_column("notifications", "notice_key")
    op.drop_column("notifications", "notice")
    for table in ("delivery_attempts", "mailbox_messages", "notifications"):
        op.alter_column(table, "incident_id", existing_type=sa.UUID(), nullable=False)
