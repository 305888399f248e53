from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.event_log import append_events
from application.errors import ConflictError, NotFoundError
from application.ports.incidents import IncidentRepository
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.change import Change
from domain.shared.group_window import takes_alerts
from domain.shared.ids import IncidentId, ServiceId

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


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
        return tuple(sorted((stored[each] for each in incident_ids if each in stored), key=_place))

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
        already = await self.open_one(change.state.service_id, change.state.group_key)
        if change.state.holds_group and already is not None and already.id != change.state.id:
            raise ConflictError("incident", change.state.id, "has a group for which another one is open")
        stored = replace(change.state, version=change.state.version + 1)
        incidents[stored.id] = stored
        append_events(self.session, change.events)
        return stored

    async def save_all(self, changes: Sequence[Change[Incident]]) -> tuple[Incident, ...]:
        return tuple([await self.save(change) for change in changes])

    async def muted_by(self, *by: str) -> tuple[Incident, ...]:
        found = (
            each
            for each in self.session.database.incidents.values()
            if each.status is IncidentStatus.TRIGGERED and each.muted is not None and each.muted.by in by
        )
        return tuple(sorted(found, key=_place))

    async def reopenable(
        self, since: Mapping[tuple[ServiceId, str], datetime], *, at: datetime
    ) -> tuple[Incident, ...]:
        found = (
            each
            for each in self.session.database.incidents.values()
            if each.followed_by is None
            and each.resolved_at is not None
            and each.resolved_at >= since.get((each.service_id, each.group_key), _NEVER)
        )
        last = {(each.service_id, each.group_key): each for each in sorted(found, key=_resolved_at)}
        until = self.session.database.joins_until
        return tuple([last[group] for group in sorted(last) if takes_alerts(until.get(last[group].id), at=at)])

    async def claim_due(self, *, at: datetime, limit: int) -> tuple[Incident, ...]:
        stored = self.session.database.incidents.values()
        due = sorted(
            (each.next_deadline, each.id)
            for each in stored
            if each.next_deadline is not None and each.next_deadline <= at
        )
        return tuple(self.session.database.incidents[incident_id] for _, incident_id in due[:limit])

    async def earliest_deadline(self) -> datetime | None:
        deadlines = (incident.next_deadline for incident in self.session.database.incidents.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    async def open_one(self, service_id: ServiceId, group_key: str) -> Incident | None:
        for incident in self.session.database.incidents.values():
            if incident.holds_group and (incident.service_id, incident.group_key) == (service_id, group_key):
                return incident
        return None


def _resolved_at(incident: Incident) -> datetime:
    return incident.resolved_at or _NEVER


def _place(incident: Incident) -> tuple[ServiceId, str, IncidentId]:
    """In the order that incidents are held in."""
    return incident.service_id, incident.group_key, incident.id
