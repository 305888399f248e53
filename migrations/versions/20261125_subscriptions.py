"""subscriptions, and events on their way to them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_subscriptions"
down_revision = "0002_oncall_model"
branch_labels = None
depends_on = None

_HOT = {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.create_table(
        "event_deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("lane_id", sa.UUID(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("may_be_repeat", sa.Boolean(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("event_deliveries_pkey")),
        postgresql_with=_HOT,
    )
    op.create_index(
        "event_deliveries_event_at_idx", "event_deliveries", ["subscription_id", "event_at", "id"], unique=False
    )
    op.create_index(
        "event_deliveries_status_idx",
        "event_deliveries",
        ["subscription_id", "status", "event_at", "id"],
        unique=False,
        postgresql_where=sa.text("status <> 'delivered'"),
    )
    op.create_index(
        "event_deliveries_waiting_idx",
        "event_deliveries",
        ["subscription_id", "lane_id", "transaction", "sequence"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("event_kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("subscriptions_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriptions_pkey")),
        sa.UniqueConstraint("name", name=op.f("subscriptions_name_key")),
    )
    op.create_table(
        "subscription_cursors",
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("subscription_cursors_subscription_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("subscription_cursors_pkey")),
        postgresql_with=_HOT,
    )
    op.create_table(
        "subscription_health",
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("subscription_health_subscription_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("subscription_health_pkey")),
        postgresql_with=_HOT,
    )
    op.create_table(
        "subscription_lanes",
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("lane_id", sa.UUID(), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("subscription_lanes_subscription_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "lane_id", name=op.f("subscription_lanes_pkey")),
        postgresql_with=_HOT,
    )
    op.create_index(
        "subscription_lanes_due_idx",
        "subscription_lanes",
        ["subscription_id", "next_deadline", "lane_id"],
        unique=False,
    )
    op.create_table(
        "subscription_secrets",
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("subscription_secrets_subscription_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "number", name=op.f("subscription_secrets_pkey")),
    )


def downgrade() -> None:
    op.drop_table("subscription_secrets")
    op.drop_index("subscription_lanes_due_idx", table_name="subscription_lanes")
    op.drop_table("subscription_lanes")
    op.drop_table("subscription_health")
    op.drop_table("subscription_cursors")
    op.drop_table("subscriptions")
    op.drop_index("event_deliveries_waiting_idx", table_name="event_deliveries")
    op.drop_index("event_deliveries_status_idx", table_name="event_deliveries")
    op.drop_index("event_deliveries_event_at_idx", table_name="event_deliveries")
    op.drop_table("event_deliveries")
