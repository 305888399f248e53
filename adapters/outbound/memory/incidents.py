from collections.abc import Collection
from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from application.errors import ConflictError, NotFoundError
from application.ports.incidents import IncidentRepository
from domain.incident.incident import Incident
from domain.shared.change import Change
from domain.shared.ids import IncidentId


@dataclass(frozen=True, slots=True)
class MemoryIncidentRepository(IncidentRepository):
    session: MemorySession

    async def get(self, incident_id: IncidentId) -> Incident:
        try:
            return self.session.database.incidents[incident_id]
        except KeyError:
            raise NotFoundError("incident", incident_id) from None

    async def get_many(self, incident_ids: Collection[IncidentId]) -> tuple[Incident, ...]:
        stored = self.session.database.incidents
        return tuple(stored[incident_id] for incident_id in sorted(incident_ids) if incident_id in stored)

    async def id_of_number(self, number: int) -> IncidentId:
        for incident in self.session.database.incidents.values():
            if incident.number == number:
                return incident.id
        raise NotFoundError("incident", f"INC-{number}")

    async def save(self, change: Change[Incident]) -> Incident:
        if not change.events:
            return change.state
        incidents = self.session.database.incidents
        if change.state.id not in incidents or incidents[change.state.id].version != change.state.version:
            raise ConflictError("incident", change.state.id)
        stored = replace(change.state, version=change.state.version + 1)
        incidents[stored.id] = stored
        append_events(self.session, change.events)
        return stored
