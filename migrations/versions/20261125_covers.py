"""requests for cover, and time off"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_covers"
down_revision = "0004_calendar_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("user_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="absences_overlap_excl",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("absences_interval_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("absences_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("absences_pkey")),
    )
    op.create_index("absences_ends_at_idx", "absences", ["ends_at", "id"], unique=False)
    op.create_index("absences_user_id_idx", "absences", ["user_id", "ends_at", "id"], unique=False)
    op.create_table(
        "cover_requests",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_of", sa.ARRAY(sa.UUID()), nullable=False),
        sa.Column("offers_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offers_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("absence_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("declined_by", sa.ARRAY(sa.UUID()), nullable=False),
        sa.Column("accepted_by", sa.UUID(), nullable=True),
        sa.Column("override_ids", sa.ARRAY(sa.UUID()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("is_open = (status = 'open')", name=op.f("cover_requests_is_open_check")),
        sa.CheckConstraint(
            "is_open = (next_deadline IS NOT NULL)", name=op.f("cover_requests_deadline_while_open_check")
        ),
        sa.CheckConstraint("offers_from < offers_until", name=op.f("cover_requests_offers_check")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("cover_requests_interval_check")),
        sa.ForeignKeyConstraint(["accepted_by"], ["users.id"], name=op.f("cover_requests_accepted_by_fkey")),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("cover_requests_requested_by_fkey")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("cover_requests_schedule_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("cover_requests_team_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("cover_requests_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("cover_requests_pkey")),
    )
    op.create_index(
        "cover_requests_absence_id_idx",
        "cover_requests",
        ["absence_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "cover_requests_due_idx",
        "cover_requests",
        ["next_deadline", "id"],
        unique=False,
        postgresql_where=sa.text("next_deadline IS NOT NULL"),
    )
    op.create_index(
        "cover_requests_open_idx",
        "cover_requests",
        [sa.literal_column("is_open DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "cover_requests_schedule_id_idx",
        "cover_requests",
        ["schedule_id", sa.literal_column("is_open DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "cover_requests_team_id_idx",
        "cover_requests",
        ["team_id", sa.literal_column("is_open DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "cover_request_people",
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["cover_requests.id"], name=op.f("cover_request_people_request_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("cover_request_people_user_id_fkey")),
        sa.PrimaryKeyConstraint("request_id", "user_id", name=op.f("cover_request_people_pkey")),
    )
    op.create_index(
        "cover_request_people_user_id_idx",
        "cover_request_people",
        ["user_id", sa.literal_column("is_open DESC"), sa.literal_column("request_id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("cover_request_people_user_id_idx", table_name="cover_request_people")
    op.drop_table("cover_request_people")
    op.drop_index("cover_requests_team_id_idx", table_name="cover_requests")
    op.drop_index("cover_requests_schedule_id_idx", table_name="cover_requests")
    op.drop_index("cover_requests_open_idx", table_name="cover_requests")
    op.drop_index(
        "cover_requests_due_idx", table_name="cover_requests", postgresql_where=sa.text("next_deadline IS NOT NULL")
    )
    op.drop_index("cover_requests_absence_id_idx", table_name="cover_requests", postgresql_where=sa.text("is_open"))
    op.drop_table("cover_requests")
    op.drop_index("absences_user_id_idx", table_name="absences")
    op.drop_index("absences_ends_at_idx", table_name="absences")
    op.drop_table("absences")
