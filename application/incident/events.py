"""Everything that happened to one incident, for whoever needs the whole of it at once."""

from typing import Final

from application.ports.event_log import EventLog, EventPosition
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId

_AT_ONCE: Final = 500


async def events_of(log: EventLog, incident_id: IncidentId) -> list[DomainEvent]:
    """Oldest first."""
    events: list[DomainEvent] = []
    after: EventPosition | None = None
    while logged := await log.of_incident(incident_id, after=after, limit=_AT_ONCE):
        events += [each.event for each in logged]
        after = logged[-1].position
    return events
