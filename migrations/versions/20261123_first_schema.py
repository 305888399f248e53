"""first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0001_first_schema"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONED = ("audit_entries", "delivery_attempts", "domain_events", "raw_events")


class Xid8(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("noun_id", sa.UUID(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("audit_entries_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("audit_entries_noun_id_idx", "audit_entries", ["noun_id", "id"], unique=False)
    op.create_table(
        "delivery_attempts",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", "number", "started_at", name=op.f("delivery_attempts_pkey")),
        postgresql_partition_by="RANGE (started_at)",
    )
    op.create_index(op.f("delivery_attempts_incident_id_idx"), "delivery_attempts", ["incident_id"], unique=False)
    op.create_table(
        "domain_events",
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "at", name=op.f("domain_events_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "domain_events_incident_id_idx", "domain_events", ["incident_id", "transaction", "sequence"], unique=False
    )
    op.create_index("domain_events_position_idx", "domain_events", ["transaction", "sequence"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("message_key", sa.Text(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_key", name=op.f("inbox_pkey")),
    )
    op.create_index(op.f("inbox_handled_at_idx"), "inbox", ["handled_at"], unique=False)
    op.create_table(
        "mailbox_messages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("acknowledge_url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("mailbox_messages_pkey")),
    )
    op.create_table(
        "raw_events",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "received_at", name=op.f("raw_events_pkey")),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("teams_pkey")),
        sa.UniqueConstraint("name", name=op.f("teams_name_key")),
    )
    op.create_index("teams_name_idx", "teams", ["name", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("slack_user_id", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
        sa.UniqueConstraint("slack_user_id", name=op.f("users_slack_user_id_key")),
    )
    op.create_index("users_name_idx", "users", ["name", "id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("api_keys_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("api_keys_secret_hash_key")),
    )
    op.create_index(op.f("api_keys_user_id_idx"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("contacts_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("contacts_pkey")),
    )
    op.create_index(op.f("contacts_user_id_idx"), "contacts", ["user_id"], unique=False)
    op.create_table(
        "policies",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("policies_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("policies_pkey")),
        sa.UniqueConstraint("name", name=op.f("policies_name_key")),
    )
    op.create_index("policies_name_idx", "policies", ["name", "id"], unique=False)
    op.create_index(op.f("policies_team_id_idx"), "policies", ["team_id"], unique=False)
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("layers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("schedules_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("schedules_pkey")),
        sa.UniqueConstraint("name", name=op.f("schedules_name_key")),
    )
    op.create_index("schedules_name_idx", "schedules", ["name", "id"], unique=False)
    op.create_index(op.f("schedules_team_id_idx"), "schedules", ["team_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("sessions_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("sessions_token_hash_key")),
    )
    op.create_index(op.f("sessions_user_id_idx"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "setup_links",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("setup_links_user_id_fkey")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("setup_links_pkey")),
    )
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("team_members_team_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("team_members_user_id_fkey")),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("team_members_pkey")),
    )
    op.create_index(op.f("team_members_user_id_idx"), "team_members", ["user_id"], unique=False)
    op.create_table(
        "notification_rules",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("delay_seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("notification_rules_contact_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("notification_rules_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", "urgency", "position", name=op.f("notification_rules_pkey")),
    )
    op.create_index(op.f("notification_rules_contact_id_idx"), "notification_rules", ["contact_id"], unique=False)
    op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("policy_versions_policy_id_fkey")),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("policy_versions_pkey")),
    )
    op.create_table(
        "schedule_overrides",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("replaces_user_id", sa.UUID(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("schedule_id"), "="),
            (sa.text("coalesce(replaces_user_id, '00000000-0000-0000-0000-000000000000'::uuid)"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="schedule_overrides_overlap_excl",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("schedule_overrides_interval_check")),
        sa.ForeignKeyConstraint(
            ["replaces_user_id"], ["users.id"], name=op.f("schedule_overrides_replaces_user_id_fkey")
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("schedule_overrides_schedule_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("schedule_overrides_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("schedule_overrides_pkey")),
    )
    op.create_index(
        "schedule_overrides_schedule_id_idx", "schedule_overrides", ["schedule_id", "ends_at"], unique=False
    )
    op.create_table(
        "services",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("runbook_url", sa.Text(), nullable=True),
        sa.Column("urgency_rule", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("services_policy_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("services_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("services_pkey")),
        sa.UniqueConstraint("name", name=op.f("services_name_key")),
    )
    op.create_index("services_name_idx", "services", ["name", "id"], unique=False)
    op.create_index(op.f("services_policy_id_idx"), "services", ["policy_id"], unique=False)
    op.create_index(op.f("services_team_id_idx"), "services", ["team_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.UUID(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.UUID(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["users.id"], name=op.f("incidents_acknowledged_by_fkey")),
        sa.ForeignKeyConstraint(["resolved_by"], ["users.id"], name=op.f("incidents_resolved_by_fkey")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("incidents_service_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("incidents_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("incidents_pkey")),
        sa.UniqueConstraint("number", name=op.f("incidents_number_key")),
        postgresql_with={"fillfactor": 85},
    )
    op.create_index(
        "incidents_open_idx",
        "incidents",
        [sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "incidents_open_key",
        "incidents",
        ["service_id", "group_key"],
        unique=True,
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "incidents_acknowledged_by_idx",
        "incidents",
        ["acknowledged_by", sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("acknowledged_by IS NOT NULL"),
    )
    op.create_index(
        "incidents_service_id_idx",
        "incidents",
        ["service_id", sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "incidents_team_id_idx",
        "incidents",
        ["team_id", sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "incidents_triggered_at_idx",
        "incidents",
        [sa.literal_column("triggered_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "integrations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_key_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_key_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("is_strict", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("integrations_service_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("integrations_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("integrations_pkey")),
        sa.UniqueConstraint("key_hash", name=op.f("integrations_key_hash_key")),
    )
    op.create_index("integrations_name_idx", "integrations", ["name", "id"], unique=False)
    op.create_index(op.f("integrations_previous_key_hash_idx"), "integrations", ["previous_key_hash"], unique=False)
    op.create_index(op.f("integrations_service_id_idx"), "integrations", ["service_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("links", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "alerts_dated_idx",
        "alerts",
        ["integration_id", "dedup_key", sa.literal_column("starts_at DESC")],
        unique=False,
        postgresql_where=sa.text("starts_at IS NOT NULL"),
    )
    op.create_index(
        "alerts_firing_key",
        "alerts",
        ["integration_id", "dedup_key"],
        unique=True,
        postgresql_where=sa.text("status = 'firing'"),
    )
    op.create_index(op.f("alerts_incident_id_idx"), "alerts", ["incident_id"], unique=False)
    op.create_table(
        "change_events",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("links", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("change_events_integration_id_fkey")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("change_events_service_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("change_events_pkey")),
    )
    op.create_index(
        "change_events_service_id_idx",
        "change_events",
        ["service_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name=op.f("dead_letters_integration_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("dead_letters_pkey")),
    )
    op.create_table(
        "escalation_runs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=True),
        sa.Column("step", sa.SmallInteger(), nullable=True),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'running') = (next_deadline IS NOT NULL)",
            name=op.f("escalation_runs_deadline_while_running_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("escalation_runs_pkey")),
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0},
    )
    op.create_index(
        "escalation_runs_due_idx",
        "escalation_runs",
        ["next_deadline", "id"],
        unique=False,
        postgresql_where=sa.text("next_deadline IS NOT NULL"),
    )
    op.create_index(op.f("escalation_runs_incident_id_idx"), "escalation_runs", ["incident_id"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("rule_position", sa.SmallInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("may_be_repeat", sa.Boolean(), nullable=False),
        sa.Column("was_overtaken", sa.Boolean(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("update_of", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("notifications_incident_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("notifications_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("notifications_pkey")),
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0},
    )
    op.create_index(
        "notifications_due_idx",
        "notifications",
        ["channel", "next_deadline", "id"],
        unique=False,
        postgresql_where=sa.text("next_deadline IS NOT NULL"),
    )
    op.create_index(op.f("notifications_incident_id_idx"), "notifications", ["incident_id"], unique=False)
    op.create_index(
        "notifications_page_key",
        "notifications",
        ["run_id", "round", "step", "user_id", "rule_position"],
        unique=True,
        postgresql_where=sa.text("purpose = 'page'"),
    )
    # What no month's partition was made for is kept all the same.
    for parent in PARTITIONED:
        op.execute(f"CREATE TABLE {parent}_default PARTITION OF {parent} DEFAULT")


def downgrade() -> None:
    op.drop_index("notifications_page_key", table_name="notifications", postgresql_where=sa.text("purpose = 'page'"))
    op.drop_index(op.f("notifications_incident_id_idx"), table_name="notifications")
    op.drop_index(
        "notifications_due_idx", table_name="notifications", postgresql_where=sa.text("next_deadline IS NOT NULL")
    )
    op.drop_table("notifications")
    op.drop_index(op.f("escalation_runs_incident_id_idx"), table_name="escalation_runs")
    op.drop_index(
        "escalation_runs_due_idx", table_name="escalation_runs", postgresql_where=sa.text("next_deadline IS NOT NULL")
    )
    op.drop_table("escalation_runs")
    op.drop_table("dead_letters")
    op.drop_index("change_events_service_id_idx", table_name="change_events")
    op.drop_table("change_events")
    op.drop_index(op.f("alerts_incident_id_idx"), table_name="alerts")
    op.drop_index("alerts_firing_key", table_name="alerts", postgresql_where=sa.text("status = 'firing'"))
    op.drop_index("alerts_dated_idx", table_name="alerts", postgresql_where=sa.text("starts_at IS NOT NULL"))
    op.drop_table("alerts")
    op.drop_index(op.f("integrations_service_id_idx"), table_name="integrations")
    op.drop_index(op.f("integrations_previous_key_hash_idx"), table_name="integrations")
    op.drop_index("integrations_name_idx", table_name="integrations")
    op.drop_table("integrations")
    op.drop_index("incidents_triggered_at_idx", table_name="incidents")
    op.drop_index("incidents_team_id_idx", table_name="incidents")
    op.drop_index("incidents_service_id_idx", table_name="incidents")
    op.drop_index("incidents_open_key", table_name="incidents", postgresql_where=sa.text("status <> 'resolved'"))
    op.drop_index("incidents_open_idx", table_name="incidents", postgresql_where=sa.text("status <> 'resolved'"))
    op.drop_table("incidents")
    op.drop_index(op.f("services_team_id_idx"), table_name="services")
    op.drop_index(op.f("services_policy_id_idx"), table_name="services")
    op.drop_index("services_name_idx", table_name="services")
    op.drop_table("services")
    op.drop_index("schedule_overrides_schedule_id_idx", table_name="schedule_overrides")
    op.drop_table("schedule_overrides")
    op.drop_table("policy_versions")
    op.drop_index(op.f("notification_rules_contact_id_idx"), table_name="notification_rules")
    op.drop_table("notification_rules")
    op.drop_index(op.f("team_members_user_id_idx"), table_name="team_members")
    op.drop_table("team_members")
    op.drop_table("setup_links")
    op.drop_index(op.f("sessions_user_id_idx"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("schedules_team_id_idx"), table_name="schedules")
    op.drop_index("schedules_name_idx", table_name="schedules")
    op.drop_table("schedules")
    op.drop_index(op.f("policies_team_id_idx"), table_name="policies")
    op.drop_index("policies_name_idx", table_name="policies")
    op.drop_table("policies")
    op.drop_index(op.f("contacts_user_id_idx"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(op.f("api_keys_user_id_idx"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index("users_name_idx", table_name="users")
    op.drop_table("users")
    op.drop_index("teams_name_idx", table_name="teams")
    op.drop_table("teams")
    op.drop_table("raw_events")
    op.drop_table("mailbox_messages")
    op.drop_index(op.f("inbox_handled_at_idx"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("domain_events_position_idx", table_name="domain_events")
    op.drop_index("domain_events_incident_id_idx", table_name="domain_events")
    op.drop_table("domain_events")
    op.drop_index(op.f("delivery_attempts_incident_id_idx"), table_name="delivery_attempts")
    op.drop_table("delivery_attempts")
    op.drop_index("audit_entries_noun_id_idx", table_name="audit_entries")
    op.drop_table("audit_entries")
