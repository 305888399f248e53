"""destinations, which policies tell beside people; when each person acknowledged; versions outlive their policies"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_destinations"
down_revision = "0020_storms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Of what was acknowledged before, and by processes of the version before, no times are known.
    op.add_column(
        "incidents",
        sa.Column(
            "acknowledgement_times",
            postgresql.ARRAY(sa.DateTime(timezone=True)),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    # The version before deletes no policy, so that nothing of it relied on the guarantee.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE policy_versions DROP CONSTRAINT policy_versions_policy_id_fkey"
    )
    op.create_table(
        "destinations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("destinations_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("destinations_pkey")),
        sa.UniqueConstraint("name", name=op.f("destinations_name_key")),
    )
    op.create_index("destinations_team_id_idx", "destinations", ["team_id"])
    op.create_index("destinations_name_idx", "destinations", ["name", "id"])
    op.create_table(
        "destination_secrets",
        sa.Column("destination_id", sa.UUID(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name=op.f("destination_secrets_destination_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("destination_id", name=op.f("destination_secrets_pkey")),
    )
    op.add_column("notifications", sa.Column("destination_id", sa.UUID(), nullable=True))
    op.alter_column("notifications", "user_id", nullable=True)
    # Not valid at first, so that nobody waits while the rows are looked at.
    op.execute(
        "ALTER TABLE notifications ADD CONSTRAINT notifications_recipient_check"
        " CHECK (num_nonnulls(user_id, destination_id) = 1) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE notifications VALIDATE CONSTRAINT notifications_recipient_check")
        op.create_index(
            "notifications_destination_page_key",
            "notifications",
            ["run_id", "round", "step", "destination_id"],
            unique=True,
            postgresql_where=sa.text("purpose = 'page' AND destination_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "notifications_destination_waiting_idx",
            "notifications",
            ["destination_id", "next_deadline"],
            postgresql_where=sa.text("next_deadline IS NOT NULL AND destination_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.execute("DELETE FROM notifications WHERE user_id IS NULL")
    op.drop_index("notifications_destination_waiting_idx", table_name="notifications")
    op.drop_index("notifications_destination_page_key", table_name="notifications")
    op.drop_constraint(op.f("notifications_recipient_check"), "notifications", type_="check")
    op.drop_column("notifications", "destination_id")
    op.alter_column("notifications", "user_id", nullable=False)
    op.drop_table("destination_secrets")
    op.drop_table("destinations")
    op.execute("DELETE FROM policy_versions v WHERE NOT EXISTS (SELECT FROM policies p WHERE p.id = v.policy_id)")
    op.create_foreign_key("policy_versions_policy_id_fkey", "policy_versions", "policies", ["policy_id"], ["id"])
    op.drop_column("incidents", "acknowledgement_times")
