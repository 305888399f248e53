"""schedule history

Expand and backfill; nothing has to be contracted. The version before ignores the new tables and columns, and what it
writes meanwhile is read as if it had always been so.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_schedule_history"
down_revision = "0007_escalation"
branch_labels = None
depends_on = None

# What was there before history was kept has always been so, as far as anyone can say.
_THE_BEGINNING = "'1900-01-01 00:00:00+00'::timestamptz"

_FIRST_VERSIONS = f"""
INSERT INTO schedule_versions (schedule_id, version, effective_at, known_at, body)
SELECT id, version, {_THE_BEGINNING}, {_THE_BEGINNING}, jsonb_build_object(
    'id', id, 'team_id', team_id, 'name', name, 'time_zone', time_zone, 'layers', layers, 'overrides', '[]'::jsonb,
    'version', version)
FROM schedules
"""  # noqa: S608  # nothing but the constant above is put into the text


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column(
        "schedules",
        sa.Column(
            "effective_at",
            sa.DateTime(timezone=True),
            server_default=sa.text(_THE_BEGINNING),
            nullable=False,
        ),
    )
    # First the constant, which rewrites no row: what is there already has always been known.
    op.add_column(
        "schedule_overrides",
        sa.Column(
            "known_from",
            sa.DateTime(timezone=True),
            server_default=sa.text(_THE_BEGINNING),
            nullable=False,
        ),
    )
    op.alter_column("schedule_overrides", "known_from", server_default=sa.text("now()"))
    op.create_table(
        "schedule_versions",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("known_at <= effective_at", name=op.f("schedule_versions_times_check")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("schedule_versions_schedule_id_fkey")),
        sa.PrimaryKeyConstraint("schedule_id", "version", name=op.f("schedule_versions_pkey")),
    )
    op.create_index(
        "schedule_versions_effective_at_idx", "schedule_versions", ["schedule_id", "effective_at"], unique=False
    )
    op.create_table(
        "schedule_override_versions",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("override_id", sa.UUID(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("known_from < known_until", name=op.f("schedule_override_versions_times_check")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("schedule_override_versions_schedule_id_fkey")
        ),
        sa.PrimaryKeyConstraint("override_id", "known_from", name=op.f("schedule_override_versions_pkey")),
    )
    op.create_index(
        "schedule_override_versions_interval_idx",
        "schedule_override_versions",
        ["schedule_id", sa.text("tstzrange(starts_at, ends_at)")],
        unique=False,
        postgresql_using="gist",
    )
    op.execute(_FIRST_VERSIONS)


def downgrade() -> None:
    op.drop_index("schedule_override_versions_interval_idx", table_name="schedule_override_versions")
    op.drop_table("schedule_override_versions")
    op.drop_index("schedule_versions_effective_at_idx", table_name="schedule_versions")
    op.drop_table("schedule_versions")
    op.drop_column("schedule_overrides", "known_from")
    op.drop_column("schedules", "effective_at")
