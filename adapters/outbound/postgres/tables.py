"""Every table. Alembic compares the database with these; statements are built from them."""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID, ExcludeConstraint
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

# Monthly partitions by this column; the worker makes them ahead of time.
PARTITIONED_BY = {
    "domain_events": "at",
    "raw_events": "received_at",
    "audit_entries": "at",
    "delivery_attempts": "started_at",
}

# Rows that are written again soon: leave room on their page, and vacuum before dead rows slow the next claim.
HOT = {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01, "autovacuum_vacuum_cost_delay": 0}


# Before any time that the domain supports (domain/shared/local_time.py): it has always been so.
_THE_BEGINNING = "'1900-01-01 00:00:00+00'::timestamptz"


class Xid8(UserDefinedType[int]):
    """A transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def _id() -> Column[object]:
    return Column("id", UUID(as_uuid=True), primary_key=True)


def _time(name: str, *, nullable: bool = False, index: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, index=index)


def _ref(name: str, target: str | None = None, *, nullable: bool = False, index: bool = False) -> Column[object]:
    if target is None:
        return Column(name, UUID(as_uuid=True), nullable=nullable, index=index)
    return Column(name, UUID(as_uuid=True), ForeignKey(target), nullable=nullable, index=index)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False)


users = Table(
    "users",
    metadata,
    _id(),
    _text("email"),
    _text("name"),
    _text("role"),
    _text("time_zone"),
    _text("password_hash", nullable=True),
    _text("slack_user_id", nullable=True),
    Column("is_active", Boolean, nullable=False),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    _text("holiday_region", nullable=True),
    _version(),
    UniqueConstraint("email"),
    UniqueConstraint("slack_user_id"),
)
Index("users_name_idx", users.c.name, users.c.id)

teams = Table(
    "teams",
    metadata,
    _id(),
    _text("name"),
    Column("proof_weeks", Integer, nullable=False, server_default=text("4")),
    Column("proof_within_seconds", Integer, nullable=False, server_default=text("1800")),
    Column("proof_refuses", Boolean, nullable=False, server_default=text("false")),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    _version(),
    UniqueConstraint("name"),
)
Index("teams_name_idx", teams.c.name, teams.c.id)

team_members = Table(
    "team_members",
    metadata,
    _ref("team_id", "teams.id"),
    _ref("user_id", "users.id", index=True),
    Column("position", SmallInteger, nullable=False),
    PrimaryKeyConstraint("team_id", "user_id"),
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    _ref("user_id", "users.id", index=True),
    _text("channel"),
    _text("address"),
    _text("label"),
    _time("verified_at", nullable=True),
)

Index("contacts_text_idx", contacts.c.address, postgresql_where=text("channel = 'sms'"))

contact_secrets = Table(
    "contact_secrets",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    _text("secret", nullable=True),  # as it is, of versions before; `sealed.py`
    Column("secret_sealed", LargeBinary, nullable=True),
    _text("old_secret", nullable=True),  # signs beside the other one until then
    Column("old_secret_sealed", LargeBinary, nullable=True),
    _time("old_until", nullable=True),
)

contact_verifications = Table(
    "contact_verifications",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", LargeBinary, nullable=False),
    _time("sent_at"),
    _time("counted_from"),
    Column("codes_sent", BigInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
)

user_quiet_hours = Table(
    "user_quiet_hours",
    metadata,
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), primary_key=True),
    Column("starts", Time, nullable=False),  # on the wall clock of the user's zone
    Column("ends", Time, nullable=False),
)

# One row a contact, written with every batch of attempts.
contact_proofs = Table(
    "contact_proofs",
    metadata,
    Column("contact_id", UUID(as_uuid=True), ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    _time("attempted_at", nullable=True),
    _time("delivered_at", nullable=True),
    _time("refused_at", nullable=True),
    _time("confirmed_at", nullable=True),
    postgresql_with=HOT,
)

notification_rules = Table(
    "notification_rules",
    metadata,
    _ref("user_id", "users.id"),
    _text("urgency"),
    Column("position", SmallInteger, nullable=False),
    _ref("contact_id", "contacts.id", index=True),
    Column("delay_seconds", Integer, nullable=False),
    PrimaryKeyConstraint("user_id", "urgency", "position"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _ref("user_id", "users.id", index=True),
    _text("name"),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    _time("created_at"),
    _time("expires_at", nullable=True),
    _time("revoked_at", nullable=True),
    UniqueConstraint("secret_hash"),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _ref("user_id", "users.id", index=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("previous_token_hash", LargeBinary, nullable=True),
    _time("created_at"),
    _time("rotated_at"),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
    UniqueConstraint("token_hash"),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("secret_hash", LargeBinary, primary_key=True),
    _ref("user_id", "users.id"),
    _time("expires_at"),
    _time("used_at", nullable=True),
)

policies = Table(
    "policies",
    metadata,
    _id(),
    _ref("team_id", "teams.id", index=True),
    _text("name"),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    _version(),
    UniqueConstraint("name"),
)
Index("policies_name_idx", policies.c.name, policies.c.id)

# No foreign key: the versions of a policy stay when it is deleted, as the runs and facts that name them do.
policy_versions = Table(
    "policy_versions",
    metadata,
    _ref("policy_id"),
    _version(),
    Column("body", JSONB, nullable=False),  # the whole policy as it was
    PrimaryKeyConstraint("policy_id", "version"),
)

schedules = Table(
    "schedules",
    metadata,
    _id(),
    _ref("team_id", "teams.id", index=True),
    _text("name"),
    _text("time_zone"),
    Column("layers", JSONB, nullable=False),
    # The zone and the layers are those of the version made last, and hold from then on.
    Column("effective_at", DateTime(timezone=True), nullable=False, server_default=text(_THE_BEGINNING)),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    _version(),
    UniqueConstraint("name"),
)
Index("schedules_name_idx", schedules.c.name, schedules.c.id)
Index("schedules_layers_idx", schedules.c.layers, postgresql_using="gin", postgresql_ops={"layers": "jsonb_path_ops"})

schedule_versions = Table(
    "schedule_versions",
    metadata,
    _ref("schedule_id", "schedules.id"),
    Column("version", BigInteger, nullable=False),
    _time("effective_at"),
    _time("known_at"),
    _time("replaced_at", nullable=True),  # since when it is known that a later one holds from its start on
    Column("body", JSONB, nullable=False),  # the whole schedule as it was, but for its overrides
    PrimaryKeyConstraint("schedule_id", "version"),
    CheckConstraint("known_at <= effective_at", name="times"),
)
Index("schedule_versions_effective_at_idx", schedule_versions.c.schedule_id, schedule_versions.c.effective_at)
Index(
    "schedule_versions_changes_idx",
    schedule_versions.c.effective_at,
    postgresql_where=schedule_versions.c.replaced_at.is_(None),
)

schedule_overrides = Table(
    "schedule_overrides",
    metadata,
    _id(),
    _ref("schedule_id", "schedules.id"),
    _ref("user_id", "users.id"),
    _ref("replaces_user_id", "users.id", nullable=True),
    _time("starts_at"),
    _time("ends_at"),
    Column("kind", Text, nullable=False, server_default="replace"),
    Column("known_from", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("starts_at < ends_at", name="interval"),
    CheckConstraint("kind = 'replace' OR (kind IN ('add', 'remove') AND replaces_user_id IS NULL)", name="kind"),
    # Two that take off the same person at the same time would leave open which of them holds; everyone is the zero id.
    # To add somebody is another matter: `Override.subject` says the same.
    ExcludeConstraint(
        ("schedule_id", "="),
        (text("(CASE kind WHEN 'add' THEN 1 ELSE 0 END)"), "="),
        (
            text(
                "(CASE kind WHEN 'replace' THEN"
                " coalesce(replaces_user_id, '00000000-0000-0000-0000-000000000000'::uuid) ELSE user_id END)"
            ),
            "=",
        ),
        (text("tstzrange(starts_at, ends_at)"), "&&"),
        using="gist",
        name="schedule_overrides_overlap_excl",
    ),
)
Index("schedule_overrides_schedule_id_idx", schedule_overrides.c.schedule_id, schedule_overrides.c.ends_at)
Index("schedule_overrides_user_id_idx", schedule_overrides.c.user_id, schedule_overrides.c.ends_at)

calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    _id(),
    _ref("owner_id", "users.id"),
    _ref("user_id", "users.id", nullable=True),
    _ref("schedule_id", "schedules.id", nullable=True),
    Column("token_hash", LargeBinary, nullable=False),
    _time("created_at"),
    _time("revoked_at", nullable=True),
    CheckConstraint("num_nonnulls(user_id, schedule_id) = 1", name="subject"),
    UniqueConstraint("token_hash"),
)
Index(
    "calendar_feeds_owner_id_idx",
    calendar_feeds.c.owner_id,
    calendar_feeds.c.id,
    postgresql_where=text("revoked_at IS NULL"),
)

calendar_imports = Table(
    "calendar_imports",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id"), primary_key=True),
    _text("url"),  # as secret as a password, and needed as it is
    Column("refresh_seconds", BigInteger, nullable=False),
    _ref("created_by", "users.id"),
    _time("created_at"),
    _time("next_refresh_at"),
    _text("etag", nullable=True),
    _time("read_at", nullable=True),
    _time("failing_since", nullable=True),
    _text("failure"),
    Column("unread", JSONB, nullable=False),
    Column("unread_count", BigInteger, nullable=False),
    _ref("temporary_id", nullable=True),  # may be taken back by somebody; the import stays
    Column("as_layer", Boolean, nullable=False, server_default=text("false")),
    Column("version", BigInteger, nullable=False),
)
Index("calendar_imports_due_idx", calendar_imports.c.next_refresh_at, calendar_imports.c.schedule_id)
Index(
    "calendar_imports_failing_idx",
    calendar_imports.c.failing_since,
    calendar_imports.c.schedule_id,
    postgresql_where=calendar_imports.c.failing_since.is_not(None),
)

schedule_temporaries = Table(
    "schedule_temporaries",
    metadata,
    _id(),
    _ref("schedule_id", "schedules.id"),
    _time("starts_at"),
    _time("ends_at"),
    Column("shifts", JSONB, nullable=False),
    Column("is_layer", Boolean, nullable=False, server_default=text("false")),
    _time("known_from"),
    CheckConstraint("starts_at < ends_at", name="interval"),
    ExcludeConstraint(
        ("schedule_id", "="),
        (text("tstzrange(starts_at, ends_at)"), "&&"),
        using="gist",
        name="schedule_temporaries_overlap_excl",
    ),
)
Index("schedule_temporaries_schedule_id_idx", schedule_temporaries.c.schedule_id, schedule_temporaries.c.ends_at)
Index(
    "schedule_temporaries_shifts_idx",
    schedule_temporaries.c.shifts,
    postgresql_using="gin",
    postgresql_ops={"shifts": "jsonb_path_ops"},
)

schedule_shadows = Table(
    "schedule_shadows",
    metadata,
    _id(),
    _ref("schedule_id", "schedules.id"),
    _ref("user_id", "users.id"),
    _ref("follows_user_id", "users.id", nullable=True),
    Column("layer", BigInteger, nullable=True),
    _time("starts_at"),
    _time("ends_at"),
    _time("known_from"),
    CheckConstraint("starts_at < ends_at", name="interval"),
    CheckConstraint("num_nonnulls(follows_user_id, layer) = 1", name="follows"),
)
Index("schedule_shadows_schedule_id_idx", schedule_shadows.c.schedule_id, schedule_shadows.c.ends_at)

# What was known of overrides, temporary schedules and shadows, and no longer is: as they were before they were ended
# early or taken back.
schedule_override_versions = Table(
    "schedule_override_versions",
    metadata,
    _ref("schedule_id", "schedules.id"),
    _ref("override_id"),
    _time("known_from"),
    _time("known_until"),
    _time("starts_at"),
    _time("ends_at"),
    Column("body", JSONB, nullable=False),  # all of it as it was
    PrimaryKeyConstraint("override_id", "known_from"),
    CheckConstraint("known_from < known_until", name="times"),
)
Index(
    "schedule_override_versions_interval_idx",
    schedule_override_versions.c.schedule_id,
    text("tstzrange(starts_at, ends_at)"),
    postgresql_using="gist",
)

cover_requests = Table(
    "cover_requests",
    metadata,
    _id(),
    _ref("schedule_id", "schedules.id"),
    _ref("team_id", "teams.id"),
    _ref("user_id", "users.id"),
    _ref("requested_by", "users.id"),
    _time("requested_at"),
    _time("starts_at"),
    _time("ends_at"),
    _time("expires_at"),
    Column("asked_of", ARRAY(UUID(as_uuid=True)), nullable=False),  # in their order; empty: anyone in the team
    _time("offers_from", nullable=True),
    _time("offers_until", nullable=True),
    _text("note"),
    _ref("absence_id", nullable=True),  # may be taken back; the request stays
    _text("status"),
    Column("declined_by", ARRAY(UUID(as_uuid=True)), nullable=False),
    _ref("accepted_by", "users.id", nullable=True),
    Column("override_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    _time("decided_at", nullable=True),
    Column("is_open", Boolean, nullable=False),  # what lists are ordered by first
    _time("next_deadline", nullable=True),
    _version(),
    CheckConstraint("starts_at < ends_at", name="interval"),
    CheckConstraint("offers_from < offers_until", name="offers"),
    CheckConstraint("is_open = (status = 'open')", name="is_open"),
    CheckConstraint("is_open = (next_deadline IS NOT NULL)", name="deadline_while_open"),
)
Index(
    "cover_requests_due_idx",
    cover_requests.c.next_deadline,
    cover_requests.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)
Index("cover_requests_open_idx", cover_requests.c.is_open.desc(), cover_requests.c.id.desc())
Index(
    "cover_requests_schedule_id_idx",
    cover_requests.c.schedule_id,
    cover_requests.c.is_open.desc(),
    cover_requests.c.id.desc(),
)
Index(
    "cover_requests_team_id_idx",
    cover_requests.c.team_id,
    cover_requests.c.is_open.desc(),
    cover_requests.c.id.desc(),
)
Index(
    "cover_requests_override_ids_idx",
    cover_requests.c.override_ids,
    postgresql_using="gin",
    postgresql_where=text("status = 'accepted'"),
)
Index("cover_requests_absence_id_idx", cover_requests.c.absence_id, postgresql_where=text("is_open"))

# Whose time it is and who is asked by name: what one person's list walks.
cover_request_people = Table(
    "cover_request_people",
    metadata,
    _ref("request_id", "cover_requests.id"),
    _ref("user_id", "users.id"),
    Column("is_open", Boolean, nullable=False),
    PrimaryKeyConstraint("request_id", "user_id"),
)
Index(
    "cover_request_people_user_id_idx",
    cover_request_people.c.user_id,
    cover_request_people.c.is_open.desc(),
    cover_request_people.c.request_id.desc(),
)

absences = Table(
    "absences",
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    _time("starts_at"),
    _time("ends_at"),
    _text("reason"),
    CheckConstraint("starts_at < ends_at", name="interval"),
    ExcludeConstraint(
        ("user_id", "="),
        (text("tstzrange(starts_at, ends_at)"), "&&"),
        using="gist",
        name="absences_overlap_excl",
    ),
)
Index("absences_ends_at_idx", absences.c.ends_at, absences.c.id)
Index("absences_user_id_idx", absences.c.user_id, absences.c.ends_at, absences.c.id)

schedule_temporary_versions = Table(
    "schedule_temporary_versions",
    metadata,
    _ref("schedule_id", "schedules.id"),
    _ref("temporary_id"),
    _time("known_from"),
    _time("known_until"),
    _time("starts_at"),
    _time("ends_at"),
    Column("body", JSONB, nullable=False),  # all of it as it was
    PrimaryKeyConstraint("temporary_id", "known_from"),
    CheckConstraint("known_from < known_until", name="times"),
)
Index(
    "schedule_temporary_versions_interval_idx",
    schedule_temporary_versions.c.schedule_id,
    text("tstzrange(starts_at, ends_at)"),
    postgresql_using="gist",
)

schedule_shadow_versions = Table(
    "schedule_shadow_versions",
    metadata,
    _ref("schedule_id", "schedules.id"),
    _ref("shadow_id"),
    _time("known_from"),
    _time("known_until"),
    _time("starts_at"),
    _time("ends_at"),
    Column("body", JSONB, nullable=False),  # all of it as it was
    PrimaryKeyConstraint("shadow_id", "known_from"),
    CheckConstraint("known_from < known_until", name="times"),
)
Index(
    "schedule_shadow_versions_interval_idx",
    schedule_shadow_versions.c.schedule_id,
    text("tstzrange(starts_at, ends_at)"),
    postgresql_using="gist",
)

services = Table(
    "services",
    metadata,
    _id(),
    _ref("team_id", "teams.id", index=True),
    _ref("policy_id", "policies.id", index=True),
    _text("name"),
    _text("description"),
    _text("runbook_url", nullable=True),
    _text("urgency_rule"),
    Column("tier", BigInteger, nullable=True),
    Column("support_hours", JSONB, nullable=True),
    Column("acknowledgements_required", BigInteger, nullable=False, server_default=text("1")),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    _version(),
    UniqueConstraint("name"),
)
Index("services_name_idx", services.c.name, services.c.id)

integrations = Table(
    "integrations",
    metadata,
    _id(),
    _ref("service_id", "services.id", index=True),
    _ref("team_id", "teams.id"),
    _text("kind"),
    _text("name"),
    Column("key_hash", LargeBinary, nullable=False),
    Column("previous_key_hash", LargeBinary, nullable=True, index=True),
    _time("previous_key_expires_at", nullable=True),
    _text("grouping"),
    Column("group_window", JSONB, nullable=True),
    Column("is_strict", Boolean, nullable=False),
    Column("signing_secret_sealed", LargeBinary, nullable=True),
    Column("previous_signing_secret_sealed", LargeBinary, nullable=True),
    _time("previous_signing_secret_expires_at", nullable=True),
    Column("when_silent", Text, nullable=False, server_default="keep"),
    Column("topic_arns", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("mapping", JSONB, nullable=True),
    Column("events_per_minute", Integer, nullable=True),  # null, here and below: as the installation has it
    Column("event_burst", Integer, nullable=True),
    Column("open_alerts", Integer, nullable=True),
    _version(),
    UniqueConstraint("key_hash"),
)
Index("integrations_name_idx", integrations.c.name, integrations.c.id)

heartbeats = Table(
    "heartbeats",
    metadata,
    _id(),
    _ref("integration_id", "integrations.id", index=True),
    _text("name"),
    Column("key_hash", LargeBinary, nullable=False),
    Column("period_seconds", BigInteger, nullable=True),
    _text("cron", nullable=True),
    _text("time_zone"),
    Column("grace_seconds", BigInteger, nullable=False),
    Column("is_post_only", Boolean, nullable=False),
    _text("status"),
    _time("last_ping_at", nullable=True),
    _time("last_success_at", nullable=True),
    _time("started_at", nullable=True),
    _time("next_deadline", nullable=True),
    _version(),
    UniqueConstraint("key_hash"),
    postgresql_with=HOT,
)
Index("heartbeats_name_idx", heartbeats.c.name, heartbeats.c.id)
Index(
    "heartbeats_due_idx",
    heartbeats.c.next_deadline,
    heartbeats.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)

user_shift_wishes = Table(
    "user_shift_wishes",
    metadata,
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), primary_key=True),
    Column("ahead", Boolean, nullable=False),
    Column("started", Boolean, nullable=False),
    Column("ended", Boolean, nullable=False),
)
quiet_watches = Table(
    "quiet_watches",
    metadata,
    Column("integration_id", UUID(as_uuid=True), ForeignKey("integrations.id"), primary_key=True),
    Column("after_seconds", Integer, nullable=False),
    _time("since"),
    _time("next_deadline"),
    Column("is_quiet", Boolean, nullable=False),
    postgresql_with=HOT,
)
Index("quiet_watches_due_idx", quiet_watches.c.next_deadline, quiet_watches.c.integration_id)

incidents = Table(
    "incidents",
    metadata,
    _id(),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    _ref("service_id", "services.id"),
    _ref("team_id", "teams.id"),
    _text("group_key"),
    _text("title"),
    _text("severity"),
    _text("urgency"),
    _text("status"),
    _time("triggered_at"),
    _time("acknowledged_at", nullable=True),
    _ref("acknowledged_by", "users.id", nullable=True),
    _time("resolved_at", nullable=True),
    _ref("resolved_by", "users.id", nullable=True),
    _version(),
    Column("acknowledgements_required", BigInteger, nullable=False, server_default=text("1")),
    Column("acknowledgements", ARRAY(UUID(as_uuid=True)), nullable=False, server_default=text("'{}'")),
    Column("acknowledgement_times", ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")),
    _time("acknowledgement_expires_at", nullable=True),
    _time("snoozed_until", nullable=True),
    _time("rises_at", nullable=True),
    _ref("policy_id", nullable=True),  # another than its service's, since it was reassigned
    Column("responders", JSONB, nullable=False, server_default=text("'[]'")),
    _time("next_deadline", nullable=True),  # the one of these times that counts in its status
    Column("muted", JSONB, nullable=True),  # what holds its pages back: kind, by, reason, until
    Column("group_window", JSONB, nullable=True),  # for how long it takes alerts: kind, seconds
    _time("joins_until", nullable=True),  # when that ends, unless another alert joins before a window that rolls does
    # Which one takes the alerts of its group now. Its own group key ends with that id then: no other alert finds it.
    Column("followed_by", UUID(as_uuid=True), nullable=True),
    _text("trace", nullable=True),  # of the event that it began with; W3C Trace Context, `traceparent`
    UniqueConstraint("number"),
    postgresql_with={"fillfactor": 85},
)
Index(
    "incidents_open_key",
    incidents.c.service_id,
    incidents.c.group_key,
    unique=True,
    postgresql_where=text("status <> 'resolved'"),
)
# What fires again soon enough reopens the incident of its group that was resolved last.
Index(
    "incidents_resolved_idx",
    incidents.c.service_id,
    incidents.c.group_key,
    incidents.c.resolved_at.desc(),
    postgresql_where=text("status = 'resolved'"),
)
Index(
    "incidents_due_idx",
    incidents.c.next_deadline,
    incidents.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)
# Whoever ends a silence looks for what it mutes.
Index(
    "incidents_muted_idx",
    text("(muted ->> 'by')"),
    incidents.c.id,
    postgresql_where=text("muted IS NOT NULL AND status = 'triggered'"),
)
Index("incidents_triggered_at_idx", incidents.c.triggered_at.desc(), incidents.c.id.desc())
Index(
    "incidents_acknowledged_by_idx",
    incidents.c.acknowledged_by,
    incidents.c.triggered_at.desc(),
    incidents.c.id.desc(),
    postgresql_where=text("acknowledged_by IS NOT NULL"),
)
Index("incidents_service_id_idx", incidents.c.service_id, incidents.c.triggered_at.desc(), incidents.c.id.desc())
Index("incidents_team_id_idx", incidents.c.team_id, incidents.c.triggered_at.desc(), incidents.c.id.desc())
Index(
    "incidents_open_idx",
    incidents.c.triggered_at.desc(),
    incidents.c.id.desc(),
    postgresql_where=text("status <> 'resolved'"),
)

# Alerts and runs are written with their incident, from an integration that was just read. Foreign keys would check that
# once more, for a fifth of the database's time for an event (docs/benchmarks.md). The incident's own are kept.
alerts = Table(
    "alerts",
    metadata,
    _id(),
    _ref("integration_id"),
    _ref("service_id"),
    _ref("incident_id"),
    _text("dedup_key"),
    _text("group_key"),
    _text("status"),
    _text("summary"),
    _text("source"),
    _text("severity"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _time("starts_at", nullable=True),
    _time("cleared_at", nullable=True),
    Column("occurrences", Integer, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
    _ref("event_id", nullable=True),  # the raw event that it began with
    _text("kind_key", nullable=True),  # by which a new kind of alert pages its incident again
    _time("expires_at", nullable=True),
    Column("turns", ARRAY(DateTime(timezone=True)), nullable=True),  # when it began lately, where a rule counts them
    Column("settles_in", Interval, nullable=True),  # it is flapping
    Column("ends_by_silence", Boolean, nullable=False, server_default=text("false")),
    _time("silent_since", nullable=True),
    _time("next_deadline", nullable=True),
    postgresql_with={"fillfactor": 80},
)
# Only alerts whose sender repeats them while they fire have a deadline.
Index(
    "alerts_due_idx",
    alerts.c.next_deadline,
    alerts.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)
Index(
    "alerts_firing_key",
    alerts.c.integration_id,
    alerts.c.dedup_key,
    unique=True,
    postgresql_where=text("status = 'firing'"),
)
# With the id, so that the first alert of an incident is one look away however many have joined it.
Index("alerts_incident_id_id_idx", alerts.c.incident_id, alerts.c.id)
# Only where a rule counts how often an alert begins.
Index(
    "alerts_turns_idx",
    alerts.c.integration_id,
    alerts.c.dedup_key,
    alerts.c.first_seen_at.desc(),
    postgresql_where=text("turns IS NOT NULL"),
)
# Only where a rule tells kinds of alerts apart.
Index("alerts_kinds_idx", alerts.c.incident_id, alerts.c.kind_key, postgresql_where=text("kind_key IS NOT NULL"))
# Only alerts whose sender dates them can be repeated by a stale peer.
Index(
    "alerts_dated_idx",
    alerts.c.integration_id,
    alerts.c.dedup_key,
    alerts.c.starts_at.desc(),
    postgresql_where=text("starts_at IS NOT NULL"),
)

# What senders asked by a protocol that tells the outcome afterwards. Kept for as long as somebody may ask.
alert_requests = Table(
    "alert_requests",
    metadata,
    _id(),
    _ref("integration_id"),
    _time("requested_at", index=True),
    _text("action"),
    _text("alias", nullable=True),
    _ref("alert_id", nullable=True),
    Column("is_success", Boolean, nullable=False),
    _text("outcome"),
)
Index(
    "alert_requests_alias_idx",
    alert_requests.c.integration_id,
    alert_requests.c.alias,
    alert_requests.c.id.desc(),
    postgresql_where=text("alert_id IS NOT NULL"),
)

escalation_runs = Table(
    "escalation_runs",
    metadata,
    _id(),
    _ref("incident_id", index=True),
    _ref("policy_id"),
    Column("policy_version", Integer, nullable=False),
    _text("status"),
    Column("round", SmallInteger, nullable=True),  # null: the last step is waiting for its answer
    Column("step", SmallInteger, nullable=True),
    _time("next_deadline", nullable=True),
    _time("started_at"),
    _version(),
    CheckConstraint("(status = 'running') = (next_deadline IS NOT NULL)", name="deadline_while_running"),
    postgresql_with=HOT,
)
Index(
    "escalation_runs_due_idx",
    escalation_runs.c.next_deadline,
    escalation_runs.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)

# How often each step that tells one target after the other has been reached. It is no part of the policy: reaching a
# step makes no version of it. No foreign key, as for runs: the policy was just read.
step_turns = Table(
    "step_turns",
    metadata,
    _ref("policy_id"),
    Column("step", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    PrimaryKeyConstraint("policy_id", "step"),
    postgresql_with=HOT,
)

fall_backs = Table(
    "fall_backs",
    metadata,
    _id(),  # the team's, or zero for the installation's: so that there is one of each
    _ref("team_id", "teams.id", nullable=True),
    Column("targets", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("id = coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)", name="one_of_each"),
)

# What policies tell beside people.
destinations = Table(
    "destinations",
    metadata,
    _id(),
    _ref("team_id", "teams.id", index=True),
    _text("name"),
    _text("kind"),
    _text("address"),
    _version(),
    UniqueConstraint("name"),
)
Index("destinations_name_idx", destinations.c.name, destinations.c.id)

destination_secrets = Table(
    "destination_secrets",
    metadata,
    Column("destination_id", UUID(as_uuid=True), ForeignKey("destinations.id", ondelete="CASCADE"), primary_key=True),
    _text("secret", nullable=True),  # as it is, of versions before; `sealed.py`
    Column("secret_sealed", LargeBinary, nullable=True),
    _text("old_secret", nullable=True),
    Column("old_secret_sealed", LargeBinary, nullable=True),
    _time("old_expires_at"),
)
destination_proofs = Table(
    "destination_proofs",
    metadata,
    Column("destination_id", UUID(as_uuid=True), ForeignKey("destinations.id", ondelete="CASCADE"), primary_key=True),
    _time("attempted_at", nullable=True),
    _time("delivered_at", nullable=True),
    _time("refused_at", nullable=True),
    _text("refusal"),
    postgresql_with=HOT,
)

notifications = Table(
    "notifications",
    metadata,
    _id(),
    _ref("incident_id", "incidents.id", nullable=True, index=True),  # null exactly for a notice
    _ref("run_id", nullable=True),
    Column("round", SmallInteger, nullable=False),
    Column("step", SmallInteger, nullable=False),
    _ref("user_id", "users.id", nullable=True),
    Column("rule_position", SmallInteger, nullable=False),
    _text("purpose"),
    _text("channel"),
    _text("address"),
    _text("status"),
    _time("created_at"),
    _time("next_deadline", nullable=True),
    Column("attempts", SmallInteger, nullable=False),
    Column("may_be_repeat", Boolean, nullable=False),
    Column("was_overtaken", Boolean, nullable=False),
    Column("receipt", JSONB, nullable=False),
    Column("update_of", JSONB, nullable=True),
    Column("notice", JSONB, nullable=True),
    _text("notice_key", nullable=True),
    _ref("destination_id", nullable=True),  # what is told in place of a user; may be deleted, the ledger stays
    CheckConstraint("num_nonnulls(user_id, destination_id) = 1", name="recipient"),
    CheckConstraint(
        "(purpose = 'notice') = (notice IS NOT NULL) AND (purpose = 'notice') = (incident_id IS NULL)"
        " AND (purpose = 'notice') = (notice_key IS NOT NULL)",
        name="notice_or_incident",
    ),
    postgresql_with=HOT,
)
Index(
    "notifications_page_key",
    notifications.c.run_id,
    notifications.c.round,
    notifications.c.step,
    notifications.c.user_id,
    notifications.c.rule_position,
    unique=True,
    postgresql_where=text("purpose = 'page'"),
)
Index(
    "notifications_destination_page_key",
    notifications.c.run_id,
    notifications.c.round,
    notifications.c.step,
    notifications.c.destination_id,
    unique=True,
    postgresql_where=text("purpose = 'page' AND destination_id IS NOT NULL"),
)
Index(
    "notifications_notice_key",
    notifications.c.user_id,
    notifications.c.notice_key,
    notifications.c.channel,
    notifications.c.address,
    unique=True,
    postgresql_where=text("purpose = 'notice'"),
)
Index(
    "notifications_due_idx",
    notifications.c.channel,
    notifications.c.next_deadline,
    notifications.c.id,
    postgresql_where=text("next_deadline IS NOT NULL"),
)

Index(
    "notifications_user_id_idx",
    notifications.c.user_id,
    notifications.c.created_at,
    postgresql_where=text("purpose = 'page'"),
)
Index(
    "notifications_waiting_idx",
    notifications.c.user_id,
    notifications.c.channel,
    notifications.c.address,
    notifications.c.next_deadline,
    postgresql_where=text("next_deadline IS NOT NULL"),
)

Index(
    "notifications_destination_waiting_idx",
    notifications.c.destination_id,
    notifications.c.next_deadline,
    postgresql_where=text("next_deadline IS NOT NULL AND destination_id IS NOT NULL"),
)

contact_throttles = Table(
    "contact_throttles",
    metadata,
    _text("channel"),
    _text("address"),
    _time("window_began_at", index=True),
    Column("messages", Integer, nullable=False),
    PrimaryKeyConstraint("channel", "address"),
    postgresql_with=HOT,
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    _ref("notification_id"),
    Column("number", SmallInteger, nullable=False),
    _ref("incident_id", nullable=True, index=True),  # null: of a notice
    _time("started_at"),
    _time("finished_at"),
    _text("outcome"),
    _text("detail"),
    PrimaryKeyConstraint("notification_id", "number", "started_at"),
    postgresql_partition_by="RANGE (started_at)",
)

domain_events = Table(
    "domain_events",
    metadata,
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    Column("transaction", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    _text("kind"),
    _time("at"),
    _ref("incident_id", nullable=True),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("sequence", "at"),
    postgresql_partition_by="RANGE (at)",
)
Index("domain_events_position_idx", domain_events.c.transaction, domain_events.c.sequence)
Index(
    "domain_events_incident_id_idx", domain_events.c.incident_id, domain_events.c.transaction, domain_events.c.sequence
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _ref("team_id", "teams.id", nullable=True),  # null: incidents of every team
    _text("name"),
    _text("kind"),
    _text("address"),
    Column("event_kinds", ARRAY(Text), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    _text("disabled_reason"),
    _version(),
    UniqueConstraint("name"),
)

subscription_secrets = Table(
    "subscription_secrets",
    metadata,
    _ref("subscription_id", "subscriptions.id"),
    Column("number", Integer, nullable=False),
    _text("secret", nullable=True),  # as it is, of versions before; `sealed.py`
    Column("secret_sealed", LargeBinary, nullable=True),
    _time("expires_at", nullable=True),
    PrimaryKeyConstraint("subscription_id", "number"),
)

# Apart from `subscriptions`: they are written all the time, and hold up nobody who changes what is configured.
subscription_cursors = Table(
    "subscription_cursors",
    metadata,
    _ref("subscription_id", "subscriptions.id"),
    Column("transaction", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    PrimaryKeyConstraint("subscription_id"),
    postgresql_with=HOT,
)
subscription_health = Table(
    "subscription_health",
    metadata,
    _ref("subscription_id", "subscriptions.id"),
    _time("failing_since", nullable=True),
    _time("paused_until", nullable=True),
    PrimaryKeyConstraint("subscription_id"),
    postgresql_with=HOT,
)
# The events of one incident for one subscription, while there are any to send: what couriers lease. No foreign key to
# the incident: the lane of a test is the subscription's own.
subscription_lanes = Table(
    "subscription_lanes",
    metadata,
    _ref("subscription_id", "subscriptions.id"),
    _ref("lane_id"),
    _time("next_deadline"),
    _ref("lease_id", nullable=True),  # null: nobody is sending
    PrimaryKeyConstraint("subscription_id", "lane_id"),
    postgresql_with=HOT,
)
Index(
    "subscription_lanes_due_idx",
    subscription_lanes.c.subscription_id,
    subscription_lanes.c.next_deadline,
    subscription_lanes.c.lane_id,
)

# No foreign keys: what was sent outlives the subscription, until upkeep forgets it.
event_deliveries = Table(
    "event_deliveries",
    metadata,
    _id(),
    _ref("subscription_id"),
    _ref("lane_id"),
    Column("transaction", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    _text("kind"),
    _time("event_at"),
    _ref("incident_id", nullable=True),
    _text("status"),
    Column("attempts", Integer, nullable=False),
    _time("first_attempted_at", nullable=True),
    Column("may_be_repeat", Boolean, nullable=False),
    Column("replays", Integer, nullable=False),
    _time("settled_at", nullable=True),
    Column("log", JSONB, nullable=False),
    postgresql_with=HOT,
)
Index(
    "event_deliveries_waiting_idx",
    event_deliveries.c.subscription_id,
    event_deliveries.c.lane_id,
    event_deliveries.c.transaction,
    event_deliveries.c.sequence,
    postgresql_where=text("status = 'pending'"),
)
Index(
    "event_deliveries_event_at_idx",
    event_deliveries.c.subscription_id,
    event_deliveries.c.event_at,
    event_deliveries.c.id,
)
Index(
    "event_deliveries_status_idx",
    event_deliveries.c.subscription_id,
    event_deliveries.c.status,
    event_deliveries.c.event_at,
    event_deliveries.c.id,
    postgresql_where=text("status <> 'delivered'"),
)

raw_events = Table(
    "raw_events",
    metadata,
    _ref("id"),
    _ref("integration_id"),
    _time("received_at"),
    _text("format"),
    Column("body", LargeBinary, nullable=False),
    Column("verdicts", JSON, nullable=True),  # what became of each event in it, read as a whole and never asked
    Column("headers", JSON, nullable=True),  # by which its body is read
    PrimaryKeyConstraint("id", "received_at"),
    postgresql_partition_by="RANGE (received_at)",
)
Index(
    "raw_events_heard_idx",
    raw_events.c.integration_id,
    raw_events.c.received_at.desc(),
    raw_events.c.id.desc(),
)

# How often a rule of any kind has been saved: whoever keeps the rules in memory asks for this alone.
rulebook = Table(
    "rulebook",
    metadata,
    Column("id", Boolean, primary_key=True),  # one row
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("id", name="one"),
)

routings = Table(
    "routings",
    metadata,
    Column("owner_id", UUID(as_uuid=True), primary_key=True),  # an integration's, a team's, or zero: the organisation's
    _ref("team_id", "teams.id", nullable=True),
    _ref("integration_id", "integrations.id", nullable=True),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(
        "owner_id = coalesce(integration_id, team_id, '00000000-0000-0000-0000-000000000000'::uuid)",
        name="one_of_each",
    ),
    CheckConstraint("integration_id IS NULL OR team_id IS NOT NULL", name="integration_of_team"),
)

routing_versions = Table(
    "routing_versions",
    metadata,
    _ref("owner_id", "routings.owner_id"),
    Column("version", BigInteger, nullable=False),
    _time("saved_at"),
    _ref("saved_by", "users.id", nullable=True),
    Column("rules", JSONB, nullable=False),
    PrimaryKeyConstraint("owner_id", "version"),
)

silences = Table(
    "silences",
    metadata,
    _id(),
    _ref("team_id", "teams.id", nullable=True),
    _text("matchers"),
    _text("comment"),
    _ref("author_id", "users.id"),
    _time("starts_at"),
    _time("ends_at"),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("starts_at <= ends_at", name="interval"),
)
Index("silences_ends_at_idx", silences.c.ends_at, silences.c.id)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    _id(),
    _ref("team_id", "teams.id"),
    _text("name"),
    _text("time_zone"),
    _text("starts_at"),  # ISO 8601, on the wall clock of the zone
    Column("duration_seconds", Integer, nullable=False),
    _text("recurrence", nullable=True),
    Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    _text("matchers"),
    Column("burns_error_budget", Boolean, nullable=False),
    _time("ended_at", nullable=True),
    _time("over_at"),  # from when on it never holds again
    Column("version", BigInteger, nullable=False),
)
Index("maintenance_windows_over_at_idx", maintenance_windows.c.over_at, maintenance_windows.c.id)

inhibitions = Table(
    "inhibitions",
    metadata,
    _id(),
    _ref("team_id", "teams.id"),
    _text("name"),
    _text("source"),
    _text("target"),
    Column("equal", ARRAY(Text), nullable=False),
    Column("version", BigInteger, nullable=False),
)
Index("inhibitions_name_idx", inhibitions.c.name, inhibitions.c.id)

# What services need others for, in the order in which they were named.
service_dependencies = Table(
    "service_dependencies",
    metadata,
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
    Column(
        "upstream_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    _text("least_severity"),
    Column("mutes", Boolean, nullable=False),
    Column("place", Integer, nullable=False),
    PrimaryKeyConstraint("service_id", "upstream_id"),
)

# Alerts that mute others while they fire. No foreign key to alerts, as for runs: they are written together.
inhibition_sources = Table(
    "inhibition_sources",
    metadata,
    Column("inhibition_id", UUID(as_uuid=True), ForeignKey("inhibitions.id", ondelete="CASCADE"), nullable=False),
    _text("equal_key"),
    _ref("alert_id", index=True),
    PrimaryKeyConstraint("inhibition_id", "equal_key", "alert_id"),
)

# What rules have dropped, since nothing else is left of it but the raw event.
route_drops = Table(
    "route_drops",
    metadata,
    _ref("owner_id"),
    _text("rule"),
    Column("dropped", BigInteger, nullable=False),
    _time("last_at"),
    _ref("last_event_id", nullable=True),
    PrimaryKeyConstraint("owner_id", "rule"),
    postgresql_with=HOT,
)

audit_entries = Table(
    "audit_entries",
    metadata,
    _ref("id"),
    _time("at"),
    _text("action"),
    _text("noun"),
    _ref("noun_id"),
    _ref("actor_id", nullable=True),
    _text("via"),
    _text("credential"),
    _text("address"),
    _text("request_id"),
    Column("before", JSONB, nullable=True),
    Column("after", JSONB, nullable=True),
    PrimaryKeyConstraint("id", "at"),
    postgresql_partition_by="RANGE (at)",
)
Index("audit_entries_noun_id_idx", audit_entries.c.noun_id, audit_entries.c.id)

change_events = Table(
    "change_events",
    metadata,
    _id(),
    _ref("integration_id", "integrations.id"),
    _ref("service_id", "services.id"),
    _time("received_at"),
    _time("occurred_at"),
    _text("summary"),
    _text("source"),
    Column("details", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
)
Index(
    "change_events_service_id_idx",
    change_events.c.service_id,
    change_events.c.occurred_at.desc(),
    change_events.c.id.desc(),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _id(),
    _ref("integration_id", "integrations.id", nullable=True),
    _time("received_at"),
    _text("source"),
    _text("reason"),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=True),  # by which it is read
)
Index(
    "dead_letters_heard_idx",
    dead_letters.c.integration_id,
    dead_letters.c.received_at.desc(),
    dead_letters.c.id.desc(),
)

inbox = Table(
    "inbox",
    metadata,
    _text("consumer"),
    _text("message_key"),
    _time("handled_at", index=True),
    PrimaryKeyConstraint("consumer", "message_key"),
)

mailbox_messages = Table(
    "mailbox_messages",
    metadata,
    _id(),
    _time("sent_at"),
    _text("channel"),
    _text("address"),
    _text("title"),
    _text("body"),
    _ref("notification_id"),
    _ref("incident_id", nullable=True),
    _text("acknowledge_url", nullable=True),
)
