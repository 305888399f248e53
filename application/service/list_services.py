from dataclasses import dataclass

from application.authorize import require
from application.ports.page import Page, PageRequest
from application.ports.services import ServiceRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.service.service import Service
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class ListServices:
    """Services by name, of one team or of all."""

    services: ServiceRepository

    async def __call__(self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor) -> Page[Service]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.services.list(page, team_id=team_id)
