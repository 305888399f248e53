from dataclasses import dataclass

from application.authorize import require
from application.ports.integrations import IntegrationRepository
from application.ports.page import Page, PageRequest
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.integration import Integration
from domain.shared.ids import ServiceId, TeamId


@dataclass(frozen=True, slots=True)
class ListIntegrations:
    """Integrations by name, of one service, of one team or of all."""

    integrations: IntegrationRepository

    async def __call__(
        self, page: PageRequest, *, service_id: ServiceId | None = None, team_id: TeamId | None = None, actor: Actor
    ) -> Page[Integration]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.integrations.list(page, service_id=service_id, team_id=team_id)
