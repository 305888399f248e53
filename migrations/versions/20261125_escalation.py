"""escalation: turns, last resorts, each target of a step once, and the first alert of an incident"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_escalation"
down_revision = "0004_quiet_hours"
branch_labels = None
depends_on = None

HOT = {
    "fillfactor": "70",
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_cost_delay": "0",
}

# Whoever a step named twice was told once; from now on naming twice is refused, so the second time goes.
EACH_TARGET_ONCE = """
UPDATE policy_versions SET body = jsonb_set(body, '{steps}', (
  SELECT jsonb_agg(jsonb_set(s.step, '{targets}', (
    SELECT jsonb_agg(t.target ORDER BY t.place) FROM (
      SELECT DISTINCT ON (e.target) e.target, e.place
      FROM jsonb_array_elements(s.step -> 'targets') WITH ORDINALITY AS e (target, place) ORDER BY e.target, e.place
    ) AS t
  )) ORDER BY s.number)
  FROM jsonb_array_elements(body -> 'steps') WITH ORDINALITY AS s (step, number)
))
WHERE EXISTS (
  SELECT FROM jsonb_array_elements(body -> 'steps') AS s (step)
  WHERE jsonb_array_length(s.step -> 'targets')
    > (SELECT count(DISTINCT e.target) FROM jsonb_array_elements(s.step -> 'targets') AS e (target))
)
"""


def upgrade() -> None:
    op.create_table(
        "step_turns",
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "step", name=op.f("step_turns_pkey")),
        postgresql_with=HOT,
    )
    op.create_table(
        "fall_backs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("targets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "id = coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)",
            name=op.f("fall_backs_one_of_each_check"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fall_backs_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("fall_backs_pkey")),
    )
    op.execute(EACH_TARGET_ONCE)
    with op.get_context().autocommit_block():
        op.create_index(
            "alerts_incident_id_id_idx",
            "alerts",
            ["incident_id", "id"],
            postgresql_concurrently=True,
            if_not_exists=True,  # outside of the transaction: a second try finds what the first one made
        )
        op.drop_index("alerts_incident_id_idx", table_name="alerts", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    op.create_index("alerts_incident_id_idx", "alerts", ["incident_id"])
    op.drop_index("alerts_incident_id_id_idx", table_name="alerts")
    op.drop_table("fall_backs")
    op.drop_table("step_turns")
