"""calendar feeds, and what answers about on call look up"""

import sqlalchemy as sa
from alembic import op

revision = "0004_calendar_feeds"
down_revision = "0009_watcher"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10s'")  # the indexes below may take longer: they hold nobody up
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(user_id, schedule_id) = 1", name=op.f("calendar_feeds_subject_check")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("calendar_feeds_owner_id_fkey")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("calendar_feeds_schedule_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("calendar_feeds_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("calendar_feeds_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("calendar_feeds_token_hash_key")),
        if_not_exists=True,  # the indexes below end its transaction
    )
    op.create_index(
        "calendar_feeds_owner_id_idx",
        "calendar_feeds",
        ["owner_id", "id"],
        postgresql_where=sa.text("revoked_at IS NULL"),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():  # writers of these tables do not wait
        op.create_index(
            "notifications_user_id_idx",
            "notifications",
            ["user_id", "created_at"],
            postgresql_where=sa.text("purpose = 'page'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "schedules_layers_idx",
            "schedules",
            ["layers"],
            postgresql_using="gin",
            postgresql_ops={"layers": "jsonb_path_ops"},
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "schedule_overrides_user_id_idx",
            "schedule_overrides",
            ["user_id", "ends_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("schedule_overrides_user_id_idx", table_name="schedule_overrides")
    op.drop_index("schedules_layers_idx", table_name="schedules")
    op.drop_index("notifications_user_id_idx", table_name="notifications")
    op.drop_table("calendar_feeds")
