"""calendars that schedules follow, and whose holidays a person has"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017_oncall_rest"
down_revision = "0012_destinations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.create_table(
        "calendar_imports",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("refresh_seconds", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_refresh_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("unread", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unread_count", sa.BigInteger(), nullable=False),
        sa.Column("temporary_id", sa.UUID(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("calendar_imports_created_by_fkey")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("calendar_imports_schedule_id_fkey")),
        sa.PrimaryKeyConstraint("schedule_id", name=op.f("calendar_imports_pkey")),
    )
    op.create_index("calendar_imports_due_idx", "calendar_imports", ["next_refresh_at", "schedule_id"])
    op.create_index(
        "calendar_imports_failing_idx",
        "calendar_imports",
        ["failing_since", "schedule_id"],
        postgresql_where=sa.text("failing_since IS NOT NULL"),
    )
    op.add_column("users", sa.Column("holiday_region", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "holiday_region")
    op.drop_table("calendar_imports")
