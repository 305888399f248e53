"""storms: how much one integration may send, and how many alerts it may have open"""

import sqlalchemy as sa
from alembic import op

revision = "0020_storms"
down_revision = "0020_mappings"
branch_labels = None
depends_on = None

_LIMITS = ("events_per_minute", "event_burst", "open_alerts")


def upgrade() -> None:
    for name in _LIMITS:
        op.add_column("integrations", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in reversed(_LIMITS):
        op.drop_column("integrations", name)
