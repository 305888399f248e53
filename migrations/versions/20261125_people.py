"""people: which destinations take messages, and which notices of their shifts people want"""

import sqlalchemy as sa
from alembic import op

revision = "0024_people"
down_revision = "0019_routing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.create_table(
        "destination_proofs",
        sa.Column("destination_id", sa.UUID(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name=op.f("destination_proofs_destination_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("destination_id", name=op.f("destination_proofs_pkey")),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.01,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_table(
        "user_shift_wishes",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("ahead", sa.Boolean(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("user_shift_wishes_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("user_shift_wishes_pkey")),
    )


def downgrade() -> None:
    op.drop_table("user_shift_wishes")
    op.drop_table("destination_proofs")
