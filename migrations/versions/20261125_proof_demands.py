"""what a team demands of its policies before they are saved"""

import sqlalchemy as sa
from alembic import op

revision = "0010_proof_demands"
down_revision = "0016_subscriptions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("teams", sa.Column("proof_weeks", sa.Integer(), server_default=sa.text("4"), nullable=False))
    op.add_column(
        "teams", sa.Column("proof_within_seconds", sa.Integer(), server_default=sa.text("1800"), nullable=False)
    )
    op.add_column("teams", sa.Column("proof_refuses", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    for column in ("proof_refuses", "proof_within_seconds", "proof_weeks"):
        op.drop_column("teams", column)
