"""contacts: what their messages are signed with, and how they are verified"""

import sqlalchemy as sa
from alembic import op

revision = "0006_contacts"
down_revision = "0010_proof_demands"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '2s'")
    op.execute("SET statement_timeout = '30s'")
    # Contacts are some ten thousand at most: no need to build it beside the writes
    op.create_index(
        "contacts_text_idx", "contacts", ["address"], unique=False, postgresql_where=sa.text("channel = 'sms'")
    )
    op.create_table(
        "contact_secrets",
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("contact_secrets_contact_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("contact_secrets_pkey")),
    )
    op.create_table(
        "contact_verifications",
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("codes_sent", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("contact_verifications_contact_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("contact_verifications_pkey")),
    )


def downgrade() -> None:
    op.drop_table("contact_verifications")
    op.drop_table("contact_secrets")
    op.drop_index("contacts_text_idx", table_name="contacts")
