"""mappings of integrations, what each integration was sent last, and who wants to know when nothing comes"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0020_mappings"
down_revision = "0018_heartbeats"
branch_labels = None
depends_on = None

_HOT = {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0}
# Those without a part of the new index: a try that was cut off may have made some.
_PARTITIONS = """
SELECT p.inhrelid::regclass::text FROM pg_inherits p WHERE p.inhparent = 'raw_events'::regclass AND NOT EXISTS (
  SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
  WHERE i.inhparent = 'raw_events_heard_idx'::regclass AND x.indrelid = p.inhrelid
) ORDER BY 1
"""


def upgrade() -> None:
    op.add_column("integrations", sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_table(
        "quiet_watches",
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("after_seconds", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_quiet", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("quiet_watches_integration_id_fkey")
        ),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("quiet_watches_pkey")),
        postgresql_with=_HOT,
    )
    op.create_index("quiet_watches_due_idx", "quiet_watches", ["next_deadline", "integration_id"], unique=False)
    with op.get_context().autocommit_block():  # intake does not wait
        op.create_index(
            "dead_letters_heard_idx",
            "dead_letters",
            ["integration_id", sa.literal_column("received_at DESC"), sa.literal_column("id DESC")],
            unique=False,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        # An index of a partitioned table cannot be made beside the traffic; those of its partitions can, one by one.
        op.execute(
            "-- squawk-ignore require-concurrent-index-creation\n"
            "CREATE INDEX IF NOT EXISTS raw_events_heard_idx ON ONLY raw_events"
            " (integration_id, received_at DESC, id DESC)"
        )
        for partition in () if context.is_offline_mode() else op.get_bind().execute(sa.text(_PARTITIONS)).scalars():
            index = f"{partition}_heard_idx"
            op.execute(f"DROP INDEX IF EXISTS {index}")  # never finished, so nothing is part of it
            op.execute(f"CREATE INDEX CONCURRENTLY {index} ON {partition} (integration_id, received_at DESC, id DESC)")
            op.execute(f"ALTER INDEX raw_events_heard_idx ATTACH PARTITION {index}")


def downgrade() -> None:
    op.drop_index("raw_events_heard_idx", table_name="raw_events")
    op.drop_index("dead_letters_heard_idx", table_name="dead_letters")
    op.drop_index("quiet_watches_due_idx", table_name="quiet_watches")
    op.drop_table("quiet_watches")
    op.drop_column("integrations", "mapping")
