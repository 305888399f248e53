from dataclasses import dataclass

from application.authorize import require
from application.ports.inhibitions import InhibitionRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.inhibition import Inhibition
from domain.shared.ids import InhibitionId


@dataclass(frozen=True, slots=True)
class GetInhibition:
    """One inhibition."""

    inhibitions: InhibitionRepository

    async def __call__(self, inhibition_id: InhibitionId, *, actor: Actor) -> Inhibition:
        """Raises `ForbiddenError`, `NotFoundError`."""
        require(actor, Permission.READ)
        return await self.inhibitions.look_up(inhibition_id)
