"""covers: by the overrides that accepting them made"""

import sqlalchemy as sa
from alembic import op

revision = "0017_cover_overrides"
down_revision = "0006_contacts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '2s'")
    op.execute("SET statement_timeout = '30s'")
    with op.get_context().autocommit_block():  # whoever answers a request does not wait
        op.create_index(
            "cover_requests_override_ids_idx",
            "cover_requests",
            ["override_ids"],
            postgresql_using="gin",
            postgresql_where=sa.text("status = 'accepted'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("cover_requests_override_ids_idx", table_name="cover_requests")
