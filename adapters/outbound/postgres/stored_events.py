from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from adapters.outbound.postgres.alerts import alert_of
from adapters.outbound.postgres.session import PostgresSession, Row
from application.alert.verdict import Verdict, told_of
from application.errors import NotFoundError
from application.ports.intake import RawEvent
from application.ports.stored_events import PastEvent, PastEvents, StoredEvent, StoredEventReader
from domain.alert.alert import Alert
from domain.shared.group_window import GroupWindow
from domain.shared.ids import AlertId, IntegrationId, ServiceId, TeamId

# One look into each month's primary key.
_GET = """
SELECT e.*, i.name AS integration_name FROM raw_events e JOIN integrations i ON i.id = e.integration_id WHERE e.id = $1
"""
# Ids order by the time that they were made at, so the interval is a part of each month's primary key. The times let
# the planner leave out the other months.
_BETWEEN = """
SELECT e.id, e.received_at, e.integration_id, i.team_id, i.service_id, i.group_window, e.verdicts
FROM raw_events e JOIN integrations i ON i.id = e.integration_id
WHERE e.id > $1 AND e.id <= $2 AND e.received_at >= $3 AND e.received_at < $4 ORDER BY e.id LIMIT $5
"""
_ALERTS = "SELECT * FROM alerts WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class PostgresStoredEventReader(StoredEventReader):
    session: PostgresSession

    async def between(self, since: datetime, until: datetime, *, after: UUID | None = None, limit: int) -> PastEvents:
        first = _last_id_before(since) if after is None else after
        rows = await self.session.fetch(_BETWEEN, first, _last_id_before(until), since, until, limit)
        verdicts = [(row, msgspec.convert(row["verdicts"] or (), tuple[Verdict, ...])) for row in rows]
        alert_ids = {each.alert_id for _, told in verdicts for each in told if each.alert_id is not None}
        alerts = await self._alerts(alert_ids) if alert_ids else {}
        events = [_past(row, verdict, alerts) for row, told in verdicts for verdict in told]
        return PastEvents(tuple(events), rows[-1]["id"] if len(rows) == limit else None)

    async def _alerts(self, alert_ids: Collection[AlertId]) -> Mapping[AlertId, Alert]:
        rows = await self.session.fetch(_ALERTS, list(alert_ids))
        return {AlertId(row["id"]): alert_of(row) for row in rows}

    async def get(self, event_id: UUID) -> StoredEvent:
        rows = await self.session.fetch(_GET, event_id)
        if not rows:
            raise NotFoundError("event", event_id)
        return StoredEvent(_raw_of(rows[0]), rows[0]["integration_name"])


def _last_id_before(at: datetime) -> UUID:
    """Of those made before the instant's millisecond: RFC 9562, 5.7, milliseconds in the first 48 bits."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) - 1)


def _past(row: Row, verdict: Verdict, alerts: Mapping[AlertId, Alert]) -> PastEvent:
    labels, severity = told_of(verdict, None if verdict.alert_id is None else alerts.get(verdict.alert_id))
    return PastEvent(
        event_id=row["id"],
        received_at=row["received_at"],
        integration_id=IntegrationId(row["integration_id"]),
        team_id=TeamId(row["team_id"]),
        service_id=ServiceId(row["service_id"]),
        verdict=verdict,
        labels=labels,
        severity=severity,
        group_window=msgspec.convert(row["group_window"], GroupWindow | None),
    )


def _raw_of(row: Row) -> RawEvent:
    return RawEvent(
        id=row["id"],
        integration_id=IntegrationId(row["integration_id"]),
        received_at=row["received_at"],
        format=row["format"],
        body=row["body"],
        verdicts=msgspec.convert(row["verdicts"] or (), tuple[Verdict, ...]),
        headers=row["headers"] or {},
    )
