"""contacts: what their messages are signed with"""

import sqlalchemy as sa
from alembic import op

revision = "0006_contacts"
down_revision = "0001_first_schema"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '2s'")
    op.execute("SET statement_timeout = '30s'")
    op.create_table(
        "contact_secrets",
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("contact_secrets_contact_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("contact_secrets_pkey")),
    )


def downgrade() -> None:
    op.drop_table("contact_secrets")
