"""calendars that are a layer of the schedules that follow them"""

import sqlalchemy as sa
from alembic import op

revision = "0027_calendar_layers"
down_revision = "0023_dependencies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.add_column(
        "schedule_temporaries", sa.Column("is_layer", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column(
        "calendar_imports", sa.Column("as_layer", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def downgrade() -> None:
    op.drop_column("calendar_imports", "as_layer")
    op.drop_column("schedule_temporaries", "is_layer")
