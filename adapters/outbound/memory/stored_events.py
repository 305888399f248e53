from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from application.alert.verdict import Verdict, told_of
from application.errors import NotFoundError
from application.ports.intake import RawEvent
from application.ports.stored_events import PastEvent, PastEvents, StoredEvent, StoredEventReader


@dataclass(frozen=True, slots=True)
class MemoryStoredEventReader(StoredEventReader):
    session: MemorySession

    async def between(self, since: datetime, until: datetime, *, after: UUID | None = None, limit: int) -> PastEvents:
        database = self.session.database
        found = sorted(
            (
                raw
                for raw in database.raw_events
                if since <= raw.received_at < until and (after is None or raw.id > after)
            ),
            key=lambda raw: raw.id,
        )[:limit]
        events = [self._past(raw, verdict) for raw in found for verdict in raw.verdicts]
        return PastEvents(tuple(events), found[-1].id if len(found) == limit else None)

    def _past(self, raw: RawEvent, verdict: Verdict) -> PastEvent:
        database = self.session.database
        integration = database.integrations[raw.integration_id]
        alert = None if verdict.alert_id is None else database.alerts.get(verdict.alert_id)
        labels, severity = told_of(verdict, alert)
        return PastEvent(
            event_id=raw.id,
            received_at=raw.received_at,
            integration_id=integration.id,
            team_id=integration.team_id,
            service_id=integration.service_id,
            verdict=verdict,
            labels=labels,
            severity=severity,
            group_window=integration.group_window,
        )

    async def get(self, event_id: UUID) -> StoredEvent:
        database = self.session.database
        for raw in database.raw_events:
            if raw.id == event_id:
                return StoredEvent(raw, database.integrations[raw.integration_id].name)
        raise NotFoundError("event", event_id)
