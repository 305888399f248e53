from dataclasses import dataclass, replace

from adapters.outbound.memory.database import MemorySession
from adapters.outbound.memory.named import page_of, require_as_read
from application.errors import ConflictError, NotFoundError
from application.ports.integrations import IntegrationRepository
from application.ports.page import Page, PageRequest
from domain.service.integration import Integration
from domain.shared.ids import IntegrationId, ServiceId, TeamId


@dataclass(frozen=True, slots=True)
class MemoryIntegrationRepository(IntegrationRepository):
    session: MemorySession

    async def get(self, integration_id: IntegrationId) -> Integration:
        return await self.look_up(integration_id)

    async def look_up(self, integration_id: IntegrationId) -> Integration:
        integration = self.session.database.integrations.get(integration_id)
        if integration is None:
            raise NotFoundError("integration", integration_id)
        return integration

    async def save(self, integration: Integration) -> Integration:
        integrations = self.session.database.integrations
        require_as_read("integration", integration, integrations.get(integration.id))
        for other in integrations.values():
            if other.key_hash == integration.key_hash and other.id != integration.id:
                raise ConflictError("integration", integration.id, "is there already")
        stored = replace(integration, version=integration.version + 1)
        integrations[stored.id] = stored
        return stored

    async def hand_over(self, service_id: ServiceId, *, team_id: TeamId) -> None:
        integrations = self.session.database.integrations
        for each in tuple(integrations.values()):
            if each.service_id == service_id:
                integrations[each.id] = replace(each, team_id=team_id, version=each.version + 1)

    async def list(
        self, page: PageRequest, *, service_id: ServiceId | None = None, team_id: TeamId | None = None
    ) -> Page[Integration]:
        return page_of(
            self.session.database.integrations.values(),
            page,
            is_wanted=lambda each: service_id in (None, each.service_id) and team_id in (None, each.team_id),
        )
