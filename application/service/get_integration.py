from dataclasses import dataclass

from application.authorize import require
from application.ports.integrations import IntegrationRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.integration import Integration
from domain.shared.ids import IntegrationId


@dataclass(frozen=True, slots=True)
class GetIntegration:
    """One integration, as it is now."""

    integrations: IntegrationRepository

    async def __call__(self, integration_id: IntegrationId, *, actor: Actor) -> Integration:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.integrations.look_up(integration_id)
