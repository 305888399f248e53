"""contact_proofs: when a contact was last tried, reached, refused and confirmed"""

import sqlalchemy as sa
from alembic import op

revision = "0009_watcher"
down_revision = "0008_incident_acts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_proofs",
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name="contact_proofs_contact_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name="contact_proofs_pkey"),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.01,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )


def downgrade() -> None:
    op.drop_table("contact_proofs")
