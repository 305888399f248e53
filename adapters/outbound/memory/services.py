from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read, require_free_name
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.services import ServiceRepository
from domain.service.service import Service
from domain.shared.ids import ServiceId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryServiceRepository(ServiceRepository):
    session: MemorySession

    async def get(self, service_id: ServiceId) -> Service:
        return await self.look_up(service_id)

    async def look_up(self, service_id: ServiceId) -> Service:
        service = self.session.database.services.get(service_id)
        if service is None:
            raise NotFoundError("service", service_id)
        return service

    async def save(self, service: Service) -> Service:
        services = self.session.database.services
        require_as_read("service", service, services.get(service.id))
        require_free_name("service", service, services.values())
        stored = replace(service, version=service.version + 1)
        services[stored.id] = stored
        return stored

    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[Service]:
        services = self.session.database.services.values()
        return page_of(services, page, is_wanted=lambda each: team_id in (None, each.team_id))
