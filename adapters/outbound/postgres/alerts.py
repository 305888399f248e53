from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from adapters.outbound.postgres.event_log import append_events
from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.alerts import AlertRepository, DueAlert, Overflow
from domain.alert.alert import Alert, AlertStatus
from domain.alert.alert_event import AlertSeverity, Link
from domain.alert.overflow import OVERFLOW_KEY
from domain.service.integration import WhenSilent
from domain.shared.change import Change
from domain.shared.ids import AlertId, IncidentId, IntegrationId, ServiceId

_FIRING = """
SELECT a.* FROM alerts a
JOIN unnest($1::uuid[], $2::text[]) AS k (integration_id, dedup_key) USING (integration_id, dedup_key)
WHERE a.status = 'firing' ORDER BY a.integration_id, a.dedup_key COLLATE "C" FOR UPDATE OF a
"""
_OVERFLOWS = """
SELECT a.*, g.open_alerts FROM alerts a JOIN integrations g ON g.id = a.integration_id
WHERE a.integration_id = ANY($1::uuid[]) AND a.dedup_key = $2 AND a.status = 'firing'
ORDER BY a.integration_id FOR UPDATE OF a
"""
# As far as the limit and no further: what is asked for is whether it has been reached.
_COUNT_FIRING = """
SELECT k.integration_id, counted.firing FROM unnest($1::uuid[], $2::int[]) AS k (integration_id, most)
CROSS JOIN LATERAL (
  SELECT count(*)::int AS firing FROM (
    SELECT FROM alerts a WHERE a.integration_id = k.integration_id AND a.status = 'firing' LIMIT k.most
  ) AS each
) AS counted
"""
_FIRING_OF_INCIDENTS = """
SELECT * FROM alerts WHERE incident_id = ANY($1::uuid[]) AND status = 'firing'
ORDER BY integration_id, dedup_key COLLATE "C" FOR UPDATE
"""
_LOOK_UP_FIRING = """
SELECT * FROM alerts WHERE incident_id = ANY($1::uuid[]) AND status = 'firing' ORDER BY integration_id, dedup_key
"""
# One look into the index for each incident, however many alerts have joined it.
_FIRST_LABELS = """
SELECT i.id, first.labels FROM unnest($1::uuid[]) AS i (id)
CROSS JOIN LATERAL (SELECT a.labels FROM alerts a WHERE a.incident_id = i.id ORDER BY a.id LIMIT 1) AS first
"""
_CLEAR = """
UPDATE alerts a SET status = 'cleared', cleared_at = c.at, next_deadline = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS c (id, at) WHERE a.id = c.id AND a.status = 'firing'
"""
_CLAIM = """
SELECT a.*, g.when_silent FROM alerts a JOIN integrations g ON g.id = a.integration_id
WHERE a.next_deadline <= $1 ORDER BY a.next_deadline, a.id LIMIT $2 FOR UPDATE OF a SKIP LOCKED
"""
_SILENCE = """
UPDATE alerts a SET silent_since = s.since, next_deadline = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS s (id, since) WHERE a.id = s.id
"""
_SETTLE = """
UPDATE alerts a SET expires_at = s.until, next_deadline = s.until, ends_by_silence = true, silent_since = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS s (id, until) WHERE a.id = s.id
"""
_LAST_TURNS = """
SELECT k.integration_id, k.dedup_key, last.turns
FROM unnest($1::uuid[], $2::text[]) AS k (integration_id, dedup_key)
CROSS JOIN LATERAL (
  SELECT a.turns FROM alerts a
  WHERE a.integration_id = k.integration_id AND a.dedup_key = k.dedup_key AND a.turns IS NOT NULL
  ORDER BY a.first_seen_at DESC LIMIT 1
) AS last
"""
_EARLIEST = "SELECT min(next_deadline) FROM alerts WHERE next_deadline IS NOT NULL"
_STILL_FIRING = "SELECT DISTINCT incident_id FROM alerts WHERE incident_id = ANY($1::uuid[]) AND status = 'firing'"
# One look into the index for each kind, however many alerts are of it.
_KNOWN_KINDS = """
SELECT k.incident_id, k.kind_key FROM unnest($1::uuid[], $2::text[]) AS k (incident_id, kind_key)
WHERE EXISTS (SELECT FROM alerts a WHERE a.incident_id = k.incident_id AND a.kind_key = k.kind_key)
"""
_LAST_CLEARED = """
SELECT k.integration_id, k.dedup_key, last.starts_at
FROM json_to_recordset($1::json) AS k (integration_id uuid, dedup_key text)
CROSS JOIN LATERAL (
  SELECT a.starts_at, a.status FROM alerts a
  WHERE a.integration_id = k.integration_id AND a.dedup_key = k.dedup_key AND a.starts_at IS NOT NULL
  ORDER BY a.starts_at DESC LIMIT 1
) AS last WHERE last.status = 'cleared'
"""


@dataclass(frozen=True, slots=True)
class PostgresAlertRepository(AlertRepository):
    session: PostgresSession

    async def firing(self, keys: Collection[tuple[IntegrationId, str]]) -> tuple[Alert, ...]:
        rows = await self.session.fetch(_FIRING, *_key_columns(keys))
        return tuple(alert_of(row) for row in rows)

    async def count_firing(self, most: Mapping[IntegrationId, int]) -> Mapping[IntegrationId, int]:
        rows = await self.session.fetch(_COUNT_FIRING, list(most), list(most.values()))
        return {IntegrationId(row["integration_id"]): row["firing"] for row in rows}

    async def overflows(self, integration_ids: Collection[IntegrationId]) -> tuple[Overflow, ...]:
        rows = await self.session.fetch(_OVERFLOWS, list(integration_ids), OVERFLOW_KEY)
        return tuple(Overflow(alert_of(row), row["open_alerts"]) for row in rows)

    async def firing_of_incidents(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        rows = await self.session.fetch(_FIRING_OF_INCIDENTS, list(incident_ids))
        return tuple(alert_of(row) for row in rows)

    async def look_up_firing(self, incident_ids: Collection[IncidentId]) -> tuple[Alert, ...]:
        rows = await self.session.fetch(_LOOK_UP_FIRING, list(incident_ids))
        return tuple(alert_of(row) for row in rows)

    async def first_labels(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, Mapping[str, str]]:
        rows = await self.session.fetch(_FIRST_LABELS, list(incident_ids))
        return {IncidentId(row["id"]): row["labels"] for row in rows}

    async def save_cleared(self, changes: Sequence[Change[Alert]]) -> None:
        changed = [change for change in changes if change.events]
        if not changed:
            return
        ids = [change.state.id for change in changed]
        ats = [change.state.cleared_at for change in changed]
        await self.session.connection.execute(_CLEAR, ids, ats)
        await append_events(self.session.connection, [event for change in changed for event in change.events])

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueAlert, ...]:
        rows = await self.session.fetch(_CLAIM, at, limit)
        return tuple(DueAlert(alert_of(row), WhenSilent(row["when_silent"])) for row in rows)

    async def save_silent(self, changes: Sequence[Change[Alert]]) -> None:
        silent = [change for change in changes if change.events]
        if not silent:
            return
        ids = [change.state.id for change in silent]
        await self.session.connection.execute(_SILENCE, ids, [change.state.silent_since for change in silent])
        await append_events(self.session.connection, [event for change in silent for event in change.events])

    async def save_settling(self, alerts: Sequence[Alert]) -> None:
        if alerts:
            ids = [alert.id for alert in alerts]
            await self.session.connection.execute(_SETTLE, ids, [alert.expires_at for alert in alerts])

    async def last_turns(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> Mapping[tuple[IntegrationId, str], tuple[datetime, ...]]:
        rows = await self.session.fetch(_LAST_TURNS, *_key_columns(keys))
        return {(IntegrationId(row["integration_id"]), row["dedup_key"]): tuple(row["turns"]) for row in rows}

    async def earliest_deadline(self) -> datetime | None:
        async with self.session.any_connection() as connection:
            earliest: datetime | None = await connection.fetchval(_EARLIEST)
        return earliest

    async def incidents_still_firing(self, incident_ids: Collection[IncidentId]) -> frozenset[IncidentId]:
        rows = await self.session.fetch(_STILL_FIRING, list(incident_ids))
        return frozenset(IncidentId(row["incident_id"]) for row in rows)

    async def known_kinds(self, kinds: Collection[tuple[IncidentId, str]]) -> frozenset[tuple[IncidentId, str]]:
        if not kinds:
            return frozenset()
        ordered = sorted(kinds)
        rows = await self.session.fetch(
            _KNOWN_KINDS, [incident_id for incident_id, _ in ordered], [kind_key for _, kind_key in ordered]
        )
        return frozenset((IncidentId(row["incident_id"]), row["kind_key"]) for row in rows)

    async def last_cleared(
        self, keys: Collection[tuple[IntegrationId, str]]
    ) -> dict[tuple[IntegrationId, str], datetime]:
        named = [{"integration_id": integration_id, "dedup_key": dedup_key} for integration_id, dedup_key in keys]
        rows = await self.session.fetch(_LAST_CLEARED, named)
        return {(IntegrationId(row["integration_id"]), row["dedup_key"]): row["starts_at"] for row in rows}


def _key_columns(keys: Collection[tuple[IntegrationId, str]]) -> tuple[list[IntegrationId], list[str]]:
    ordered = sorted(keys)
    return [integration_id for integration_id, _ in ordered], [dedup_key for _, dedup_key in ordered]


def alert_of(row: Row) -> Alert:
    return Alert(
        id=AlertId(row["id"]),
        integration_id=IntegrationId(row["integration_id"]),
        service_id=ServiceId(row["service_id"]),
        incident_id=IncidentId(row["incident_id"]),
        dedup_key=row["dedup_key"],
        group_key=row["group_key"],
        status=AlertStatus(row["status"]),
        summary=row["summary"],
        source=row["source"],
        severity=AlertSeverity(row["severity"]),
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        starts_at=row["starts_at"],
        cleared_at=row["cleared_at"],
        expires_at=row["expires_at"],
        ends_by_silence=row["ends_by_silence"],
        silent_since=row["silent_since"],
        turns=tuple(row["turns"] or ()),
        settles_in=row["settles_in"],
        occurrences=row["occurrences"],
        labels=row["labels"],
        details=row["details"],
        links=msgspec.convert(row["links"], tuple[Link, ...]),
        event_id=row["event_id"],
        kind_key=row["kind_key"],
    )
