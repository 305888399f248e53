"""contacts: what their messages are signed with, and how they are verified"""

import sqlalchemy as sa
from alembic import op

revision = "0006_contacts"
down_revision = "0010_proof_demands"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10s'")  # the index below may take longer: it holds nobody up
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
        if_not_exists=True,  # the index below ends its transaction
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
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():  # writers of contacts do not wait
        op.create_index(
            "contacts_text_idx",
            "contacts",
            ["address"],
            postgresql_where=sa.text("channel = 'sms'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index("contacts_text_idx", table_name="contacts")
    op.drop_table("contact_verifications")
    op.drop_table("contact_secrets")
