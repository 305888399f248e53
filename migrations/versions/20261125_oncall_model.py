"""overrides that add or remove, temporary schedules, shadows"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_oncall_model"
down_revision = "0005_covers"
branch_labels = None
depends_on = None

_NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"
_REPLACED = f"coalesce(replaces_user_id, {_NOBODY})"
_PARTS = ("temporary", "shadow")
_MATTER = "(CASE kind WHEN 'add' THEN 1 ELSE 0 END)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.add_column("schedule_overrides", sa.Column("kind", sa.Text(), server_default="replace", nullable=False))
    # Overrides are a few thousand rows at the most: to look through them once takes no time that anybody notices.
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        "ALTER TABLE schedule_overrides ADD CONSTRAINT schedule_overrides_kind_check CHECK "
        "(kind = 'replace' OR (kind IN ('add', 'remove') AND replaces_user_id IS NULL))"
    )
    # The old one refuses two additions at once; whatever the version before writes, the new one holds it to the same.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE schedule_overrides DROP CONSTRAINT schedule_overrides_overlap_excl"
    )
    _refuse_overlaps(f"{_MATTER} WITH =, (CASE kind WHEN 'replace' THEN {_REPLACED} ELSE user_id END)")
    op.create_table(
        "schedule_temporaries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shifts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("schedule_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="schedule_temporaries_overlap_excl",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("schedule_temporaries_interval_check")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("schedule_temporaries_schedule_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("schedule_temporaries_pkey")),
    )
    op.create_index(
        "schedule_temporaries_schedule_id_idx", "schedule_temporaries", ["schedule_id", "ends_at"], unique=False
    )
    op.create_index(
        "schedule_temporaries_shifts_idx",
        "schedule_temporaries",
        ["shifts"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"shifts": "jsonb_path_ops"},
    )
    # A row for each edit that ever was of configuration: to index them holds up nobody.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX schedule_versions_changes_idx ON schedule_versions (effective_at) WHERE replaced_at IS NULL"
    )
    op.create_table(
        "schedule_shadows",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("follows_user_id", sa.UUID(), nullable=True),
        sa.Column("layer", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("schedule_shadows_interval_check")),
        sa.CheckConstraint("num_nonnulls(follows_user_id, layer) = 1", name=op.f("schedule_shadows_follows_check")),
        sa.ForeignKeyConstraint(["follows_user_id"], ["users.id"], name=op.f("schedule_shadows_follows_user_id_fkey")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("schedule_shadows_schedule_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("schedule_shadows_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("schedule_shadows_pkey")),
    )
    op.create_index("schedule_shadows_schedule_id_idx", "schedule_shadows", ["schedule_id", "ends_at"], unique=False)
    for part in _PARTS:
        _create_versions(part)


def downgrade() -> None:
    for part in _PARTS:
        op.drop_index(f"schedule_{part}_versions_interval_idx", table_name=f"schedule_{part}_versions")
        op.drop_table(f"schedule_{part}_versions")
    op.drop_index("schedule_versions_changes_idx", table_name="schedule_versions")
    op.drop_table("schedule_shadows")
    op.drop_table("schedule_temporaries")
    op.drop_constraint("schedule_overrides_overlap_excl", "schedule_overrides")
    op.drop_constraint(op.f("schedule_overrides_kind_check"), "schedule_overrides")
    # The version before knows neither; kept, an addition would read as a stand-in for everyone.
    op.execute("DELETE FROM schedule_overrides WHERE kind <> 'replace'")
    op.drop_column("schedule_overrides", "kind")
    _refuse_overlaps(_REPLACED)


def _create_versions(part: str) -> None:
    """What was known of one kind of part and no longer is, as `schedule_override_versions` has it of overrides."""
    table = f"schedule_{part}_versions"
    op.create_table(
        table,
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column(f"{part}_id", sa.UUID(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("known_from < known_until", name=op.f(f"{table}_times_check")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f(f"{table}_schedule_id_fkey")),
        sa.PrimaryKeyConstraint(f"{part}_id", "known_from", name=op.f(f"{table}_pkey")),
    )
    op.create_index(
        f"{table}_interval_idx",
        table,
        ["schedule_id", sa.text("tstzrange(starts_at, ends_at)")],
        unique=False,
        postgresql_using="gist",
    )


def _refuse_overlaps(subject: str) -> None:
    """As SQL: alembic's own operation takes no expressions. PostgreSQL has no such constraint that is not valid yet."""
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        "ALTER TABLE schedule_overrides ADD CONSTRAINT schedule_overrides_overlap_excl EXCLUDE USING gist "
        f"(schedule_id WITH =, {subject} WITH =, tstzrange(starts_at, ends_at) WITH &&)"
    )
