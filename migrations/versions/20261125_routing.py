"""routing: rules with versions, what they decided on each event, what they dropped; what mutes an incident"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019_routing"
down_revision = "0017_oncall_rest"
branch_labels = None
depends_on = None

HOT = {
    "fillfactor": "70",
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_cost_delay": "0",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "rulebook",
        sa.Column("id", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id", name=op.f("rulebook_one_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("rulebook_pkey")),
        if_not_exists=True,  # the index at the end ends its transaction
    )
    op.create_table(
        "routings",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("integration_id", sa.UUID(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "owner_id = coalesce(integration_id, team_id, '00000000-0000-0000-0000-000000000000'::uuid)",
            name=op.f("routings_one_of_each_check"),
        ),
        sa.CheckConstraint(
            "integration_id IS NULL OR team_id IS NOT NULL", name=op.f("routings_integration_of_team_check")
        ),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("routings_integration_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("routings_team_id_fkey")),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("routings_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "routing_versions",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.UUID(), nullable=True),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["routings.owner_id"], name=op.f("routing_versions_owner_id_fkey")),
        sa.ForeignKeyConstraint(["saved_by"], ["users.id"], name=op.f("routing_versions_saved_by_fkey")),
        sa.PrimaryKeyConstraint("owner_id", "version", name=op.f("routing_versions_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "route_drops",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", "rule", name=op.f("route_drops_pkey")),
        postgresql_with=HOT,
        if_not_exists=True,
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("starts_at <= ends_at", name=op.f("silences_interval_check")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("silences_author_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("silences_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("silences_pkey")),
        if_not_exists=True,
    )
    op.create_index("silences_ends_at_idx", "silences", ["ends_at", "id"], if_not_exists=True)
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=True),
        sa.Column("service_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("burns_error_budget", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("maintenance_windows_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("maintenance_windows_pkey")),
        if_not_exists=True,
    )
    op.create_index("maintenance_windows_over_at_idx", "maintenance_windows", ["over_at", "id"], if_not_exists=True)
    op.create_table(
        "inhibitions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("equal", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("inhibitions_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("inhibitions_pkey")),
        if_not_exists=True,
    )
    op.create_index("inhibitions_name_idx", "inhibitions", ["name", "id"], if_not_exists=True)
    op.create_table(
        "inhibition_sources",
        sa.Column("inhibition_id", sa.UUID(), nullable=False),
        sa.Column("equal_key", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inhibition_id"],
            ["inhibitions.id"],
            name=op.f("inhibition_sources_inhibition_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("inhibition_id", "equal_key", "alert_id", name=op.f("inhibition_sources_pkey")),
        if_not_exists=True,
    )
    op.create_index("inhibition_sources_alert_id_idx", "inhibition_sources", ["alert_id"], if_not_exists=True)
    op.add_column("raw_events", sa.Column("verdicts", sa.JSON(), nullable=True), if_not_exists=True)
    op.add_column("alerts", sa.Column("event_id", sa.UUID(), nullable=True), if_not_exists=True)
    op.add_column("incidents", sa.Column("muted", postgresql.JSONB(), nullable=True), if_not_exists=True)
    # Outside of the transaction: the index is made while incidents go on being written.
    with op.get_context().autocommit_block():
        op.create_index(
            "incidents_muted_idx",
            "incidents",
            [sa.text("(muted ->> 'by')"), "id"],
            postgresql_where=sa.text("muted IS NOT NULL AND status = 'triggered'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("incidents_muted_idx", table_name="incidents")
    op.drop_column("incidents", "muted")
    op.drop_column("alerts", "event_id")
    op.drop_column("raw_events", "verdicts")
    op.drop_table("inhibition_sources")
    op.drop_table("inhibitions")
    op.drop_table("maintenance_windows")
    op.drop_table("silences")
    op.drop_table("route_drops")
    op.drop_table("routing_versions")
    op.drop_table("routings")
    op.drop_table("rulebook")
