from dataclasses import dataclass

from application.authorize import require
from application.ports.inhibitions import InhibitionRepository
from application.ports.page import Page, PageRequest
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.inhibition import Inhibition
from domain.shared.ids import TeamId


@dataclass(frozen=True, slots=True)
class ListInhibitions:
    """Inhibitions by name, of one team or of all."""

    inhibitions: InhibitionRepository

    async def __call__(self, page: PageRequest, *, team_id: TeamId | None = None, actor: Actor) -> Page[Inhibition]:
        """Raises `ForbiddenError`."""
        require(actor, Permission.READ)
        return await self.inhibitions.list(page, team_id=team_id)
