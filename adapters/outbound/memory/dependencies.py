from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.dependencies import Asked, Broken, DependencyRepository, NamedDependency
from application.ports.page import Page, PageRequest
from domain.incident.incident import Incident, IncidentStatus
from domain.incident.mute import is_heard
from domain.routing.dependency import Dependencies, Dependency
from domain.shared.ids import ServiceId


@dataclass(frozen=True, slots=True)
class MemoryDependencyRepository(DependencyRepository):
    session: MemorySession

    async def graph(self) -> Dependencies:
        return Dependencies(each for of in self.session.database.dependencies.values() for each in of)

    async def replace(self, service_id: ServiceId, dependencies: Sequence[Dependency]) -> None:
        self.session.database.dependencies[service_id] = tuple(dependencies)
        self.session.database.rulebook_revision += 1

    async def of(self, service_id: ServiceId) -> Sequence[NamedDependency]:
        database = self.session.database
        return [
            NamedDependency(each, each.upstream_id, database.services[each.upstream_id].name)
            for each in database.dependencies.get(service_id, ())
        ]

    async def dependents(self, service_id: ServiceId, page: PageRequest) -> Page[NamedDependency]:
        database = self.session.database
        found = sorted(
            (database.services[each.service_id].name, each.service_id, each)
            for of in database.dependencies.values()
            for each in of
            if each.upstream_id == service_id
        )
        rest = [each for each in found if page.after is None or each[:2] > page.after]
        items = tuple(NamedDependency(each, owner, name) for name, owner, each in rest[: page.limit])
        return Page(items, has_more=len(rest) > page.limit)

    async def names(self, service_ids: Collection[ServiceId]) -> Mapping[ServiceId, str]:
        services = self.session.database.services
        return {service_id: services[service_id].name for service_id in service_ids if service_id in services}

    async def broken(self, asked: Collection[Asked]) -> Mapping[Asked, Broken]:
        database = self.session.database
        return {
            (service_id, least): Broken(incident.id, incident.number, service_id, database.services[service_id].name)
            for service_id, least in asked
            for incident in database.incidents.values()
            if incident.service_id == service_id and incident.severity <= least and _counts(incident)
        }


def _counts(incident: Incident) -> bool:
    return incident.is_open and (incident.status is not IncidentStatus.TRIGGERED or is_heard(incident.muted))
