from dataclasses import dataclass

from application.authorize import require
from application.ports.services import ServiceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.service import Service
from domain.shared.ids import ServiceId


@dataclass(frozen=True, slots=True)
class GetService:
    """One service, as it is now."""

    services: ServiceRepository

    async def __call__(self, service_id: ServiceId, *, actor: Actor) -> Service:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.services.look_up(service_id)
