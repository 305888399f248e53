from collections.abc import Sequence
from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from adapters.wire.events import incident_of
from application.ports.event_log import EventLog, EventPosition, LoggedEvent
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId


def append_events(session: MemorySession, events: Sequence[DomainEvent]) -> None:
    database = session.database
    start = len(database.log) + 1
    database.log += tuple(
        LoggedEvent(EventPosition(database.transactions, start + offset), event) for offset, event in enumerate(events)
    )


@dataclass(frozen=True, slots=True)
class MemoryEventLog(EventLog):
    session: MemorySession

    async def append(self, events: Sequence[DomainEvent]) -> None:
        append_events(self.session, events)

    async def after(self, position: EventPosition, *, limit: int) -> tuple[LoggedEvent, ...]:
        later = (logged for logged in self.session.database.log if logged.position > position)
        return tuple(logged for logged, _ in zip(later, range(limit), strict=False))

    async def end(self) -> EventPosition:
        return EventPosition(self.session.database.transactions + 1, 0)

    async def of_incident(
        self, incident_id: IncidentId, *, after: EventPosition | None = None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        start = after or EventPosition(0, 0)
        return tuple(
            logged
            for logged in self.session.database.log
            if logged.position > start and incident_of(logged.event) == incident_id
        )[:limit]
