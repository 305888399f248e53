"""The hot path: three statements for a batch of new alerts, two for a batch of repeats."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

import msgspec

from adapters import tracing
from adapters.outbound.postgres import event_log, group_keys
from adapters.outbound.postgres.errors import translating
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.wire import events as wire
from application.ports.intake import (
    AlertKey,
    DeadLetter,
    DropCount,
    GroupKey,
    IntakeStore,
    IntakeTarget,
    OpenedIncident,
    RawEvent,
    ReceivedChange,
    ServiceTarget,
    Touched,
)
from domain.alert.alert import Alert, Expiry
from domain.escalation.run import EscalationRun
from domain.incident.incident import Followed, IncidentDraft
from domain.service.integration import GroupingMode, Integration, IntegrationKind, WhenSilent
from domain.service.mapping import EventMapping
from domain.service.service import UrgencyRule
from domain.service.support_hours import SupportHours
from domain.shared.event import DomainEvent
from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.ids import AlertId, IncidentId, IntegrationId, PolicyId, ServiceId, TeamId

_TARGET = """
SELECT i.*, s.policy_id, s.urgency_rule, s.tier, s.support_hours, s.acknowledgements_required,
  p.version AS policy_version
FROM integrations i JOIN services s ON s.id = i.service_id JOIN policies p ON p.id = s.policy_id
WHERE i.key_hash = $1 OR (i.previous_key_hash = $1 AND i.previous_key_expires_at > $2)
ORDER BY (i.key_hash = $1) DESC LIMIT 1
"""
# A current key goes before a rotated one: where both are found, the later row wins.
_TARGETS = """
SELECT k.hash, i.*, s.policy_id, s.urgency_rule, s.tier, s.support_hours, s.acknowledgements_required,
  p.version AS policy_version
FROM unnest($1::bytea[]) AS k (hash)
JOIN LATERAL (
  SELECT c.*, true AS is_current FROM integrations c WHERE c.key_hash = k.hash
  UNION ALL
  SELECT r.*, false FROM integrations r WHERE r.previous_key_hash = k.hash AND r.previous_key_expires_at > $2
) i ON true JOIN services s ON s.id = i.service_id JOIN policies p ON p.id = s.policy_id
ORDER BY i.is_current
"""
_SERVICE_TARGETS = """
SELECT s.id AS service_id, s.team_id, s.policy_id, s.urgency_rule, s.tier, s.support_hours, s.acknowledgements_required,
  p.version AS policy_version
FROM services s JOIN policies p ON p.id = s.policy_id WHERE s.id = ANY($1::uuid[])
"""

# What a repeat that is `held` sets of an alert, `a`: `Alert.heard_again` as SQL.
_UNTIL: Final = """
    WHEN a.ends_by_silence OR held.ends_by_silence THEN held.expires_at
    ELSE greatest(a.expires_at, held.expires_at) END"""
_UNSAID: Final = "WHEN held.expires_at IS NULL THEN CASE WHEN NOT a.ends_by_silence THEN"
_HEARD_AGAIN: Final = f"""
  expires_at = CASE {_UNSAID} a.expires_at END {_UNTIL},
  next_deadline = CASE {_UNSAID} a.next_deadline END {_UNTIL},
  silent_since = CASE WHEN held.expires_at IS NULL THEN a.silent_since END,
  ends_by_silence = held.ends_by_silence
"""
# One look into the index for each key, in the order of the keys, which is the order that rows are locked in. As a plain
# join it is a scan of all alerts until the table is analysed for the first time.
_TOUCH = f"""
WITH held AS (
  SELECT a.id, k.seen, k.expires_at, coalesce(k.ends_by_silence, false) AS ends_by_silence
  FROM json_to_recordset($1::json)
    AS k (integration_id uuid, dedup_key text, seen int, expires_at timestamptz, ends_by_silence bool)
  CROSS JOIN LATERAL (
    SELECT f.id FROM alerts f
    WHERE f.integration_id = k.integration_id AND f.dedup_key = k.dedup_key AND f.status = 'firing' FOR UPDATE
  ) a
)
UPDATE alerts a SET occurrences = a.occurrences + held.seen, last_seen_at = greatest(a.last_seen_at, $2),
  {_HEARD_AGAIN}
FROM held WHERE a.id = held.id RETURNING a.integration_id, a.dedup_key, a.id, a.incident_id
"""  # noqa: S608


def _after(instant: str, of: str) -> str:
    """When the window of a row would end that begins at an instant: `GroupWindow.end_from` as SQL."""
    return f"{instant} + make_interval(secs => ({of}.group_window ->> 'seconds')::int)"


# Rows that are made of our own objects come as one JSON array of them: the driver looks at every element of an array of
# parameters several times, which for all columns together costs more than all else that a new alert costs here.
# DO UPDATE, which changes nothing of an incident without a window, so that the open one's row is held and returned. One
# whose window is over gives its key up, under its lock: whoever else waits for the row finds what follows it.
_IS_OVER = "i.joins_until <= excluded.triggered_at"
_OPEN = f"""
INSERT INTO incidents AS i (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version,
  acknowledgements_required, rises_at, muted, trace, group_window, joins_until, next_deadline)
SELECT d.id, d.service_id, d.team_id, d.group_key, d.title, d.severity, d.urgency, 'triggered', d.triggered_at, 1,
  d.acknowledgements_required, d.rises_at, d.muted, d.trace, d.group_window, {_after("d.triggered_at", "d")},
  CASE WHEN d.muted IS NULL THEN d.rises_at ELSE (d.muted ->> 'until')::timestamptz END
FROM json_to_recordset($1::json) AS d (id uuid, service_id uuid, team_id uuid, group_key text, title text,
  severity text, urgency text, triggered_at timestamptz, acknowledgements_required int, rises_at timestamptz,
  muted jsonb, trace text, group_window jsonb)
ON CONFLICT (service_id, group_key) WHERE status <> 'resolved' DO UPDATE SET
  group_key = CASE WHEN {_IS_OVER} THEN {group_keys.given_up("i.group_key", "excluded.id")} ELSE i.group_key END,
  followed_by = CASE WHEN {_IS_OVER} THEN excluded.id END,
  version = CASE WHEN {_IS_OVER} THEN i.version + 1 ELSE i.version END,
  joins_until = CASE WHEN i.group_window ->> 'kind' = '{WindowKind.ROLLING}' AND NOT {_IS_OVER}
    THEN greatest(i.joins_until, {_after("excluded.triggered_at", "i")}) ELSE i.joins_until END
RETURNING i.id, i.number, i.service_id, {group_keys.shown("i")} AS group_key,
  i.muted IS NOT NULL AND i.status = 'triggered' AS is_muted,
  CASE WHEN i.followed_by IS NOT NULL THEN i.group_window END AS window_over
"""  # noqa: S608


def _insert_raw(described: str, bodies: str, verdicts: str) -> str:
    """Of three parameters: what is short as JSON, and beside it what need be no text, or would be parsed again."""
    return f"""
  INSERT INTO raw_events (id, integration_id, received_at, format, headers, body, verdicts)
  SELECT n.* FROM ROWS FROM (
    json_to_recordset({described}::json)
      AS (id uuid, integration_id uuid, received_at timestamptz, format text, headers json),
    unnest({bodies}::bytea[]),
    unnest({verdicts}::json[])
  ) AS n
"""  # noqa: S608


_WITHDRAW = "DELETE FROM incidents WHERE id = ANY($1::uuid[])"
# The braces hold constants of this package, never a value.
_RECORD = f"""
WITH alert_rows AS (
  INSERT INTO alerts (id, integration_id, service_id, incident_id, dedup_key, group_key, status, summary, source,
    severity, first_seen_at, last_seen_at, starts_at, occurrences, labels, details, links, expires_at, next_deadline,
    event_id, kind_key, ends_by_silence, turns, settles_in)
  SELECT n.id, n.integration_id, n.service_id, n.incident_id, n.dedup_key, n.group_key, 'firing', n.summary, n.source,
    n.severity, n.first_seen_at, n.last_seen_at, n.starts_at, n.occurrences, n.labels, n.details, n.links,
    n.expires_at, n.expires_at, n.event_id, n.kind_key, n.ends_by_silence,
    nullif(n.turns, '{{}}'), n.settles_in
  FROM json_to_recordset($2::json) AS n (id uuid, integration_id uuid, service_id uuid, incident_id uuid,
    dedup_key text, group_key text, summary text, source text, severity text, first_seen_at timestamptz,
    last_seen_at timestamptz, starts_at timestamptz, occurrences int, labels jsonb, details jsonb, links jsonb,
    expires_at timestamptz, event_id uuid, kind_key text, ends_by_silence bool, turns timestamptz[],
    settles_in interval)
), run_rows AS (
  INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, next_deadline,
    started_at, version)
  SELECT n.id, n.incident_id, n.policy_id, n.policy_version, 'running', 0, 0, n.started_at, n.started_at, 1
  FROM json_to_recordset($3::json)
    AS n (id uuid, incident_id uuid, policy_id uuid, policy_version int, started_at timestamptz)
), raw_rows AS (
{_insert_raw("$4", "$5", "$6")}), event_rows AS ({event_log.APPEND})
SELECT CASE WHEN jsonb_array_length($1::jsonb) > 0 THEN pg_notify('{event_log.CHANNEL}',
  CASE WHEN json_array_length($3::json) > 0 THEN '{event_log.Topic.RUNS}' ELSE '{event_log.Topic.EVENTS}' END) END
"""  # noqa: S608
# Beginning with so many alerts, what COPY saves is more than its way there and back costs: it takes half of INSERT.
COPIED_FROM: Final = 32
_ALERT_COLUMNS: Final = (
    "id",
    "integration_id",
    "service_id",
    "incident_id",
    "dedup_key",
    "group_key",
    "status",
    "summary",
    "source",
    "severity",
    "first_seen_at",
    "last_seen_at",
    "starts_at",
    "occurrences",
    "labels",
    "details",
    "links",
    "expires_at",
    "next_deadline",
    "event_id",
    "kind_key",
    "ends_by_silence",
    "settles_in",
)
_members = attrgetter(*_ALERT_COLUMNS)
_RECORD_RAW = _insert_raw("$1", "$2", "$3")
# In the order of their keys, so that two batches which count for the same rules never wait for each other in a circle.
_COUNT_DROPS = """
INSERT INTO route_drops AS d (owner_id, rule, dropped, last_at, last_event_id)
SELECT n.owner_id, n.rule, n.dropped, $5, n.last_event_id
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[]) AS n (owner_id, rule, dropped, last_event_id)
ORDER BY n.owner_id, n.rule
ON CONFLICT (owner_id, rule) DO UPDATE
  SET dropped = d.dropped + excluded.dropped, last_at = greatest(d.last_at, excluded.last_at),
    last_event_id = coalesce(excluded.last_event_id, d.last_event_id)
"""
# What was spilled may have been stored by a commit whose answer was lost.
_RECORD_CHANGES = """
INSERT INTO change_events (id, integration_id, service_id, received_at, occurred_at, summary, source, details, links)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[],
  $8::jsonb[], $9::jsonb[])
ON CONFLICT DO NOTHING
"""
_SET_ASIDE = """
INSERT INTO dead_letters (id, integration_id, received_at, source, reason, body, headers)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[], $7::json[])
ON CONFLICT DO NOTHING
"""

_encode = msgspec.json.Encoder().encode


class _Seen(msgspec.Struct, omit_defaults=True):
    """How often an alert was reported, and how long it is good for."""

    integration_id: IntegrationId
    dedup_key: str
    seen: int
    expires_at: datetime | None = None
    ends_by_silence: bool = False


class _Described(msgspec.Struct):
    """A raw event but for its body and the verdicts on it."""

    id: UUID
    integration_id: IntegrationId
    received_at: datetime
    format: str
    headers: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class PostgresIntakeStore(IntakeStore):
    session: PostgresSession

    async def target_of(self, key_hash: bytes, *, at: datetime) -> IntakeTarget | None:
        rows = await self.session.fetch(_TARGET, key_hash, at)
        return _target_of(rows[0]) if rows else None

    async def targets_of(self, key_hashes: Sequence[bytes], *, at: datetime) -> dict[bytes, IntakeTarget]:
        """The same for many keys at once; nobody's keys are left out."""
        rows = await self.session.fetch(_TARGETS, key_hashes, at)
        return {row["hash"]: _target_of(row) for row in rows}

    async def service_targets(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, ServiceTarget]:
        rows = await self.session.fetch(_SERVICE_TARGETS, list(service_ids))
        return {ServiceId(row["service_id"]): _service_target_of(row) for row in rows}

    async def touch(
        self, seen: Mapping[AlertKey, int], *, expires: Mapping[AlertKey, Expiry] | None = None, at: datetime
    ) -> dict[AlertKey, Touched]:
        reports = [_Seen(*key, seen[key]) for key in sorted(seen)]
        if expires:
            for each in reports:
                until = expires.get((each.integration_id, each.dedup_key))
                if until is not None:
                    each.expires_at, each.ends_by_silence = until.at, until.is_end
        rows = await self.session.fetch(_TOUCH, _encode(reports), at)
        return {
            (IntegrationId(row["integration_id"]), row["dedup_key"]): Touched(
                AlertId(row["id"]), IncidentId(row["incident_id"])
            )
            for row in rows
        }

    async def open_incidents(self, drafts: Sequence[IncidentDraft]) -> dict[GroupKey, OpenedIncident]:
        ordered = _traced(sorted(drafts, key=lambda draft: (draft.service_id, draft.group_key)))
        ours = {draft.id for draft in ordered}
        opened: dict[GroupKey, OpenedIncident] = {}
        followed: dict[GroupKey, Followed] = {}
        for row in await self.session.fetch(_OPEN, _encode(ordered)):
            group = ServiceId(row["service_id"]), row["group_key"]
            if row["window_over"] is None:
                opened[group] = _opened(row, ours)
            else:
                followed[group] = _followed(row)
        if followed:
            # Nobody else can have opened these: whoever wants their keys waits for the rows that gave them up.
            drafts = [draft for draft in ordered if (draft.service_id, draft.group_key) in followed]
            for row in await self.session.fetch(_OPEN, _encode(drafts)):
                group = ServiceId(row["service_id"]), row["group_key"]
                opened[group] = _opened(row, ours)._replace(follows=followed[group])
        return opened

    async def withdraw_incidents(self, incident_ids: Collection[IncidentId]) -> None:
        await self.session.connection.execute(_WITHDRAW, list(incident_ids))

    async def record(
        self,
        *,
        alerts: Sequence[Alert],
        runs: Sequence[EscalationRun],
        events: Sequence[DomainEvent],
        raw_events: Sequence[RawEvent],
    ) -> None:
        if not alerts and not runs and not events:
            await self.session.connection.execute(_RECORD_RAW, *_raw_arguments(raw_events))
            return
        ordered = sorted(alerts, key=lambda alert: (alert.integration_id, alert.dedup_key))
        with translating():
            if len(ordered) >= COPIED_FROM:
                await self.session.connection.copy_records_to_table(
                    "alerts", records=map(_alert_row, ordered), columns=(*_ALERT_COLUMNS, "turns")
                )
                ordered = []
            await self.session.connection.execute(
                _RECORD, wire.encode_many(events), _encode(ordered), _encode(runs), *_raw_arguments(raw_events)
            )

    async def count_drops(self, drops: Sequence[DropCount], *, at: datetime) -> None:
        await self.session.connection.execute(
            _COUNT_DROPS,
            [each.owner_id for each in drops],
            [each.rule for each in drops],
            [each.dropped for each in drops],
            [each.last_event_id for each in drops],
            at,
        )

    async def record_changes(self, changes: Sequence[ReceivedChange]) -> None:
        await self.session.connection.execute(
            _RECORD_CHANGES,
            [each.id for each in changes],
            [each.target.integration.id for each in changes],
            [each.target.integration.service_id for each in changes],
            [each.received_at for each in changes],
            [each.change.occurred_at or each.received_at for each in changes],
            [each.change.summary for each in changes],
            [each.change.source for each in changes],
            [each.change.details for each in changes],
            [each.change.links for each in changes],
        )

    async def set_aside(self, letters: Sequence[DeadLetter]) -> None:
        await self.session.connection.execute(
            _SET_ASIDE,
            [letter.id for letter in letters],
            [letter.integration_id for letter in letters],
            [letter.received_at for letter in letters],
            [letter.source for letter in letters],
            [letter.reason for letter in letters],
            [letter.body for letter in letters],
            [_encode(letter.headers) if letter.headers else None for letter in letters],
        )


def _opened(row: Row, ours: Collection[IncidentId]) -> OpenedIncident:
    return OpenedIncident(IncidentId(row["id"]), row["number"], row["id"] in ours, row["is_muted"])


def _followed(row: Row) -> Followed:
    window = msgspec.convert(row["window_over"], GroupWindow)
    return Followed(incident_id=IncidentId(row["id"]), number=row["number"], group_window=window)


def _traced(drafts: Sequence[IncidentDraft]) -> Sequence[IncidentDraft]:
    """What came with no trace belongs to the work under way, if that belongs to one."""
    here = tracing.here()
    return drafts if here is None else [replace(each, trace=each.trace or here) for each in drafts]


def _alert_row(alert: Alert) -> tuple[object, ...]:
    """For COPY. Turns that nobody counts are NULL, which the index of them leaves out."""
    return *_members(alert), alert.turns or None


def _raw_arguments(raw_events: Sequence[RawEvent]) -> tuple[bytes, list[bytes], list[bytes | None]]:
    described = [
        _Described(raw.id, raw.integration_id, raw.received_at, raw.format, raw.headers or None) for raw in raw_events
    ]
    verdicts = [_encode(raw.verdicts) if raw.verdicts else None for raw in raw_events]
    return _encode(described), [raw.body for raw in raw_events], verdicts


def _service_target_of(row: Row) -> ServiceTarget:
    return ServiceTarget(
        service_id=ServiceId(row["service_id"]),
        team_id=TeamId(row["team_id"]),
        policy_id=PolicyId(row["policy_id"]),
        policy_version=row["policy_version"],
        urgency_rule=UrgencyRule(row["urgency_rule"]),
        tier=row["tier"],
        support_hours=msgspec.convert(row["support_hours"], SupportHours | None),
        acknowledgements_required=row["acknowledgements_required"],
    )


def _target_of(row: Row) -> IntakeTarget:
    return IntakeTarget(
        integration=Integration(
            id=IntegrationId(row["id"]),
            service_id=ServiceId(row["service_id"]),
            team_id=TeamId(row["team_id"]),
            kind=IntegrationKind(row["kind"]),
            name=row["name"],
            key_hash=row["key_hash"],
            previous_key_hash=row["previous_key_hash"],
            previous_key_expires_at=row["previous_key_expires_at"],
            grouping=GroupingMode(row["grouping"]),
            group_window=msgspec.convert(row["group_window"], GroupWindow | None),
            is_strict=row["is_strict"],
            signing_secret_sealed=row["signing_secret_sealed"],
            previous_signing_secret_sealed=row["previous_signing_secret_sealed"],
            previous_signing_secret_expires_at=row["previous_signing_secret_expires_at"],
            when_silent=WhenSilent(row["when_silent"]),
            topic_arns=tuple(row["topic_arns"]),
            mapping=msgspec.convert(row["mapping"], EventMapping | None),
            events_per_minute=row["events_per_minute"],
            event_burst=row["event_burst"],
            open_alerts=row["open_alerts"],
            version=row["version"],
        ),
        policy_id=PolicyId(row["policy_id"]),
        policy_version=row["policy_version"],
        urgency_rule=UrgencyRule(row["urgency_rule"]),
        tier=row["tier"],
        support_hours=msgspec.convert(row["support_hours"], SupportHours | None),
        acknowledgements_required=row["acknowledgements_required"],
    )
