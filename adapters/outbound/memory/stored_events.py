from dataclasses import dataclass
from uuid import UUID

from adapters.outbound.memory.database import MemorySession
from application.errors import NotFoundError
from application.ports.stored_events import StoredEvent, StoredEventReader


@dataclass(frozen=True, slots=True)
class MemoryStoredEventReader(StoredEventReader):
    session: MemorySession

    async def get(self, event_id: UUID) -> StoredEvent:
        database = self.session.database
        for raw in database.raw_events:
            if raw.id == event_id:
                return StoredEvent(raw, database.integrations[raw.integration_id].name)
        raise NotFoundError("event", event_id)
