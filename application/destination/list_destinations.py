from dataclasses import dataclass

from application.authorize import require
from application.ports.destinations import DestinationRepository
from application.ports.page import Page, PageRequest
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.notification.destination import Destination
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class ListDestinations:
    """What policies may tell beside people, by name: of one team or of all."""

    destinations: DestinationRepository

    async def __call__(self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor) -> Page[Destination]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.destinations.list(page, team_id=team_id)
